"""What all table definitions share: the metadata, and columns in the few types that the store uses."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import SchemaItem

metadata = MetaData()


def big(name: str, *, null: bool = False) -> Column[int]:
    """A 64-bit integer: ids, quantities, minor units."""
    return Column(name, BigInteger, nullable=null)


def small(name: str) -> Column[int]:
    """A 32-bit integer: positions, versions, counts."""
    return Column(name, Integer, nullable=False)


def text(name: str, *, null: bool = False) -> Column[str]:
    """Text that sorts and compares by code point, the same on every server."""
    return Column(name, Text(collation="C"), nullable=null)


def flag(name: str) -> Column[bool]:
    """A yes or no."""
    return Column(name, Boolean, nullable=False)


def moment(name: str, *, null: bool = False) -> Column[Any]:
    """A point in time with its zone."""
    return Column(name, DateTime(timezone=True), nullable=null)


def json(name: str, *, null: bool = False) -> Column[Any]:
    """A JSON value."""
    return Column(name, JSONB(none_as_null=True), nullable=null)


def uuid(name: str, *, null: bool = False) -> Column[Any]:
    """A UUID."""
    return Column(name, Uuid, nullable=null)


def blob(name: str, *, null: bool = False) -> Column[bytes]:
    """Bytes: hashes."""
    return Column(name, LargeBinary, nullable=null)


def table(name: str, key: tuple[str, ...], *items: SchemaItem) -> Table:
    """A table of workspaces' rows: the workspace is its first column and leads its primary key."""
    return Table(
        name,
        metadata,
        big("workspace"),
        *items,
        PrimaryKeyConstraint("workspace", *key, name=f"{name}_pkey"),
    )


def belongs(
    table_name: str, parent: str, columns: tuple[str, ...], to: tuple[str, ...]
) -> ForeignKeyConstraint:
    """A foreign key within the workspace; children go with their parent."""
    return ForeignKeyConstraint(
        ["workspace", *columns],
        [f"{parent}.{column}" for column in ("workspace", *to)],
        name=f"{table_name}_{parent}_fkey",
        ondelete="CASCADE",
    )
