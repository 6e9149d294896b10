"""How a batch (or a plain read) brings records into a view: one loader per stage, in the order of locks.

What is particular to a stage stands here and in `shop_loaders`; what stages share is in `loading`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

import msgspec

from entrepot.domain.access import Tries
from entrepot.domain.attempts import Attempt
from entrepot.domain.carts import Cart, CartFile, CartLine
from entrepot.domain.catalogue import Offer, OfferKey, Variant
from entrepot.domain.certificates import Certificate
from entrepot.domain.channels import Channel, ChannelSettings, Reference, WorkspaceSettings
from entrepot.domain.customers import Customer, OneTimeCode, Session
from entrepot.domain.discounts import Discount
from entrepot.domain.orders import InvoiceLine, Order, OrderLine, OrderPart, Payment, Refund
from entrepot.domain.outbox import Delivery
from entrepot.domain.shipping import ShippingRate
from entrepot.domain.state import Command, Stage, View
from entrepot.domain.stock import Hold, Level, Location
from entrepot.domain.taxes import TaxCompany, TaxRate
from entrepot.store.connections import Connection
from entrepot.store.loading import Loader, binding_of, plain, rows_of
from entrepot.store.row_loaders import any_rows
from entrepot.store.shop_loaders import articles, by_name, certificate_uses, discount_uses, methods

_channel_settings = msgspec.json.Decoder(ChannelSettings).decode
_workspace_settings = msgspec.json.Decoder(WorkspaceSettings).decode
_strings = msgspec.json.Decoder(tuple[str, ...]).decode


async def load(
    connection: Connection, workspace: int, commands: Sequence[Command], view: View, *, lock: bool
) -> None:
    """Bring what these commands want into the view, stage by stage; `lock` for a batch, not for a plain read."""
    stages = frozenset[Stage]().union(*(command.stages for command in commands))
    for stage, loader in LOADERS.items():
        if stage not in stages:
            continue
        keys: dict[Hashable, None] = {}
        for command in commands:
            keys.update(dict.fromkeys(command.wants(stage, view)))
        if keys:
            await loader(connection, workspace, list(keys), view, lock)
            view.ask(stage, keys)


_CHANNELS = """
select c.id, c.door, c.name, c.settings, w.settings
from unnest($2::bigint[]) k(id)
cross join lateral (select * from channels where workspace = $1 and id = k.id offset 0) c
cross join lateral (select * from workspaces where id = $1 offset 0) w
"""


async def _channels(
    connection: Connection, workspace: int, keys: Sequence[int], view: View, lock: bool
) -> None:
    del lock  # settings are read as they stand
    for number, door, name, settings, general in await connection.fetch(_CHANNELS, workspace, keys):
        known = _workspace_settings(general)
        view.load(
            Channel(
                number,
                door,
                name,
                _channel_settings(settings),
                known.order_sources,
                known.merchant_integrations,
            )
        )


_REFERENCES = """
select k.channel, k.environment, k.kind, k.value, r.target, r.attempt
from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) k(channel, environment, kind, value)
cross join lateral (
  select target, attempt from "references"
  where workspace = $1 and channel = k.channel and environment = k.environment and kind = k.kind and value = k.value
  offset 0
) r
"""


async def _references(
    connection: Connection, workspace: int, keys: Sequence[tuple[Any, ...]], view: View, lock: bool
) -> None:
    del lock  # a name is taken by inserting it
    for row in await connection.fetch(_REFERENCES, workspace, *zip(*keys, strict=True)):
        view.load(Reference(*row))


_OFFERS = """
select k.channel, k.environment, k.product, k.variant, k.currency,
  p.id, p.name, p.available and not (p.hidden or p.draft or p.display_only), p.tax_included, p.free_shipping,
  p.requires_shipping, p.excluded_methods, p.merchant,
  m.id, m.name, m.country, m.integration, m.payout_account,
  v.id, v.sku, v.name, v.scale, v.tracked, v.weight, r.amount, s.amount
from unnest($2::bigint[], $3::text[], $4::uuid[], $5::bigint[], $6::text[])
  k(channel, environment, product, variant, currency)
