"""Making, changing and deleting products. A product is locked with its variants, prices and choices.

A door names a product by the SKU of its variant, by its own id or by its variant's. What is deleted stays as a record
that orders name, and keeps its SKU; promised units stay promised.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET

from entrepot.domain.catalogue.changes import (
    ChoiceChanges,
    PriceChange,
    ProductChanges,
    VariantChanges,
    choices_after,
    price_after,
    product_after,
    scale_of,
    variant_after,
    variant_fault,
)
from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Sku, Variant
from entrepot.domain.channels.rights import catalogue_closed
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures import Failure
from entrepot.failures.rows import NameTaken, RowUnknown


class OfVariant(msgspec.Struct, frozen=True):
    """Names the product that has this variant, and the variant."""

    variant: int


G = TypeVar("G", Product, Variant)

ProductName = int | str | OfVariant
"""The id of a product, meaning its first variant; the SKU of a variant; or a variant's id."""

Mode = Literal["make", "change", "save"]
"""Whether there must be none of that name yet, must be one, or may be either."""


class SavedProduct(msgspec.Struct, frozen=True):
    """A product as it stands now, the variant that was named, and whether they were made just now."""

    product: Product
    variant: Variant
    made: bool


class ProductCommand(Command, frozen=True, kw_only=True):
    """What commands on one product share. `channel` None is the operator."""

    channel: int | None
    name: ProductName | None

    @property
    def weight(self) -> int:
        """The product, its variant, and a price or two."""
        return 4

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel; then the product, locked, with all that it has."""
        del view
        match stage:
            case Stage.CHANNEL:
                return () if self.channel is None else (self.channel,)
            case Stage.PRODUCT:
                return () if self.name is None else (self.name,)
            case _:
                return ()

    def unknown(self) -> RowUnknown:
        """That nothing goes by the name."""
        name = self.name.variant if isinstance(self.name, OfVariant) else self.name
        return RowUnknown("Variant" if isinstance(self.name, OfVariant) else "Product", str(name))


class SaveProduct(ProductCommand, frozen=True, kw_only=True):
    """Make or change a product with its variant, prices and choices, all or nothing. The result is `SavedProduct`.

    Without a `name` it goes by the SKU that it gets, or is made under one of our own. Made by SKU, it is called by it
    unless it gets a name; a deleted one that is saved is there again. Without a price it is counted and shown, and sold
    where no price is asked for.
    """

    name: ProductName | None = None
    mode: Mode = "save"
    product: ProductChanges = ProductChanges()
    variant: VariantChanges = VariantChanges()
    prices: Mapping[str, PriceChange] = msgspec.field(default_factory=dict[str, PriceChange])
    choices: ChoiceChanges = ChoiceChanges()

    @property
    def weight(self) -> int:
        """The product, its variant, and what it has."""
        listed = self.choices.listed
        return 2 + len(self.prices) + (0 if listed is UNSET else len(listed))

    @property
    def ids(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Product and variant, if they are made."""
        return 2

    @property
    def called(self) -> ProductName | None:
        """The name; a SKU that another command has taken meanwhile is seen too."""
        sku = self.variant.sku
        return sku if self.name is None and isinstance(sku, str) else self.name

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """As all, with the SKU where there is no name, and with whatever has the SKU that it is to get."""
        if stage is Stage.PRODUCT:
            sku = self.variant.sku
            return tuple({each for each in (self.called, sku) if each is not None and each is not UNSET})
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that may not; then what is there or is not, as `mode` has it; then what cannot be so.

        `CatalogueClosed`, `RowUnknown`, `NameTaken`, `ScaleFixed`, `StepUneven`; then `NameTaken` for a SKU that
        another variant has. A choice that does not exist is `PartUnknown`, as the database finds.
        """
        if closed := catalogue_closed(view, self.channel):
            return refused(closed)
        saved = self.saved(view, now, ids)
        return saved if isinstance(saved, Decided) else refused(saved)

    def saved(self, view: View, now: datetime, ids: Ids) -> Decided | Failure:
        """The decision, rights aside."""
        found = product_named(view, self.called)
        if found is None:
            return self._made(view, now, ids)
        if self.mode == "make":
            return NameTaken()
        product, variant = found
        if variant.deleted_at is not None and self.mode == "change":
            return self.unknown()
        if fault := variant_fault(self.variant, variant.scale):
            return fault
        if self.takes_another_name(view, variant):
            return NameTaken()
        return self._changed(view, _undeleted(product), _undeleted(variant), now, made=False)

    def takes_another_name(self, view: View, found: Variant | None) -> bool:
        """Whether the SKU that this variant, or (None) a new one, is to get is that of another, deleted or not."""
        sku = self.variant.sku
        other = named_variant(view, sku) if isinstance(sku, str) else None
        return other is not None and (found is None or other.id != found.id)

    def _made(self, view: View, now: datetime, ids: Ids) -> Decided | Failure:
        if self.mode == "change" or not isinstance(self.name, str | None):
            return self.unknown()
        given = self.variant.sku
        sku = given if isinstance(given, str) else self.name
        scale = scale_of(self.variant)
        if fault := variant_fault(self.variant, scale):
            return fault
        if self.takes_another_name(view, None):
            return NameTaken()
        product = Product(ids.next(), ids.uuid(), sku or "", None, created_at=now, changed_at=now)
        variant = Variant(
            ids.next(), product.id, sku or ids.uuid().hex, scale=scale, created_at=now, changed_at=now
        )
        named = product_after(product, ProductChanges(name=product.name), now)
        return self._changed(view, named, variant, now, made=True)

    def _changed(
        self, view: View, product: Product, variant: Variant, now: datetime, *, made: bool
    ) -> Decided:
        product = product_after(product, self.product, now)
        variant = variant_after(variant, self.variant, now)
        changes = Changes([product, variant])
        for currency, change in self.prices.items():
            before = view.get(Price, (variant.id, currency))
            changes.put(price_after(before, variant.id, currency, change))
        self._choose(view, product.id, changes)
        return Decided(SavedProduct(product, variant, made), changes)

    def _choose(self, view: View, product: int, changes: Changes) -> None:
        if self.choices == ChoiceChanges():
            return
        own = sorted(view.children(ProductChoice, product), key=lambda each: (each.position, each.choice))
        before = {each.choice: each for each in own}
        after = {each.choice: each for each in choices_after(before, product, self.choices)}
        changes.put(*(each for each in after.values() if each != before.get(each.choice)))
        for gone in before.keys() - after.keys():
            changes.remove(before[gone])


class DeleteProduct(ProductCommand, frozen=True, kw_only=True):
    """Take a variant, or with the product's own id all its variants, off sale at every door and out of sight.

    The result is `SavedProduct`. The product goes with its last variant.
    """

    name: ProductName

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses a channel that may not, and what is not there or deleted already: `CatalogueClosed`, `RowUnknown`."""
        del ids
        if closed := catalogue_closed(view, self.channel):
            return refused(closed)
        found = product_named(view, self.name)
        if found is None or found[1].deleted_at is not None:
            return refused(self.unknown())
        product, variant = found
        living = [each for each in view.children(Variant, product.id) if each.deleted_at is None]
        leaving = living if isinstance(self.name, int) else [variant]
        gone = [deleted(each, now) for each in leaving]
        after = deleted(product, now) if len(leaving) == len(living) else product
        return Decided(
            SavedProduct(after, next(each for each in gone if each.id == variant.id), made=False),
            Changes([after, *gone]),
        )


