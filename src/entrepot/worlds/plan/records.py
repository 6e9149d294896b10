"""From a workspace of a file to the records that its tables shall hold. Pure; identifiers are handed in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from entrepot.domain.catalogue.changes import found_by
from entrepot.domain.catalogue.products import Merchant, Price, Product, Variant, product_uuid
from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.channels.storefronts import ReturnAddress, Storefront, storefront_uuid
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.places import Premises
from entrepot.domain.kernel.quantity import to_units
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.domain.pricing.taxes import TaxCompany, TaxRate
from entrepot.domain.stock.levels import Location
from entrepot.worlds.form import types
from entrepot.worlds.form.amounts import HUNDREDTHS, millionths, minor

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When what a file describes was made: a file has no clock."""


class ChannelRow(Record, frozen=True):
    """A channel as its table has it; rules see `entrepot.domain.channels.accounts.Channel`."""

    id: int
    uuid: UUID
    door: str
    name: str
    settings: ChannelSettings

    @property
    def key(self) -> Hashable:
        """The channel's id."""
        return self.id


class FirstStock(msgspec.Struct, frozen=True):
    """How many smallest units of a variant a location starts with."""

    variant: int
    location: int
    priority: int
    quantity: int


class Entity(msgspec.Struct, frozen=True):
    """What has an integer id: its kind, what it is known by, where it stands in the file, and the id given there."""

    kind: type[Record]
    name: Hashable
    steps: tuple[str | int, ...]
    given: int | None = None


IdOf = Callable[[type[Record], Hashable], int]
"""The id of an entity by its kind and name."""


class Wanted(msgspec.Struct, frozen=True):
    """All that a workspace's tables shall hold."""

    records: list[Record]
    stock: list[FirstStock]


def merchant_ref(workspace: str, name: str, merchant: types.Merchant) -> str:
    """A merchant's 24-digit reference."""
    return merchant.ref or derived_uuid(workspace, "merchant", name).hex[:24]


class NamedVariant(msgspec.Struct, frozen=True):
    """A variant with its sku, its title and where it stands under its product in the file."""

    sku: str
    title: str
    spec: types.Sellable
    steps: tuple[str, ...] = ()


def variants_of(name: str, product: types.Product) -> Iterator[NamedVariant]:
    """Each variant of a product; one without any is its own."""
    if not product.variants:
        yield NamedVariant(product.sku or name, "", product)
    for inner, variant in product.variants.items():
        yield NamedVariant(variant.sku or f"{name}-{inner}", variant.name, variant, ("variants", inner))


def entities(workspace: str, spec: types.Workspace) -> Iterator[Entity]:
    """All that needs an id, in the order in which new ids are given."""
    for code in spec.locations:
        yield Entity(Location, code, ("locations", code))
    for name, merchant in spec.merchants.items():
        yield Entity(Merchant, merchant_ref(workspace, name, merchant), ("merchants", name))
    for name, product in spec.products.items():
        where = ("products", name)
        yield Entity(Product, product_uuid(workspace, name), where, product.id)
        for variant in variants_of(name, product):
            yield Entity(Variant, variant.sku, (*where, *variant.steps), variant.spec.id)
    for name, channel in spec.channels.items():
        yield Entity(ChannelRow, (channel.door, name), ("channels", name))
    for name in spec.storefronts:
        yield Entity(Storefront, storefront_uuid(workspace, name), ("storefronts", name))


def wanted(
    workspace: str, spec: types.Workspace, settings: dict[str, ChannelSettings], id_of: IdOf
) -> Wanted:
    """The records of a workspace, webshops aside; `settings` are its channels', secrets filled in."""
    rows = _Rows(workspace, spec, id_of)
    records: list[Record] = [
        *rows.locations(),
        *rows.merchants(),
        *rows.products(),
        *rows.variants(),
        *rows.prices(),
        *rows.shipping(),
        *(TaxCompany(code) for code in spec.taxes.companies),
        *_tax_rates(spec.taxes),
        *rows.channels(settings),
        *rows.storefronts(),
    ]
    return Wanted(records, [*rows.stock()])


