"""Reading products as one account is offered them: with variants, prices, stock, merchants and shipping rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import msgspec

from entrepot.domain.catalogue.products import Merchant, Offer, OfferKey, Product, Variant
from entrepot.domain.channels.accounts import Environment, WorkspaceSettings
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import CATALOGUE
from entrepot.store.connections import Connection

_bindings: dict[type[Record], Binding] = {binding.kind: binding for binding in CATALOGUE}
_settings = msgspec.json.Decoder(WorkspaceSettings).decode

_BY_UUID = f"""
select {_bindings[Product].select("p")} from unnest((select $2::uuid[])) k(uuid)
cross join lateral (select * from products where workspace = $1 and uuid = k.uuid and deleted_at is null offset 0) p
"""  # noqa: S608  (our own names)

_BY_LINK = f"""
select {_bindings[Product].select("p")} from unnest((select $2::text[])) k(link)
cross join lateral (
  select * from (
    select * from products
    where workspace = $1 and (data ->> 'short_link') collate "C" = k.link and deleted_at is null offset 0
  ) same order by id limit 1
) p
"""  # noqa: S608

_MERCHANTS = f"""
select {_bindings[Merchant].select("m")} from unnest((select $2::text[])) k(ref)
cross join lateral (select * from merchants where workspace = $1 and ref = k.ref offset 0) m
"""  # noqa: S608

_RATES = f"""
select {_bindings[ShippingRate].select("r")} from unnest((select $2::text[])) k(merchant)
cross join lateral (
  select * from shipping_rates where workspace = $1 and merchant = k.merchant and currency = $3 offset 0
) r
order by r.country
"""  # noqa: S608

_VARIANTS = f"""
select {_bindings[Variant].select("v")}, r.amount, r.compare_at, s.amount, l.available
from unnest((select $2::bigint[])) k(product)
cross join lateral (
  select * from variants where workspace = $1 and product = k.product and deleted_at is null offset 0
) v
left join lateral (
  select amount, compare_at from prices where workspace = $1 and variant = v.id and currency = $3 offset 0
) r on true
left join lateral (
  select amount from remembered_prices
  where workspace = $1 and channel = $4 and environment = $5 and variant = v.id and currency = $3 offset 0
) s on true
cross join lateral (
  select coalesce(sum(available), 0)::bigint available from stock where workspace = $1 and variant = v.id
) l
order by v.position, v.id
"""  # noqa: S608

_WORKSPACE = "select settings from workspaces where id = $1"


class ForAccount(msgspec.Struct, frozen=True):
    """To whom products are shown, and in which currency."""

    channel: int
    environment: Environment
    currency: str


class ListedVariant(msgspec.Struct, frozen=True):
    """A variant with what the account is offered under it; `available` are units at all locations."""

    variant: Variant
    offer: Offer
    compare_at: int | None
    available: int


class ListedProduct(msgspec.Struct, frozen=True):
    """A product with its merchant (None where it is missing), his rates by country, and its variants in their order."""

    product: Product
    merchant: Merchant | None
    rates: tuple[ShippingRate, ...]
    variants: tuple[ListedVariant, ...]


class Listing(msgspec.Struct, frozen=True):
    """The products that were found, without any order, and the integrations with which orders can be placed."""

    products: tuple[ListedProduct, ...]
    integrations: tuple[str, ...]


async def list_products(
    connection: Connection, workspace: int, account: ForAccount, uuids: Sequence[UUID], links: Sequence[str]
) -> Listing:
    """The products of these public ids and short links, each once, as of one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = [
            *await connection.fetch(_BY_UUID, workspace, uuids),
            *await connection.fetch(_BY_LINK, workspace, links),
        ]
        products = {row["id"]: cast("Product", _bindings[Product].parse(row)) for row in rows}
        reader = _Reader(connection, workspace, account)
        listed = await reader.listed(list(products.values()))
        settings = _settings(await connection.fetchval(_WORKSPACE, workspace))
    return Listing(listed, settings.merchant_integrations)


class _Reader:
    """Reads what belongs to products."""

    def __init__(self, connection: Connection, workspace: int, account: ForAccount) -> None:
        self._connection = connection
        self._workspace = workspace
        self._account = account

    async def listed(self, products: Sequence[Product]) -> tuple[ListedProduct, ...]:
        refs = sorted({product.merchant for product in products if product.merchant is not None})
        found = await self._connection.fetch(_MERCHANTS, self._workspace, refs)
        merchants = {row["ref"]: cast("Merchant", _bindings[Merchant].parse(row)) for row in found}
        rates = await self._rates(refs)
        variants = await self._variants([product.id for product in products])
        return tuple(
            self._product(
                product,
                merchants.get(product.merchant or ""),
                rates.get(product.merchant or "", []),
                variants.get(product.id, []),
            )
            for product in products
        )

    async def _rates(self, refs: Sequence[str]) -> dict[str, list[ShippingRate]]:
        rates: dict[str, list[ShippingRate]] = {}
        for row in await self._connection.fetch(_RATES, self._workspace, refs, self._account.currency):
            rates.setdefault(row["merchant"], []).append(
                cast("ShippingRate", _bindings[ShippingRate].parse(row))
            )
        return rates

    async def _variants(self, products: Sequence[int]) -> dict[int, list[Any]]:
        account = self._account
        rows = await self._connection.fetch(
            _VARIANTS, self._workspace, products, account.currency, account.channel, account.environment
        )
        variants: dict[int, list[Any]] = {}
        for row in rows:
            variants.setdefault(row["product"], []).append(row)
        return variants

    def _product(
        self, product: Product, merchant: Merchant | None, rates: Sequence[ShippingRate], rows: Sequence[Any]
    ) -> ListedProduct:
        listed = tuple(self._variant(product, merchant, row) for row in rows)
        return ListedProduct(product, merchant, tuple(rates), listed)

    def _variant(self, product: Product, merchant: Merchant | None, row: Sequence[Any]) -> ListedVariant:
        *own, price, compare_at, remembered, available = row
        variant = cast("Variant", _bindings[Variant].parse(own))
        account = self._account
        name = OfferKey(account.channel, account.environment, product.uuid, variant.id, account.currency)
        offer = Offer.of(name, product, merchant, variant, price, remembered)
        return ListedVariant(variant, offer, compare_at, available)
