"""That the figures count real orders: what was acknowledged is stored, what was sold left the stock, the laws hold."""

from __future__ import annotations

import msgspec

from bench.world import STOCK
from entrepot.checks import run_checks
from entrepot.store.connections import Connection

_BOOKS = """
select
  (select count(*) from orders where workspace = $1 and state = 'placed'),
  (select coalesce(sum(quantity), 0) from order_lines where workspace = $1),
  (select coalesce(sum($2::bigint - available), 0) from stock where workspace = $1)
"""

_REGISTERED = """
select
  (select count(*) from orders where workspace = $1),
  (select count(*) from labels where workspace = $1 and state = 'open'),
  (select count(*) from hub_orders where workspace = $1 and state = 'open')
"""


class Books(msgspec.Struct, frozen=True):
    """What stands in the tables: orders, units that they sold, and units that left the stock."""

    orders: int = 0
    sold: int = 0
    taken: int = 0

    def __add__(self, other: Books) -> Books:
        return Books(self.orders + other.orders, self.sold + other.sold, self.taken + other.taken)

    def __sub__(self, other: Books) -> Books:
        return Books(self.orders - other.orders, self.sold - other.sold, self.taken - other.taken)


class Registered(msgspec.Struct, frozen=True):
    """What retailers were told: sales orders, labels that are good, and orders that the hub has."""

    orders: int = 0
    labels: int = 0
    handed_over: int = 0

    def __add__(self, other: Registered) -> Registered:
        return Registered(
            self.orders + other.orders, self.labels + other.labels, self.handed_over + other.handed_over
        )


async def read_registered(connection: Connection, workspace: int) -> Registered:
    """What is stored of it in this workspace."""
    return Registered(*await connection.fetchrow(_REGISTERED, workspace))


async def read_books(connection: Connection, workspaces: list[int]) -> Books:
    """The books of these workspaces together."""
    books = Books()
    for workspace in workspaces:
        books += Books(*(int(value) for value in await connection.fetchrow(_BOOKS, workspace, STOCK)))
    return books


def exact(before: Books, after: Books, acknowledged: int) -> list[str]:
    """What is wrong after a load of which every request was answered."""
    new = after - before
    faults = (
        [] if new.orders == acknowledged else [f"{acknowledged} orders acknowledged, {new.orders} stored"]
    )
    return faults + balance(after)


def cut_off(before: Books, after: Books, acknowledged: int, in_flight: int) -> list[str]:
    """What is wrong after loads that were cut off with at most so many requests in flight."""
    new = after - before
    if acknowledged <= new.orders <= acknowledged + in_flight:
        return balance(after)
    return [
        f"{acknowledged} orders acknowledged and at most {in_flight} cut off, {new.orders} stored",
        *balance(after),
    ]


def balance(books: Books) -> list[str]:
    """What is wrong between the orders and the stock."""
    return [] if books.sold == books.taken else [f"{books.sold} units sold, {books.taken} left the stock"]


async def breaches(connection: Connection, workspaces: list[int]) -> list[str]:
    """The laws that are broken in these workspaces."""
    found = [finding for workspace in workspaces for finding in await run_checks(connection, workspace)]
    return [f"{finding.law}: {finding.detail}" for finding in found if finding.severity == "violation"]