class _Rows:
    """Makes the records of one workspace."""

    def __init__(self, workspace: str, spec: types.Workspace, id_of: IdOf) -> None:
        self._workspace = workspace
        self._spec = spec
        self._id = id_of

    def locations(self) -> Iterable[Location]:
        for code, place in self._spec.locations.items():
            number = self._id(Location, code)
            yield Location(
                *(number, code, place.name, place.priority, place.zone, place.aisle, place.active),
                created_at=MADE_AT,
                changed_at=MADE_AT,
            )

    def merchants(self) -> Iterable[Merchant]:
        for name, m in self._spec.merchants.items():
            ref = merchant_ref(self._workspace, name, m)
            number, address = (
                self._id(Merchant, ref),
                msgspec.convert(m.address, Premises, from_attributes=True),
            )
            yield Merchant(number, ref, m.name, m.country, m.integration, m.payout_account, address)

    def products(self) -> Iterable[Product]:
        for name, p in self._spec.products.items():
            uuid = product_uuid(self._workspace, name)
            yield Product(
                self._id(Product, uuid),
                uuid,
                p.name,
                self._merchant_of(p),
                available=p.available,
                tax_included=p.tax_included,
                free_shipping=p.free_shipping,
                requires_shipping=p.requires_shipping,
                excluded_methods=p.excluded_methods,
                names=dict(p.names),
                data=p.data,
                hidden=p.hidden,
                draft=p.draft,
                display_only=p.display_only,
                vat_rate=millionths(p.vat),
                search=found_by(p.name, p.names.values()),
            )

    def variants(self) -> Iterable[Variant]:
        for name, product in self._spec.products.items():
            parent = self._id(Product, product_uuid(self._workspace, name))
            for position, variant in enumerate(variants_of(name, product)):
                yield self._variant(variant, parent, position)

    def prices(self) -> Iterable[Price]:
        for variant, item in self._sellables():
            for currency, price in item.prices.items():
                amount, compare_at = (
                    (price.price, price.compare_at) if isinstance(price, types.Price) else (price, None)
                )
                yield Price(variant, currency, _minor(amount, currency), _minor(compare_at, currency))

    def stock(self) -> Iterable[FirstStock]:
        for variant, item in self._sellables():
            for code, quantity in item.stock.items():
                place, amount = self._spec.locations[code], to_units(str(quantity), item.scale)
                yield FirstStock(variant, self._id(Location, code), place.priority, amount or 0)

    def shipping(self) -> Iterable[ShippingRate]:
        for name, merchant in self._spec.merchants.items():
            ref = merchant_ref(self._workspace, name, merchant)
            for country, rates in merchant.shipping.items():
                for currency, rate in rates.items():
                    yield _shipping_rate(ref, country, currency, rate)

    def channels(self, settings: dict[str, ChannelSettings]) -> Iterable[ChannelRow]:
        for name, channel in self._spec.channels.items():
            uuid = derived_uuid(self._workspace, "channel", channel.door, name)
            number = self._id(ChannelRow, (channel.door, name))
            yield ChannelRow(number, uuid, channel.door, name, settings[name])

    def storefronts(self) -> Iterable[Storefront]:
        for name, spec in self._spec.storefronts.items():
            uuid, door = storefront_uuid(self._workspace, name), self._spec.channels[spec.channel].door
            yield Storefront(
                self._id(Storefront, uuid),
                self._id(ChannelRow, (door, spec.channel)),
                uuid,
                spec.name,
                msgspec.convert(spec.return_address, ReturnAddress, from_attributes=True),
                spec.active,
                spec.data,
                MADE_AT,
                MADE_AT,
            )

    def _sellables(self) -> Iterator[tuple[int, types.Sellable]]:
        for name, product in self._spec.products.items():
            for variant in variants_of(name, product):
                yield self._id(Variant, variant.sku), variant.spec

    def _variant(self, variant: NamedVariant, parent: int, position: int) -> Variant:
        spec = variant.spec
        data: dict[str, Any] = spec.data if isinstance(spec, types.Variant) else {}
        number = self._id(Variant, variant.sku)
        return Variant(
            number,
            parent,
            variant.sku,
            variant.title,
            spec.scale,
            spec.tracked,
            spec.weight,
            position,
            data,
            divisible_by=1
            if spec.divisible_by is None
            else to_units(str(spec.divisible_by), spec.scale) or 1,
            chosen_by=_chosen_by(spec),
            available=not isinstance(spec, types.Variant) or spec.available,
            created_at=MADE_AT,
            changed_at=MADE_AT,
        )

    def _merchant_of(self, product: types.Product) -> str | None:
        merchant = self._spec.merchants.get(product.merchant or "")
        if merchant is None or product.merchant is None:
            return product.merchant
        return merchant_ref(self._workspace, product.merchant, merchant)


def _chosen_by(spec: types.Sellable) -> dict[int, int]:
    chosen = spec.chosen_by if isinstance(spec, types.Variant) else {}
    return {int(choice): option for choice, option in chosen.items()}


def _shipping_rate(ref: str, country: str, currency: str, rate: types.Money | types.Shipping) -> ShippingRate:
    spec = rate if isinstance(rate, types.Shipping) else types.Shipping(price=rate)
    return ShippingRate(ref, country, currency, minor(spec.price, currency), _minor(spec.free_from, currency))


def _tax_rates(taxes: types.Taxes) -> Iterator[TaxRate]:
    for region, rate in taxes.rates.items():
        country, _, province = region.partition("-")
        yield TaxRate(
            country,
            province,
            millionths(rate.rate),
            rate.shipping_taxed,
            millionths(rate.duty_rate),
            to_units(str(rate.duty_threshold), HUNDREDTHS) or 0,
        )


def _minor(amount: str | int | None, currency: str) -> int | None:
    return None if amount is None or amount == "none" else minor(amount, currency)
