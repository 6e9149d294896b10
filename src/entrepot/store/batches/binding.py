"""How a kind of record stands in its table: its columns, and the set-based statements that write and find it.

A statement takes the workspace and all rows as one JSON text, so that a batch writes any number of rows of a kind in
one round trip. (With one array per column, encoding the arrays took a seventh of an order's processor time.) All
engine writes are these statements; what is read for rules is in `stages`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from entrepot.domain.kernel.records import Record

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

    def to_json(self, alias: str) -> str:
        """The column of a table as a JSON text is to have it: bytes in base64, without PostgreSQL's line breaks."""
        if self.type != "bytea":
            return f"{alias}.{self.quoted}"
        return f"translate(encode({alias}.{self.quoted}, 'base64'), E'\\n', '') as {self.quoted}"


class Binding:
    """One kind of record, its table, and the columns that name a row within its workspace.

    `upsert` is for rows that nobody locks before writing them; `fixed` are large columns that stay as inserted.
    """

    def __init__(
        self, kind: type[Record], table: str, *key: str, upsert: bool = False, fixed: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.fixed = fixed
        self.table = table
        self.upsert = upsert
        self.columns = _columns(kind)
        self.keys = [column for column in self.columns if column.name in key]
        self._parsers = [
            (index, msgspec.json.Decoder(column.hint).decode)
            for index, column in enumerate(self.columns)
            if column.type == "jsonb"
        ]
        self.insert = self._insert()
        self.claim = f"{self.insert} on conflict do nothing"
        self.delete = self._delete()
        self.put = f"{self.insert} on conflict (workspace, {_names(self.keys)}) {self._replaced()}"

    @property
    def key_names(self) -> list[str]:
        """The key columns, the workspace left out."""
        return [column.name for column in self.keys]

    @property
    def key_types(self) -> dict[str, str]:
        """The types of the key columns, by name."""
        return {column.name: column.type for column in self.keys}

    def rows(self, records: Sequence[Record]) -> str:
        """The records as the parameter of insert, claim and put."""
        return json_text(records)

    def select(self, alias: str) -> str:
        """The columns of the record, as they stand in the table called `alias`, for `parse`."""
        return ", ".join(f"{alias}.{column.quoted}" for column in self.columns)

    def in_json(self, alias: str) -> str:
        """The columns of the record, as they stand in the table called `alias`, for rows that travel as JSON."""
        return ", ".join(column.to_json(alias) for column in self.columns)

    def parse(self, row: Sequence[Any]) -> Record:
        """The record that a row of `select` columns stands for."""
        values = list(row)
        for index, parse in self._parsers:
            if values[index] is not None:
                values[index] = parse(values[index])
        return self.kind(*values)

    def _insert(self) -> str:
        return (
            f'insert into "{self.table}" (workspace, {_names(self.columns)}) '
            f"select $1, {', '.join(column.from_json for column in self.columns)} "
            f"from json_to_recordset($2) u({', '.join(column.in_json for column in self.columns)})"
        )

    def _delete(self) -> str:
        matched = " and ".join(f"t.{column.quoted} = k.{column.quoted}" for column in self.keys)
        return (
            f'delete from "{self.table}" t using {keyed(self.key_types).format(keys="$2")} '
            f"where t.workspace = $1 and {matched}"
        )

    def _replaced(self) -> str:
        values = [
            column.quoted
            for column in self.columns
            if column not in self.keys and column.name not in self.fixed
        ]
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


def json_text(value: object) -> str:
    """What statements take as a parameter, such as an array of keys; a key of several columns is an array itself."""
    return _encode(value).decode()


def keyed(columns: Mapping[str, str], *, ordered: bool = False) -> str:
    """The SQL of keys as rows of `k`, given names and types of their columns; `{keys}` stands for their JSON text."""
    several = len(columns) > 1
    values = (f"value ->> {index}" if several else "value" for index in range(len(columns)))
    picked = (
        f'{_typed(value, columns[name])} as "{name}"' for value, name in zip(values, columns, strict=True)
    )
    each = "json_array_elements" if several else "json_array_elements_text"
    order = f" order by {', '.join(str(number) for number in range(1, len(columns) + 1))}" if ordered else ""
    return f"(select {', '.join(picked)} from {each}({{keys}}){order}) k"


def _typed(text: str, kind: str) -> str:
    """A value out of its text in JSON."""
    if kind == "text":
        return f'({text}) collate "C"'
    return f"decode({text}, 'base64')" if kind == "bytea" else f"({text})::{kind}"
