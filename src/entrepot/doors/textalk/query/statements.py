"""The statements of a read: one per level, each with the workspace as a parameter."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from entrepot.doors.textalk.classes.declaration import ClassDecl, Field, Uid
from entrepot.doors.textalk.classes.shapes import Kind
from entrepot.doors.textalk.context import Context
from entrepot.doors.textalk.query.conditions import where
from entrepot.doors.textalk.query.filters import Filters
from entrepot.doors.textalk.query.selection import MAX_ROWS, Selection

_DIALECT: Final = PGDialect_asyncpg()


class Statement(msgspec.Struct, frozen=True):
    """SQL with `$1` and on, and the arguments in that order."""

    sql: str
    arguments: tuple[object, ...]


def compiled(statement: sa.ClauseElement) -> Statement:
    """The statement as asyncpg takes it."""
    result: Any = statement.compile(dialect=_DIALECT)
    return Statement(str(result), tuple(result.params[name] for name in result.positiontup or ()))


def objects_by_uid(
    decl: ClassDecl, fields: Sequence[Field], context: Context, uids: Sequence[Uid]
) -> Statement:
    """The objects with these uids that the caller may see: first column the uid, then the fields' columns."""
    kind = sa.BigInteger() if decl.uid_kind is Kind.INTEGER else sa.Text()
    given = sa.func.unnest(sa.literal(list(uids), ARRAY(kind)))
    wanted = given.table_valued(sa.column("uid", kind), name="wanted").render_derived()
    rows = decl.rows.join(wanted, wanted.c.uid == decl.uid)
    return compiled(_select(decl, fields).select_from(rows).where(*_seen(decl, context)))


def objects_selected(
    decl: ClassDecl, fields: Sequence[Field], context: Context, selection: Selection
) -> Statement:
    """The objects of a list in its order; one more than the most there may be, if there are so many."""
    limit = MAX_ROWS + 1 if selection.limit is None else min(selection.limit, MAX_ROWS + 1)
    return compiled(
        _select(decl, fields)
        .select_from(decl.rows)
        .where(*_seen(decl, context), *_matching(decl, selection.filters))
        .order_by(*_order(decl, selection))
        .limit(sa.literal(limit, sa.BigInteger))
        .offset(sa.literal(selection.offset, sa.BigInteger))
    )


def objects_counted(decl: ClassDecl, context: Context, filters: Filters) -> Statement:
    """How many objects match."""
    rows = sa.select(sa.func.count()).select_from(decl.rows)
    return compiled(rows.where(*_seen(decl, context), *_matching(decl, filters)))


def _select(decl: ClassDecl, fields: Sequence[Field]) -> sa.Select[Any]:
    columns = [_column(field).label(f"c{place}") for place, field in enumerate(fields)]
    return sa.select(decl.uid.label("uid"), *columns)


def _column(field: Field) -> sa.ColumnElement[Any]:
    """jsonb is read as text, whatever codec the connection has, and decoded with all digits."""
    column = field.column
    if column is None:
        raise TypeError(field.name)
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column


def _seen(decl: ClassDecl, context: Context) -> list[sa.ColumnElement[bool]]:
    """What the caller may see, in the caller's workspace."""
    own = decl.workspace == sa.literal(context.shop.workspace, decl.workspace.type)
    narrowed = decl.visible(context)
    return [own] if narrowed is None else [own, narrowed]


def _matching(decl: ClassDecl, filters: Filters) -> list[sa.ColumnElement[bool]]:
    return [where(condition, decl) for condition in filters]


def _order(decl: ClassDecl, selection: Selection) -> list[sa.ColumnElement[Any]]:
    column = None if selection.sort is None else selection.sort.column
    key = decl.uid if column is None else column
    ordered = sa.collate(key, "C") if isinstance(key.type, sa.String) else key
    first = ordered.desc() if selection.descending else ordered.asc()
    return [first.nulls_last(), decl.uid.asc()]
