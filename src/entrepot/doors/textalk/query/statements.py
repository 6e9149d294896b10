"""The statements of a read: one per level, each with the workspace as a parameter.

Making the text of a statement costs more than running it, so it is made once for each class, set of properties,
kind of caller and order; only statements with filters are made anew.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from entrepot.doors.textalk.classes.declaration import Caller, ClassDecl, Field, Uid
from entrepot.doors.textalk.classes.shapes import Kind
from entrepot.doors.textalk.context import Audience, Context
from entrepot.doors.textalk.query.conditions import where
from entrepot.doors.textalk.query.filters import Filters
from entrepot.doors.textalk.query.selection import MAX_ROWS, Selection

_DIALECT: Final = PGDialect_asyncpg()


class Statement(msgspec.Struct, frozen=True):
    """SQL with `$1` and on, and the arguments in that order."""

    sql: str
    arguments: tuple[object, ...]


class Template(msgspec.Struct, frozen=True):
    """SQL with `$1` and on, the names of its parameters in that order, and the values that are always the same."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, object]

    def filled(self, values: Mapping[str, object]) -> Statement:
        """The statement with these values."""
        known = {**self.fixed, **values}
        return Statement(self.sql, tuple(known[name] for name in self.names))


def template(statement: sa.ClauseElement) -> Template:
    """The statement as asyncpg takes it."""
    result: Any = statement.compile(dialect=_DIALECT)
    return Template(str(result), tuple(result.positiontup or ()), dict(result.params))


def objects_by_uid(
    decl: ClassDecl, fields: Sequence[Field], context: Context, uids: Sequence[Uid]
) -> Statement:
    """The objects with these uids that the caller may see: first column the uid, then the fields' columns."""
    names = tuple(field.name for field in fields)
    return _by_uid(decl, names, context.audience).filled({**_caller(context), "uids": list(uids)})


def objects_selected(
    decl: ClassDecl, fields: Sequence[Field], context: Context, selection: Selection
) -> Statement:
    """The objects of a list in its order; one more than the most there may be, if there are so many."""
    names = tuple(field.name for field in fields)
    sort = None if selection.sort is None else selection.sort.name
    limit = MAX_ROWS + 1 if selection.limit is None else min(selection.limit, MAX_ROWS + 1)
    values = {**_caller(context), "limit": limit, "offset": selection.offset}
    if not selection.filters:
        return _selected(decl, names, context.audience, sort, selection.descending).filled(values)
    rows = _listed(decl, names, context.audience, sort, descending=selection.descending)
    return template(rows.where(*_matching(decl, selection.filters))).filled(values)


def objects_counted(decl: ClassDecl, context: Context, filters: Filters) -> Statement:
    """How many objects match."""
    rows = sa.select(sa.func.count()).select_from(decl.rows).where(*_seen(decl, context.audience))
    return template(rows.where(*_matching(decl, filters))).filled(_caller(context))


@lru_cache(maxsize=1024)
def _by_uid(decl: ClassDecl, names: tuple[str, ...], audience: Audience) -> Template:
    kind = sa.BigInteger() if decl.uid_kind is Kind.INTEGER else sa.Text()
    given = sa.func.unnest(sa.bindparam("uids", type_=ARRAY(kind)))
    wanted = given.table_valued(sa.column("uid", kind), name="wanted").render_derived()
    rows = decl.rows.join(wanted, wanted.c.uid == decl.uid)
    return template(_select(decl, names).select_from(rows).where(*_seen(decl, audience)))


@lru_cache(maxsize=1024)
def _selected(
    decl: ClassDecl,
    names: tuple[str, ...],
    audience: Audience,
    sort: str | None,
    descending: bool,
) -> Template:
    return template(_listed(decl, names, audience, sort, descending=descending))


def _listed(
    decl: ClassDecl, names: tuple[str, ...], audience: Audience, sort: str | None, *, descending: bool
) -> sa.Select[Any]:
    return (
        _select(decl, names)
        .select_from(decl.rows)
        .where(*_seen(decl, audience))
        .order_by(*_order(decl, sort, descending=descending))
        .limit(sa.bindparam("limit", type_=sa.BigInteger))
        .offset(sa.bindparam("offset", type_=sa.BigInteger))
    )


def _select(decl: ClassDecl, names: tuple[str, ...]) -> sa.Select[Any]:
    columns = [_column(decl.by_name[name]).label(f"c{place}") for place, name in enumerate(names)]
    return sa.select(decl.uid.label("uid"), *columns)


def _column(field: Field) -> sa.ColumnElement[Any]:
    """jsonb is read as text, whatever codec the connection has, and decoded with all digits."""
    column = field.column
    if column is None:
        raise TypeError(field.name)
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column


def _seen(decl: ClassDecl, audience: Audience) -> list[sa.ColumnElement[bool]]:
    """What the caller may see, in the caller's workspace."""
    own = decl.workspace == Caller.WORKSPACE
    narrowed = decl.visible(audience)
    return [own] if narrowed is None else [own, narrowed]


def _caller(context: Context) -> dict[str, object]:
    """The values of the parameters that declarations may use, `declaration.Caller`."""
    shop, session = context.shop, context.session
    return {
        "workspace": shop.workspace,
        "channel": shop.channel,
        "session": None if session is None else session.id,
        "customer": None if session is None else session.customer,
        "shop": shop.uid,
        "language": shop.default_language,
        "sees": shop.settings.sees == "workspace",
        "environment": shop.environment,
        "now": context.now,
        "open": not shop.login_required or context.may_see_goods,
    }


def _matching(decl: ClassDecl, filters: Filters) -> list[sa.ColumnElement[bool]]:
    return [where(condition, decl) for condition in filters]


def _order(decl: ClassDecl, sort: str | None, *, descending: bool) -> list[sa.ColumnElement[Any]]:
    column = None if sort is None else decl.by_name[sort].column
    key = decl.uid if column is None else column
    ordered = sa.collate(key, "C") if isinstance(key.type, sa.String) else key
    first = ordered.desc() if descending else ordered.asc()
    return [first.nulls_last(), decl.uid.asc()]
