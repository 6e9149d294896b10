"""The shapes of loaders: rows by one key column, with or without a lock, and the children that hang on them.

Parents are locked by one statement and their children read by the next: in a single statement the children could be
older than the lock. Every table is looked up per key (`lateral … offset 0`): joined freely, a plan that was made
while the table was small would read the whole workspace once it has grown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from entrepot.domain.state import Record, View
from entrepot.store.binding import Binding
from entrepot.store.bindings import BINDINGS, CATALOGUE, REFERENCES, SHOP
from entrepot.store.connections import Connection

Loader = Callable[[Connection, int, Sequence[Any], View, bool], Awaitable[None]]

binding_of: dict[type[Record], Binding] = {
    binding.kind: binding for binding in (*BINDINGS, *CATALOGUE, *SHOP, REFERENCES)
}
"""Each kind of record with its table."""


def plain(kind: type[Record], key: str = "id") -> Loader:
    """A loader of rows by one key column that are read as they stand: nothing that is decided locks them."""
    binding = binding_of[kind]
    statement = by_key(binding, key, "bigint", "")

    async def loader(
        connection: Connection, workspace: int, keys: Sequence[Any], view: View, lock: bool
    ) -> None:
        del lock
        for row in await connection.fetch(statement, workspace, keys):
            view.load(binding.parse(row))

    return loader


def rows_of(
    kind: type[Record], key: str, kinds: str, *children: type[Record], parent: str = "order"
) -> Loader:
    """A loader of rows by one key column, locked in key order, and of the children that name them as `parent`."""
    reading, locking = (by_key(binding_of[kind], key, kinds, lock) for lock in ("", "for no key update"))
    below = [(binding_of[child], by_key(binding_of[child], parent, "bigint", "")) for child in children]

    async def loader(
        connection: Connection, workspace: int, keys: Sequence[Any], view: View, lock: bool
    ) -> None:
        ordered = sorted(keys)
        for row in await connection.fetch(locking if lock else reading, workspace, ordered):
            view.load(binding_of[kind].parse(row))
        for binding, child in below:
            for row in await connection.fetch(child, workspace, ordered):
                view.load(binding.parse(row))

    return loader


def by_key(binding: Binding, key: str, kinds: str, lock: str) -> str:
    """The statement that selects a kind's rows by one key column, given an array of keys."""
    rest = ", ".join(f'"{name}"' for name in binding.key_names)
    return (
        f"select {binding.select('t')} from unnest($2::{kinds}[]) k(key) "  # noqa: S608  (our own names)
        f'cross join lateral (select * from "{binding.table}" where workspace = $1 and "{key}" = k.key '
        f"order by {rest} offset 0 {lock}) t"
    )
