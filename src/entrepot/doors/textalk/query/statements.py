"""The statements of a read: one per level, each with the workspace as a parameter.

Making the text of a statement costs more than running it, so it is made once for each class, set of properties,
kind of caller, order and form of filters.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from entrepot.domain.orders.access import sees_others
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare.declaration import Caller, ClassDecl, Field, Uid
from entrepot.doors.textalk.declare.shapes import Kind
from entrepot.doors.textalk.query.conditions import Parameter, form, parameters, where
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
    filters = Filtering(selection.filters)
    wanted = Listing(names, context.audience, sort, selection.descending)
    return _selected(decl, wanted, filters).filled({**values, **filters.values})


def objects_counted(decl: ClassDecl, context: Context, filters: Filters) -> Statement:
    """How many objects match."""
    filtering = Filtering(filters)
    return _counted(decl, context.audience, filtering).filled({**_caller(context), **filtering.values})


class Listing(msgspec.Struct, frozen=True):
    """What the text of a list depends on, its filters left out."""

    names: tuple[str, ...]
    audience: Audience
    sort: str | None
    descending: bool


class Filtering:
    """The filters of one call. Two are equal if their text is: only the values of their parameters differ."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._form = tuple(form(condition) for condition in filters)
        self.parameters = [parameters(condition) for condition in filters]
        self.values: Mapping[str, object] = {
            f"f{place}_{number}": parameter.value
            for place, own in enumerate(self.parameters)
            for number, parameter in enumerate(own)
        }

    def __hash__(self) -> int:
        return hash(self._form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filtering) and self._form == other._form

    def conditions(self, decl: ClassDecl) -> list[sa.ColumnElement[bool]]:
        """The SQL around the parameters."""
        return [
            where(condition, decl, [_bind(place, number, each) for number, each in enumerate(own)])
            for place, (condition, own) in enumerate(zip(self._filters, self.parameters, strict=True))
        ]


def _bind(place: int, number: int, parameter: Parameter) -> sa.BindParameter[Any]:
    return sa.bindparam(f"f{place}_{number}", type_=parameter.type)


@lru_cache(maxsize=1024)
def _by_uid(decl: ClassDecl, names: tuple[str, ...], audience: Audience) -> Template:
    kind = sa.BigInteger() if decl.uid_kind is Kind.INTEGER else sa.Text()
    given = sa.func.unnest(sa.select(sa.bindparam("uids", type_=ARRAY(kind))).scalar_subquery())
    wanted = given.table_valued(sa.column("uid", kind), name="wanted").render_derived()
    rows = decl.rows.join(wanted, wanted.c.uid == decl.uid)
    return template(_select(decl, names).select_from(rows).where(*_seen(decl, audience)))


@lru_cache(maxsize=1024)
def _selected(decl: ClassDecl, wanted: Listing, filters: Filtering) -> Template:
    return template(
        _select(decl, wanted.names)
        .select_from(decl.rows)
        .where(*_seen(decl, wanted.audience), *filters.conditions(decl))
        .order_by(*_order(decl, wanted))
        .limit(sa.bindparam("limit", type_=sa.BigInteger))
        .offset(sa.bindparam("offset", type_=sa.BigInteger))
    )


@lru_cache(maxsize=1024)
def _counted(decl: ClassDecl, audience: Audience, filters: Filtering) -> Template:
    rows = sa.select(sa.func.count()).select_from(decl.rows)
    return template(rows.where(*_seen(decl, audience), *filters.conditions(decl)))


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
        "sees": sees_others(shop.settings, shop.environment),
        "environment": shop.environment,
        "stock": shop.settings.stock,
        "currency": shop.settings.currency,
        "now": context.now,
        "open": not shop.login_required or context.may_see_goods,
    }


def _order(decl: ClassDecl, wanted: Listing) -> list[sa.ColumnElement[Any]]:
    # An index gives its own column in order, but not the sum: what is the buyer's is found first, and sorted then.
    walks = not decl.few or wanted.audience is Audience.ADMIN
    uid = decl.uid if walks else decl.uid + sa.literal_column("0", sa.BigInteger)
    field = None if wanted.sort is None else decl.by_name[wanted.sort]
    column = None if field is None else field.sorted_by if field.sorted_by is not None else field.column
    if column is None or column is decl.uid:
        # Never null, so that an index gives both directions.
        return [uid.desc() if wanted.descending else uid.asc()]
    if field is not None and field.falling is not None and wanted.descending:
        return [field.falling.desc(), uid.asc()]
    key = column
    ordered = sa.collate(key, "C") if isinstance(key.type, sa.String) else key
    first = ordered.desc() if wanted.descending else ordered.asc()
    return [first.nulls_last(), uid.asc()]