def named_variant(view: View, name: ProductName | None) -> Variant | None:
    """The variant that goes by this name, deleted or not; of a product its first, deleted ones last."""
    found = product_named(view, name)
    return None if found is None else found[1]


def product_named(view: View, name: ProductName | None) -> tuple[Product, Variant] | None:
    """The variant that goes by this name, with its product.

    A product that was made after its lock was asked for is not there, though its variants, read later, are seen:
    whoever makes it once more finds its SKU taken.
    """
    variant = None if name is None else _called(view, name)
    product = None if variant is None else view.get(Product, variant.product)
    return None if variant is None or product is None else (product, variant)


def _called(view: View, name: ProductName) -> Variant | None:
    match name:
        case OfVariant(variant=number):
            return view.get(Variant, number)
        case int():
            own = view.children(Variant, name)
            return min(
                own, key=lambda each: (each.deleted_at is not None, each.position, each.id), default=None
            )
        case str():
            return next(iter(view.children(Variant, Sku(name))), None)


def _undeleted(record: G) -> G:
    if record.deleted_at is None:
        return record
    return msgspec.structs.replace(record, deleted_at=None, available=True)


def deleted(record: G, now: datetime) -> G:
    """The product or variant as it stands once it is deleted."""
    return msgspec.structs.replace(record, available=False, deleted_at=now, changed_at=now)
