"""The customers' book held against the database: none lost, none doubled, nothing oversold, nobody charged twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.checks import run_checks
from entrepot.store.connections import Connection
from entrepot.worlds import find_workspace
from torture import world
from torture.book import Book, Entry

SETTLED_WITHIN = 300.0
"""Seconds in which whatever was cut off must have come to its end."""
_STORED = """
select o.id, c.door, o.state, o.payment_state,
  coalesce(o.external_id, (
    select ltrim(r.value, ':') from "references" r
    where r.workspace = o.workspace and r.target = o.id and r.kind in ('order-number', 'flow-order'))) as name,
  (select min(l.sku) from order_lines l where l.workspace = o.workspace and l."order" = o.id) as sku
from orders o join channels c on c.workspace = o.workspace and c.id = o.channel
where o.workspace = $1
"""
_OPEN = """
select (select count(*) from attempts where state = 'open' and workspace = $1) as attempts,
  (select count(*) from outbox where state = 'waiting' and workspace = $1) as messages
"""
_LEVELS = """
select v.sku, sum(s.available) as available, sum(s.owed) as owed,
  (select coalesce(sum(l.quantity), 0)
   from order_lines l join orders o on o.workspace = l.workspace and o.id = l."order"
   where l.workspace = $1 and l.variant = v.id and o.state = 'placed') as sold
from stock s join variants v on v.workspace = s.workspace and v.id = s.variant
where s.workspace = $1 group by v.id, v.sku
"""
_CHARGES = """
select i.id, i.status, i.captured - i.refunded as kept,
  (select count(*) from payments p join orders o on o.workspace = p.workspace and o.id = p."order"
   where p.workspace = $1 and p.kind = 'card' and p.state = 'paid' and p.reference = i.id and o.state = 'placed'
     and o.total = i.captured - i.refunded) as paid
from bank_intents i where i.workspace = $1
"""
_FUNDS = "select balance, reserved from bank_funds where workspace = $1 and account = 'ann'"
_OUTSIDE = """
select (select count(*) from labels where workspace = $1 and state = 'open') as labels,
  (select count(*) from hub_orders where workspace = $1 and state = 'open') as handed_over
"""


class Stored(msgspec.Struct, frozen=True):
    """One order as the database has it."""

    id: int
    door: str
    state: str
    payment_state: str
    name: str | None
    sku: str


async def audit(connection: Connection, book: Book) -> tuple[float, list[str]]:
    """After how many seconds everything had come to its end, and what is wrong then."""
    workspace = await find_workspace(connection, world.WORKSPACE)
    assert workspace is not None
    took, stuck = await _settled(connection, workspace)
    faults = [*stuck, *(_named(entry, "never came to an end") for entry in book.of("open"))]
    stored = [Stored(*row) for row in await connection.fetch(_STORED, workspace)]
    faults += _of_orders(book, stored)
    faults += await _of_stock(connection, workspace)
    faults += await _of_money(connection, workspace, stored)
    faults += await _outside(connection, workspace, stored)
    found = await run_checks(connection)
    return took, faults + [f"entrepot check: {each.law}: {each.detail}" for each in found]


async def _settled(connection: Connection, workspace: int) -> tuple[float, list[str]]:
    """Wait until no attempt is open and nothing waits to be told."""
    started = time.monotonic()
    while True:
        waiting = dict(await connection.fetchrow(_OPEN, workspace))
        took = time.monotonic() - started
        if not any(waiting.values()):
            return took, []
        if took > SETTLED_WITHIN:
            return took, [f"stuck after {SETTLED_WITHIN:.0f} s: {waiting}"]
        await asyncio.sleep(0.1)


def _of_orders(book: Book, stored: list[Stored]) -> list[str]:
    """Each that was acknowledged is there once, for what it was asked for, and nothing else is there."""
    there = Counter((each.door, _name(each)) for each in stored if each.state == "placed")
    wanted = {(entry.door, _known_as(entry)): entry for entry in book.of("acknowledged")}
    faults = [_named(entry, "acknowledged and lost") for key, entry in wanted.items() if key not in there]
    faults += [f"{key}: stored {count} times" for key, count in there.items() if count > 1]
    faults += [f"{key}: stored, though nobody was told so" for key in there if key not in wanted]
    skus = {(each.door, _name(each)): each.sku for each in stored if each.door != "rebound"}
    return faults + [
        _named(entry, f"is for {skus[key]}")
        for key, entry in wanted.items()
        if key in skus and skus[key] != world.sku(entry.sku)
    ]


async def _of_stock(connection: Connection, workspace: int) -> list[str]:
    """What was sold left the stock, and no more was sold than there was."""
    faults: list[str] = []
    for row in await connection.fetch(_LEVELS, workspace):
        there = world.stock(int(row["sku"].removeprefix("sku-")))
        if row["available"] < 0 or row["owed"] or row["sold"] != there - row["available"]:
            faults.append(f"{row['sku']}: {dict(row)}, of {there}")
    return faults


async def _of_money(connection: Connection, workspace: int, stored: list[Stored]) -> list[str]:
    """Each order by card was paid by one charge, every other charge was let go, and no cent is missing."""
    charges = await connection.fetch(_CHARGES, workspace)
    faults = [f"charge {row['id']}: {dict(row)}" for row in charges if not _is_sound(row)]
    orders = sum(each.door == "bonsai" and each.state == "placed" for each in stored)
    kept = sum(bool(row["kept"]) for row in charges)
    faults += [] if orders == kept else [f"{orders} orders by card, {kept} charges kept"]
    left = tuple(await connection.fetchrow(_FUNDS, workspace))
    expected = (world.FUNDS - sum(row["kept"] for row in charges), 0)
    return faults if left == expected else [*faults, f"the cardholder has {left}, not {expected}"]


def _is_sound(charge: Mapping[str, Any]) -> bool:
    """Whether a charge was kept for the one order that it paid, or let go."""
    kept = 1 if charge["kept"] else 0
    return charge["status"] in ("succeeded", "canceled") and charge["paid"] == kept


async def _outside(connection: Connection, workspace: int, stored: list[Stored]) -> list[str]:
    """Each sales order has one label and is at the hub once; none is there without an order."""
    row = dict(await connection.fetchrow(_OUTSIDE, workspace))
    orders = sum(each.door == "rebound" and each.state == "placed" for each in stored)
    return [] if set(row.values()) == {orders} else [f"{orders} sales orders, {row}"]


def _name(stored: Stored) -> str:
    return str(stored.id) if stored.door == "textalk" else stored.name or ""


def _known_as(entry: Entry) -> str:
    return str(entry.uid) if entry.door == "textalk" else entry.name


def _named(entry: Entry, what: str) -> str:
    return f"{entry.door} {entry.name} ({entry.uid}), {entry.tries} tries: {what}"
