"""What may be changed of a product, its variant, prices and choices, and the rules of that. Pure.

What is left `UNSET` stays as it is. `data` belongs to the door that writes it, and is changed by a JSON merge patch
(`domain.channels.edit_rows`), in which `Whole` values take the place of what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
from entrepot.domain.channels.edit_rows import merged_object
from entrepot.domain.kernel.quantity import FINEST, decimals, exact_units
from entrepot.domain.kernel.records import R
from entrepot.domain.kernel.text import fold
from entrepot.failures.goods import ScaleFixed, StepUneven


class ProductChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Of a product. `vat_rate` is in millionths.

    `names` are by language, None where it has none any more. A new `name` alone is its name in every language in which
    it was called as before.
    """

    name: str | UnsetType = UNSET
    names: Mapping[str, str | None] | UnsetType = UNSET
    merchant: str | UnsetType | None = UNSET
    available: bool | UnsetType = UNSET
    tax_included: bool | UnsetType = UNSET
    free_shipping: bool | UnsetType = UNSET
    requires_shipping: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    draft: bool | UnsetType = UNSET
    display_only: bool | UnsetType = UNSET
    vat_rate: int | UnsetType = UNSET
    data: Mapping[str, Any] | UnsetType = UNSET


class VariantChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Of a variant. `step` is the quantity of which what is sold is a multiple, in whole units; `weight` in grams.

    `scale` is given when a variant is made, by itself or by the step, and never changes.
    """

    sku: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    available: bool | UnsetType = UNSET
    tracked: bool | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    scale: int | UnsetType = UNSET
    step: Decimal | UnsetType = UNSET
    data: Mapping[str, Any] | UnsetType = UNSET


class PriceChange(msgspec.Struct, frozen=True):
    """Of a price, in minor units. An `offer` is what is paid, and the regular price what it is compared to.

    Without an offer there is none any more. A regular price of None makes the variant unsellable.
    """

    regular: int | UnsetType | None = UNSET
    offer: int | None = None


class ChoiceChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Of the choices that buyers have: which, in their order; of some which options; surcharges by option and currency.

    Options None are all of the choice.
    """

    listed: tuple[int, ...] | UnsetType = UNSET
    options: Mapping[int, tuple[int, ...] | None] = msgspec.field(
        default_factory=dict[int, tuple[int, ...] | None]
    )
    prices: Mapping[int, Mapping[str, int | None]] = msgspec.field(
        default_factory=dict[int, Mapping[str, int | None]]
    )


def product_after(before: Product, changes: ProductChanges, now: datetime) -> Product:
    """The product with these changes, of this moment."""
    given = _given(changes)
    if "names" in given:
        given["names"] = merged_object(before.names, given["names"])
    elif "name" in given:
        given["names"] = {
            language: given["name"] if text == before.name else text
            for language, text in before.names.items()
        }
    after = _changed(before, given, now)
    return msgspec.structs.replace(after, search=found_by(after.name, after.names.values()))


def found_by(name: str, names: Iterable[str]) -> str:
    """The folded text by which a product is found: its name, and those in other languages."""
    return fold(" ".join(dict.fromkeys(each for each in (name, *names) if each)))


def variant_after(before: Variant, changes: VariantChanges, now: datetime) -> Variant:
    """The variant with these changes, of this moment; `variant_fault` tells what must not be."""
    given = _given(changes)
    step = given.pop("step", None)
    after = _changed(before, given, now)
    if step is None:
        return after
    return msgspec.structs.replace(after, divisible_by=max(1, exact_units(step, before.scale) or 0))


def scale_of(changes: VariantChanges) -> int:
    """The scale of a variant that is made so: the given one, else the decimals of its step."""
    if isinstance(changes.scale, int):
        return changes.scale
    return min(FINEST, decimals(changes.step)) if isinstance(changes.step, Decimal) else 0


def variant_fault(changes: VariantChanges, scale: int) -> ScaleFixed | StepUneven | None:
    """What of these changes a variant of this scale cannot have."""
    if isinstance(changes.scale, int) and changes.scale != scale:
        return ScaleFixed(scale)
    if isinstance(changes.step, Decimal) and exact_units(changes.step, scale) is None:
        return StepUneven(str(changes.step), scale)
    return None


def price_after(before: Price | None, variant: int, currency: str, change: PriceChange) -> Price:
    """The price with this change."""
    was = None if before is None else before.amount if before.compare_at is None else before.compare_at
    regular = was if change.regular is UNSET else change.regular
    if change.offer is None:
        return Price(variant, currency, regular)
    return Price(variant, currency, change.offer, regular)


def choices_after(
    before: Mapping[int, ProductChoice], product: int, changes: ChoiceChanges
) -> Iterator[ProductChoice]:
    """The product's choices that stand after these changes; those of `before` that are not among them are gone."""
    listed = before.keys() if changes.listed is UNSET else dict.fromkeys(changes.listed)
    for position, choice in enumerate(listed):
        own = before.get(choice) or ProductChoice(product, choice, position, None, {})
        yield ProductChoice(
            product,
            choice,
            own.position if changes.listed is UNSET else position,
            changes.options.get(choice, own.options),
            merged_object(own.prices, changes.prices),
        )


def _given(changes: msgspec.Struct) -> dict[str, Any]:
    fields = {name: getattr(changes, name) for name in changes.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not UNSET}


def _changed(before: R, given: dict[str, Any], now: datetime) -> R:
    if "data" in given:
        given["data"] = merged_object(getattr(before, "data"), given["data"])  # noqa: B009
    return msgspec.structs.replace(before, **given, changed_at=now)
