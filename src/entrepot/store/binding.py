"""How a kind of record stands in its table: its columns, and the set-based statements that write and find it.

A statement takes the workspace and all rows as one JSON text, so that a batch writes any number of rows of a kind in
one round trip. (With one array per column, encoding the arrays took a seventh of an order's processor time.) All
engine writes are these statements; queries that read are in `loaders`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from entrepot.domain.state import Record

_encode = msgspec.json.Encoder().encode
_TYPES: dict[Any, str] = {
    int: "bigint",
    str: "text",
    bool: "boolean",
    datetime: "timestamptz",
    UUID: "uuid",
    bytes: "bytea",
}


class Column(msgspec.Struct, frozen=True):
    """One field of a record: its name, its type in PostgreSQL, and its annotation."""

    name: str
    type: str
    hint: Any

    @property
    def quoted(self) -> str:
        """The name as SQL writes it."""
        return f'"{self.name}"'

    @property
    def in_json(self) -> str:
        """Name and type as which a JSON text brings the value."""
        return f"{self.quoted} {'text' if self.type == 'bytea' else self.type}"

    @property
    def from_json(self) -> str:
        """The value, out of a row of the JSON text; bytes come in base64."""
        return f"decode(u.{self.quoted}, 'base64')" if self.type == "bytea" else f"u.{self.quoted}"


class Binding:
    """One kind of record, its table, and the columns that name a row within its workspace.

    `upsert` is for rows that nobody locks before writing them.
    """

    def __init__(self, kind: type[Record], table: str, *key: str, upsert: bool = False) -> None:
        self.kind = kind
        self.table = table
        self.upsert = upsert
        self.columns = _columns(kind)
        self._keys = [column for column in self.columns if column.name in key]
        self._key_getters = [attrgetter(column.name) for column in self._keys]
        self._parsers = [
            (index, msgspec.json.Decoder(column.hint).decode)
            for index, column in enumerate(self.columns)
            if column.type == "jsonb"
        ]
        self.insert = self._insert()
        self.claim = f"{self.insert} on conflict do nothing returning {_names(self._keys)}"
        self.delete = self._delete()
        self.put = f"{self.insert} on conflict (workspace, {_names(self._keys)}) {self._replaced()}"

    @property
    def key_names(self) -> list[str]:
        """The key columns, the workspace left out."""
        return [column.name for column in self._keys]

    def rows(self, records: Sequence[Record]) -> str:
        """The records as the parameter of insert, claim and put."""
        return _encode(records).decode()

    def select(self, alias: str) -> str:
        """The columns of the record, as they stand in the table called `alias`, for `parse`."""
        return ", ".join(f"{alias}.{column.quoted}" for column in self.columns)

    def parse(self, row: Sequence[Any]) -> Record:
        """The record that a row of `select` columns stands for."""
        values = list(row)
        for index, parse in self._parsers:
            if values[index] is not None:
                values[index] = parse(values[index])
        return self.kind(*values)

    def find(self, *, lock: bool) -> str:
        """The statement that reads rows by their keys, one array per key column."""
        matched = " and ".join(f"{column.quoted} = u.{column.quoted}" for column in self._keys)
        return (
            f"select {self.select('t')} from {_unnest(self._keys)} cross join lateral "
            f'(select * from "{self.table}" where workspace = $1 and {matched} '
            f"offset 0{' for no key update' if lock else ''}) t"
        )

    @staticmethod
    def key_columns(keys: Sequence[Hashable]) -> list[list[Any]]:
        """The keys as one array per key column."""
        rows = [cast("tuple[Any, ...]", key) if isinstance(key, tuple) else (key,) for key in keys]
        return [list(column) for column in zip(*rows, strict=True)]

    def keys(self, records: Sequence[Record]) -> list[list[Any]]:
        """One array per key column, for delete."""
        return [[get(record) for record in records] for get in self._key_getters]

    def _insert(self) -> str:
        return (
            f'insert into "{self.table}" (workspace, {_names(self.columns)}) '
            f"select $1, {', '.join(column.from_json for column in self.columns)} "
            f"from json_to_recordset($2) u({', '.join(column.in_json for column in self.columns)})"
        )

    def _delete(self) -> str:
        matched = " and ".join(f"t.{column.quoted} = u.{column.quoted}" for column in self._keys)
        return (
            f'delete from "{self.table}" t using {_unnest(self._keys)} where t.workspace = $1 and {matched}'
        )

    def _replaced(self) -> str:
        values = [column.quoted for column in self.columns if column not in self._keys]
        sets = ", ".join(f"{name} = excluded.{name}" for name in values)
        return f"do update set {sets}" if sets else "do nothing"


def _columns(kind: type[Record]) -> tuple[Column, ...]:
    hints = get_type_hints(kind)
    return tuple(Column(name, _type(hints[name]), hints[name]) for name in kind.__struct_fields__)


def _type(hint: Any) -> str:
    """The type in PostgreSQL of a field's annotation; what is no plain value is JSON."""
    if get_origin(hint) is Literal:
        return "text"
    plain = [part for part in get_args(hint) if part is not NoneType]
    if NoneType in get_args(hint) and len(plain) == 1:
        return _type(plain[0])
    return _TYPES.get(hint, "jsonb")


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(column.quoted for column in columns)


def _unnest(columns: Sequence[Column]) -> str:
    arrays = ", ".join(f"${number}::{column.type}[]" for number, column in enumerate(columns, 2))
    return f"unnest({arrays}) u({_names(columns)})"
