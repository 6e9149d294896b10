"""What the engine writes and what the tables are: the same columns, keys and types."""

import pytest
from sqlalchemy import Column, Table, types

from entrepot.store import outbox
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS, CATALOGUE, CLAIMS, SHOP
from entrepot.store.tables import metadata
from entrepot.worlds.plan import areas

_ALL = {id(each): each for each in (*BINDINGS, *CATALOGUE, *SHOP, *CLAIMS, areas.CHANNELS, outbox._OUTBOX)}
_TYPES: dict[type, str] = {
    types.Integer: "bigint",  # of any width
    types.Text: "text",
    types.Boolean: "boolean",
    types.DateTime: "timestamptz",
    types.JSON: "jsonb",
    types.Uuid: "uuid",
    types.LargeBinary: "bytea",
}


def type_of(column: "Column[object]") -> str:
    return next(name for kind, name in _TYPES.items() if isinstance(column.type, kind))


def own_columns(table: Table) -> "list[Column[object]]":
    return [column for column in table.columns if column.name != "workspace"]


@pytest.mark.parametrize("binding", _ALL.values(), ids=lambda binding: binding.kind.__name__)
def test_a_record_is_its_table(binding: Binding) -> None:
    columns = own_columns(metadata.tables[binding.table])
    assert [(c.name, c.type) for c in binding.columns] == [(c.name, type_of(c)) for c in columns]
    assert binding.key_names == [column.name for column in columns if column.primary_key]
