"""The shapes of finding rows: by one key column or several, with or without a lock, and the children of what is locked.

Keys and rows travel as JSON texts, so that any statements can be asked together in one round trip. Parents are locked
by one statement and their children read by the next: in a single statement the children could be older than the lock.
Every table is looked up per key (`lateral … offset 0`): joined freely, a plan that was made while the table was small
would read the whole workspace once it has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from entrepot.domain.kernel.records import Record
from entrepot.store.batches.binding import Binding, keyed
from entrepot.store.batches.bindings import BINDINGS, CATALOGUE, REFERENCES, SHOP

binding_of: dict[type[Record], Binding] = {
    binding.kind: binding for binding in (*BINDINGS, *CATALOGUE, *SHOP, REFERENCES)
}
"""Each kind of record with its table."""


class Find(msgspec.Struct, frozen=True):
    """A statement that finds rows, and how to read them.

    In `sql` `$1` is the workspace, `{keys}` stands for a JSON array of keys, `{lock}` for the lock where one is wanted.
    The columns are called as the record's fields. `decode` reads them, a JSON array of objects.
    """

    sql: str
    decode: Callable[[str], Iterable[Record]]

    def query(self, keys: str, *, lock: bool) -> str:
        """The query of all rows as one text, null where there are none, given the SQL of the keys."""
        found = self.sql.format(keys=keys, lock="for no key update" if lock else "")
        return f"select json_agg(t)::text from ({found}) t"


def records(kind: type[Record]) -> Callable[[str], Iterable[Record]]:
    """Reads a JSON array of records of this kind."""
    return msgspec.json.Decoder(list[kind]).decode


def plain(kind: type[Record], key: str = "id") -> tuple[Find]:
    """Rows by one key column that are read as they stand: nothing that is decided locks them."""
    return (_by_key(binding_of[kind], key, ""),)


def locked(kind: type[Record], key: str, *children: type[Record], parent: str = "order") -> tuple[Find, ...]:
    """Rows by one key column, locked in key order; then the children that name them as `parent`."""
    below = (_by_key(binding_of[child], parent, "") for child in children)
    return (_by_key(binding_of[kind], key, "{lock}"), *below)


def known_by(kind: type[Record]) -> Find:
    """Rows by their whole keys, locked in key order."""
    binding = binding_of[kind]
    keys = keyed(binding.key_types, ordered=True)
    matched = " and ".join(f"{column.quoted} = k.{column.quoted}" for column in binding.keys)
    return Find(_each(binding, keys, matched, "{lock}"), records(kind))


def chosen(steps: Sequence[str], first: int = 0) -> str:
    """PL/pgSQL that runs one of these steps, by `place`: halving, since every condition that is met costs a µs."""
    if len(steps) == 1:
        return steps[0]
    half = len(steps) // 2
    before, after = chosen(steps[:half], first), chosen(steps[half:], first + half)
    return f"if place < {first + half} then\n{before}\nelse\n{after}\nend if;"


def _by_key(binding: Binding, key: str, lock: str) -> Find:
    kind = next(column.type for column in binding.columns if column.name == key)
    keys = keyed({"key": kind}, ordered=bool(lock))
    return Find(_each(binding, keys, f'"{key}" = k.key', lock), records(binding.kind))


def _each(binding: Binding, keys: str, matched: str, lock: str) -> str:
    """The statement that looks rows up key by key."""
    order = ", ".join(column.quoted for column in binding.keys)
    return (
        f"select {binding.in_json('t')} from {keys} "
        f'cross join lateral (select * from "{binding.table}" where workspace = $1 and {matched} '
        f"order by {order} offset 0 {lock}) t"
    )