cross join lateral (select * from products where workspace = $1 and uuid = k.product offset 0) p
left join lateral (select * from merchants where workspace = $1 and ref = p.merchant offset 0) m on true
left join lateral (
  select * from variants where workspace = $1 and id = k.variant and product = p.id offset 0
) v on true
left join lateral (
  select amount from prices where workspace = $1 and variant = v.id and currency = k.currency offset 0
) r on true
left join lateral (
  select amount from remembered_prices
  where workspace = $1 and channel = k.channel and environment = k.environment
    and variant = v.id and currency = k.currency
  offset 0
) s on true
"""


async def _offers(
    connection: Connection, workspace: int, keys: Sequence[OfferKey], view: View, lock: bool
) -> None:
    del lock  # a price or product that changes meanwhile changes after this order
    names = [(k.channel, k.environment, k.product, k.variant, k.currency) for k in keys]
    for row in await connection.fetch(_OFFERS, workspace, *zip(*names, strict=True)):
        view.load(_offer(tuple(row)))


def _offer(row: tuple[Any, ...]) -> Offer:
    channel, environment, product, variant, currency = row[:5]
    merchant = row[13:18] if row[13] is not None else (None, "", "", "", None)
    stocked = row[18:24] if row[18] is not None else (None, "", "", 0, True, 0)
    name = OfferKey(channel, environment, product, variant, currency)
    values = (name, *row[5:11], _strings(row[11]), row[12], *merchant, *stocked, *row[24:])
    return cast("Callable[..., Offer]", Offer)(*values)


_SHIPPING = """
select k.merchant, k.country, k.currency, s.amount, s.free_from
from unnest($2::text[], $3::text[], $4::text[]) k(merchant, country, currency)
cross join lateral (
  select amount, free_from from shipping_rates
  where workspace = $1 and merchant = k.merchant and country = k.country and currency = k.currency
  offset 0
) s
"""


async def _shipping(
    connection: Connection, workspace: int, keys: Sequence[tuple[str, str, str]], view: View, lock: bool
) -> None:
    del lock
    for row in await connection.fetch(_SHIPPING, workspace, *zip(*keys, strict=True)):
        view.load(ShippingRate(*row))


_TAXES = """
select c.code, r.country, r.province, r.rate, r.shipping_taxed, r.duty_rate, r.duty_threshold
from unnest($2::text[], $3::text[]) k(company, country)
left join lateral (select code from tax_companies where workspace = $1 and code = k.company offset 0) c on true
left join lateral (select * from tax_rates where workspace = $1 and country = k.country offset 0) r on true
"""


async def _taxes(
    connection: Connection, workspace: int, keys: Sequence[tuple[str, str]], view: View, lock: bool
) -> None:
    del lock
    for company, *rate in await connection.fetch(_TAXES, workspace, *zip(*keys, strict=True)):
        if company is not None:
            view.load(TaxCompany(company))
        if rate[0] is not None:
            view.load(TaxRate(*rate))


async def _deliveries(
    connection: Connection, workspace: int, keys: Sequence[tuple[int, str, int]], view: View, lock: bool
) -> None:
    binding = binding_of[Delivery]
    names = binding.key_columns(sorted(keys))
    for row in await connection.fetch(binding.find(lock=lock), workspace, *names):
        view.load(binding.parse(row))


LOADERS: dict[Stage, Loader] = {
    Stage.CHANNEL: cast("Loader", _channels),
    Stage.REFERENCE: cast("Loader", _references),
    Stage.TRIES: rows_of(Tries, "subject", "bytea"),
    Stage.CODE: rows_of(OneTimeCode, "hash", "bytea"),
    Stage.SESSION: rows_of(Session, "id", "bigint"),
    Stage.CUSTOMER: rows_of(Customer, "id", "bigint"),
    Stage.CART: rows_of(Cart, "id", "bigint", CartLine, CartFile, parent="cart"),
    Stage.ORDER: rows_of(Order, "id", "bigint", OrderPart, OrderLine, Payment, Refund, InvoiceLine, Hold),
    Stage.ATTEMPT: rows_of(Attempt, "id", "bigint"),
    Stage.PAYMENT: rows_of(Payment, "order", "bigint"),
    Stage.DISCOUNT: by_name(Discount),
    Stage.DISCOUNT_USE: discount_uses,
    Stage.CERTIFICATE: by_name(Certificate),
    Stage.CERTIFICATE_USE: certificate_uses,
    Stage.DELIVERY: cast("Loader", _deliveries),
    Stage.OFFER: cast("Loader", _offers),
    Stage.SHIPPING: cast("Loader", _shipping),
    Stage.TAX: cast("Loader", _taxes),
    Stage.ARTICLE: articles,
    Stage.METHOD: methods,
    Stage.BUYER: plain(Customer),
    Stage.HELD: cast("Loader", _references),
    Stage.ROW: cast("Loader", any_rows),
    Stage.LOCATION: plain(Location),
    Stage.VARIANT: plain(Variant),
    Stage.STOCK: rows_of(Level, "variant", "bigint"),
}
"""One loader per stage, in the order of locks."""
