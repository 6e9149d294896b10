"""How a batch (or a plain read) brings records into a view: one loader per stage, in the order of locks.

Parents are locked by one statement and their children read by the next: in a single statement the children could be
older than the lock. Keys are joined as `unnest`, which is planned well for any number of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, cast

import msgspec

from entrepot.domain.catalogue import Offer, OfferKey
from entrepot.domain.channels import Channel, ChannelSettings, Reference, WorkspaceSettings
from entrepot.domain.orders import Order, OrderLine, OrderPart, Payment
from entrepot.domain.shipping import ShippingRate
from entrepot.domain.state import Command, Record, Stage, View
from entrepot.domain.stock import Hold, Level
from entrepot.domain.taxes import TaxCompany, TaxRate
from entrepot.store.bindings import BINDINGS, REFERENCES, Binding
from entrepot.store.connections import Connection

_channel_settings = msgspec.json.Decoder(ChannelSettings).decode
_workspace_settings = msgspec.json.Decoder(WorkspaceSettings).decode
_strings = msgspec.json.Decoder(tuple[str, ...]).decode
_binding: dict[type[Record], Binding] = {binding.kind: binding for binding in (*BINDINGS, REFERENCES)}


Loader = Callable[[Connection, int, Sequence[Any], View, bool], Awaitable[None]]


async def load(
    connection: Connection, workspace: int, commands: Sequence[Command], view: View, *, lock: bool
) -> None:
    """Bring what these commands want into the view, stage by stage; `lock` for a batch, not for a plain read."""
    for stage, loader in LOADERS.items():
        keys: dict[Hashable, None] = {}
        for command in commands:
            keys.update(dict.fromkeys(command.wants(stage, view)))
        if keys:
            await loader(connection, workspace, list(keys), view, lock)


_CHANNELS = """
select c.id, c.door, c.name, c.settings, w.settings
from channels c join unnest($2::bigint[]) k(id) on c.id = k.id join workspaces w on w.id = c.workspace
where c.workspace = $1
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
select r.channel, r.environment, r.kind, r.value, r.target from "references" r
join unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) k(channel, environment, kind, value)
using (channel, environment, kind, value) where r.workspace = $1
"""


async def _references(
    connection: Connection, workspace: int, keys: Sequence[tuple[Any, ...]], view: View, lock: bool
) -> None:
    del lock  # a name is taken by inserting it
    for row in await connection.fetch(_REFERENCES, workspace, *zip(*keys, strict=True)):
        view.load(Reference(*row))


_OFFERS = """
select k.channel, k.environment, k.product, k.variant, k.currency,
  p.id, p.name, p.available, p.tax_included, p.free_shipping, p.requires_shipping, p.excluded_methods, p.merchant,
  m.id, m.name, m.country, m.integration, m.payout_account,
  v.id, v.sku, v.name, v.scale, v.tracked, v.weight, r.amount, s.amount
from unnest($2::bigint[], $3::text[], $4::uuid[], $5::bigint[], $6::text[])
  k(channel, environment, product, variant, currency)
join products p on p.workspace = $1 and p.uuid = k.product
left join merchants m on m.workspace = $1 and m.ref = p.merchant
left join variants v on v.workspace = $1 and v.id = k.variant and v.product = p.id
left join prices r on r.workspace = $1 and r.variant = v.id and r.currency = k.currency
left join remembered_prices s on s.workspace = $1 and s.channel = k.channel and s.environment = k.environment
  and s.variant = v.id and s.currency = k.currency
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
select s.merchant, s.country, s.currency, s.amount, s.free_from from shipping_rates s
join unnest($2::text[], $3::text[], $4::text[]) k(merchant, country, currency)
using (merchant, country, currency) where s.workspace = $1
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
left join tax_companies c on c.workspace = $1 and c.code = k.company
left join tax_rates r on r.workspace = $1 and r.country = k.country
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


def _rows_of(kind: type[Record], key: str, kinds: str, order: str, *children: type[Record]) -> Loader:
    """A loader of rows by one key column, locked in key order, and of the children that hang on them."""
    own = _by_key(_binding[kind], key, kinds, order)
    below = [(_binding[child], _by_key(_binding[child], "order", "bigint", "")) for child in children]

    async def loader(
        connection: Connection, workspace: int, keys: Sequence[Any], view: View, lock: bool
    ) -> None:
        statement = f"{own} for no key update of t" if lock else own
        for row in await connection.fetch(statement, workspace, keys):
            view.load(_binding[kind].parse(row))
        for binding, child in below:
            for row in await connection.fetch(child, workspace, keys):
                view.load(binding.parse(row))

    return loader


def _by_key(binding: Binding, key: str, kinds: str, order: str) -> str:
    statement = (
        f'select {binding.select("t")} from "{binding.table.name}" t '  # noqa: S608  (names of our own tables)
        f'join unnest($2::{kinds}[]) k(key) on t."{key}" = k.key where t.workspace = $1'
    )
    return f"{statement} order by {order}" if order else statement


LOADERS: dict[Stage, Loader] = {
    Stage.CHANNEL: cast("Loader", _channels),
    Stage.REFERENCE: cast("Loader", _references),
    Stage.ORDER: _rows_of(Order, "id", "bigint", "t.id", OrderPart, OrderLine, Payment, Hold),
    Stage.OFFER: cast("Loader", _offers),
    Stage.SHIPPING: cast("Loader", _shipping),
    Stage.TAX: cast("Loader", _taxes),
    Stage.STOCK: _rows_of(Level, "variant", "bigint", "t.variant, t.location"),
}
"""One loader per stage, in the order of locks."""
