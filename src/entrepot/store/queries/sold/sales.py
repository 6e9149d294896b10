"""Reading what was sold, by its UUID or by the name that its account gave it, and what comes back of it.

Each is one statement, so that it shows one moment. Who may see what was found is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings, Environment
from entrepot.domain.fulfilment.records import Return, ReturnEvent, ReturnLine
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection

MOST: Final = 1_000
"""How many orders, or returns, of one name are read at most, the newest first."""


class Sale(msgspec.Struct, frozen=True):
    """An order with its lines, in order."""

    order: Order
    lines: tuple[OrderLine, ...]


class SaleReturn(msgspec.Struct, frozen=True):
    """A return with its lines and history, and the sale of which it is."""

    sale: Sale
    ret: Return
    lines: tuple[ReturnLine, ...]
    events: tuple[ReturnEvent, ...]


def _rows(kind: type[Record], matched: str) -> str:
    """The children of a row as one JSON array."""
    binding = binding_of[kind]
    order = ", ".join(f"c.{name}" for name in (column.quoted for column in binding.keys))
    return (  # our own names
        f"(select coalesce(json_agg(t), '[]')::text from (select {binding.in_json('c')} "  # noqa: S608
        f'from "{binding.table}" c where c.workspace = $1 and {matched} order by {order}) t)'
    )


_ORDER: Final = f"(select row_to_json(t)::text from (select {binding_of[Order].in_json('o')}) t)"  # noqa: S608
_RETURN: Final = f"(select row_to_json(t)::text from (select {binding_of[Return].in_json('r')}) t)"  # noqa: S608
_SALE: Final = f"""{_ORDER}, {_rows(OrderLine, 'c."order" = o.id')}"""
_BY_UUID: Final = f"""
select k.uuid, {_SALE} from unnest((select $2::uuid[])) k(uuid)
join orders o on o.workspace = $1 and o.uuid = k.uuid and o.deleted_at is null
"""  # noqa: S608

# With an account, one range of the index; without, all accounts' orders of that name, which are few.
_NAMED: Final = """
select * from orders where workspace = $1 and external_id = $2 and environment = $3
  and ($4::bigint is null or channel = $4) and deleted_at is null order by id desc limit $5
"""
_BY_NAME: Final = f"select {_SALE} from ({_NAMED}) o order by o.id desc"  # noqa: S608
_RETURNS: Final = f"""
select {_SALE}, {_RETURN}, {_rows(ReturnLine, 'c."order" = o.id and c.return_id = r.id')},
  {_rows(ReturnEvent, 'c."order" = o.id and c.return_id = r.id')}
from ({_NAMED}) o join returns r on r.workspace = $1 and r."order" = o.id order by r.id desc limit $5
"""  # noqa: S608
_RETURN_BY_ID: Final = f"""
select {_SALE}, {_RETURN}, {_rows(ReturnLine, 'c."order" = o.id and c.return_id = r.id')},
  {_rows(ReturnEvent, 'c."order" = o.id and c.return_id = r.id')}
from returns r join orders o on o.workspace = $1 and o.id = r."order" where r.workspace = $1 and r.id = $2
  and o.deleted_at is null
"""  # noqa: S608
_ACCOUNTS: Final = """
select c.settings from channels c where c.workspace = $1 and c.door = $2 and c.id <> $3 and exists (
  select from credentials k
  where k.workspace = $1 and k.channel = c.id and k.environment = $4
    and k.revoked_at is null and k.suspended_at is null
)
"""

_order = msgspec.json.Decoder(Order).decode
_lines = msgspec.json.Decoder(tuple[OrderLine, ...]).decode
_return = msgspec.json.Decoder(Return).decode
_return_lines = msgspec.json.Decoder(tuple[ReturnLine, ...]).decode
_return_events = msgspec.json.Decoder(tuple[ReturnEvent, ...]).decode
_settings = msgspec.json.Decoder(ChannelSettings).decode


async def sales_by_uuid(connection: Connection, workspace: int, uuids: Sequence[UUID]) -> Mapping[UUID, Sale]:
    """The orders of these UUIDs, whoever placed them."""
    return {row[0]: _sale(row[1:]) for row in await connection.fetch(_BY_UUID, workspace, uuids)}


async def sales_by_name(
    connection: Connection, workspace: int, environment: Environment, name: str, channel: int | None
) -> list[Sale]:
    """The orders to which an account (or, without one, any) gave this name, newest first; at most `MOST`."""
    rows = await connection.fetch(_BY_NAME, workspace, name, environment, channel, MOST)
    return [_sale(row) for row in rows]


async def returns_by_name(
    connection: Connection, workspace: int, environment: Environment, name: str, channel: int | None
) -> list[SaleReturn]:
    """The returns of the orders that `sales_by_name` finds, newest first; at most `MOST`."""
    rows = await connection.fetch(_RETURNS, workspace, name, environment, channel, MOST)
    return [_sale_return(row) for row in rows]


async def sale_return(connection: Connection, workspace: int, number: int) -> SaleReturn | None:
    """The return of this id, with the order of which it is."""
    row = await connection.fetchrow(_RETURN_BY_ID, workspace, number)
    return None if row is None else _sale_return(row)


async def other_accounts(
    connection: Connection, workspace: int, door: str, channel: int, environment: Environment
) -> Sequence[ChannelSettings]:
    """The settings of a door's other accounts that have a good credential in this environment."""
    rows = await connection.fetch(_ACCOUNTS, workspace, door, channel, environment)
    return [_settings(row[0]) for row in rows]


def _sale(row: Sequence[Any]) -> Sale:
    return Sale(_order(row[0]), _lines(row[1]))


def _sale_return(row: Sequence[Any]) -> SaleReturn:
    return SaleReturn(_sale(row), _return(row[2]), _return_lines(row[3]), _return_events(row[4]))
