"""A class declared once; its methods, schemas, queries and SQL follow from this."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from sqlalchemy import BigInteger, Boolean, ColumnElement, DateTime, FromClause, Text, bindparam

from entrepot.domain.catalogue.shop_rows import DeleteRow, SaveRow
from entrepot.domain.channels.edit_rows import EditRows
from entrepot.domain.kernel.records import Record as DomainRecord
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare.shapes import Kind, Shape
from entrepot.doors.textalk.wire.json import Json

Uid: TypeAlias = int | str


class Snapshot(Protocol):
    """One state of the database, in which every statement of a call is run."""

    async def fetch(self, statement: str, arguments: Sequence[object]) -> Sequence[Sequence[Any]]:
        """The rows of one statement; its parameters are `$1` and on."""
        ...

    def parts(
        self, statement: str, arguments: Sequence[object], size: int
    ) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        """The same rows from a cursor, so many at a time."""
        ...


Loader: TypeAlias = Callable[[Snapshot, Context, Sequence[Any]], Awaitable[Mapping[Any, Json]]]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One property of a class.

    `source` is the SQL expression of its value in the row of the class, or a loader that computes the values
    of many objects at once (from children, or by rules), given their uids. jsonb holds the wire form unless
    `to_wire` makes it; `to_store` makes a filter's operand out of the keys below the property and the value; `put`
    makes of a patch's value what changes in the record (`domain.channels.edit_rows` says how it is merged).
    `sorted_by` is what it is sorted by, if that is not its value; `falling` the same for the other direction, of what
    may be null: less than all where it is, so that an index that rises gives this order too. `read` is who may see it,
    `write` who may set it, None nobody. What is told `once` is seen in the answer to the call that makes the object by
    whoever makes it.
    """

    name: str
    shape: Shape
    source: ColumnElement[Any] | Loader
    filterable: bool = False
    sortable: bool = False
    sorted_by: ColumnElement[Any] | None = None
    falling: ColumnElement[Any] | None = None
    read: Audience = Audience.ANONYMOUS
    write: Audience | None = None
    once: bool = False
    required: bool = False
    title: str = ""
    to_wire: Callable[[Any], Json] | None = None
    to_store: Callable[[tuple[str, ...], Json], Json] | None = None
    put: Callable[[Json], Mapping[str, Any]] | None = None

    @property
    def column(self) -> ColumnElement[Any] | None:
        """The SQL expression; None if the value is computed by a loader."""
        return None if callable(self.source) else self.source


class Operation(Enum):
    """The methods that follow from a declaration."""

    GET = "get"
    LIST = "list"
    COUNT = "count"
    SET = "set"
    CREATE = "create"
    DELETE = "delete"
    VALIDATE = "validate"
    NORMALIZE = "normalize"
    GET_SCHEMA = "getSchema"


READ: Final[Mapping[Operation, Audience]] = {
    Operation.GET: Audience.ANONYMOUS,
    Operation.LIST: Audience.ANONYMOUS,
    Operation.COUNT: Audience.ANONYMOUS,
    Operation.GET_SCHEMA: Audience.ANONYMOUS,
}
WRITE: Final[Mapping[Operation, Audience]] = {
    Operation.SET: Audience.ADMIN,
    Operation.CREATE: Audience.ADMIN,
    Operation.DELETE: Audience.ADMIN,
    Operation.VALIDATE: Audience.ADMIN,
    Operation.NORMALIZE: Audience.ADMIN,
}


class Caller:
    """What a declaration may say about the caller and the shop: parameters, which get their values per call.

    `CURRENCY` and `LANGUAGE`: the shop's own, not the caller's; `OPEN`: the shop shows its goods to this caller;
    `SHOP`: its uid;
    `STOCK`: what the shop does about stock; `SEES`: it is shown the workspace's other orders too;
    `NOW`: the business time.
    """

    WORKSPACE: Final = bindparam("workspace", type_=BigInteger)
    CHANNEL: Final = bindparam("channel", type_=BigInteger)
    SESSION: Final = bindparam("session", type_=BigInteger)
    CUSTOMER: Final = bindparam("customer", type_=BigInteger)
    LANGUAGE: Final = bindparam("language", type_=Text)
    OPEN: Final = bindparam("open", type_=Boolean)
    SHOP: Final = bindparam("shop", type_=BigInteger)
    SEES: Final = bindparam("sees", type_=Boolean)
    ENVIRONMENT: Final = bindparam("environment", type_=Text)
    STOCK: Final = bindparam("stock", type_=Text)
    CURRENCY: Final = bindparam("currency", type_=Text)
    NOW: Final = bindparam("now", type_=DateTime(timezone=True))


def everything(audience: Audience) -> None:
    """The visibility of a class whose objects everybody in the shop may see."""
    del audience


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The records behind the objects of a class that are changed one by one.

    `blank` are a new record's fields; `unique` names the property that only one object may have; `edits` is the command
    that changes them, with the rules of its own that they have.
    """

    kind: type[DomainRecord]
    blank: Mapping[str, Any]
    unique: str = ""
    edits: type[EditRows] = EditRows


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """The commands by which objects of a class of the catalogue are changed one by one."""

    save: type[SaveRow]
    delete: type[DeleteRow]


class ClassDecl(msgspec.Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """A class of the API.

    `rows` is the table or join with one row per object; `workspace` and `uid` are columns of it. `visible`
    narrows the rows to what such a caller may see, with the parameters of `Caller`: the rest does not exist.
    `aliases` only filter. `search` is a column that holds the searchable text, folded by `domain.folding.fold`.
    `operations` says which methods there are, and for whom; `stored` or `goods` what set, create
    and delete change.
    `checks_references` says that its commands refuse references to what is not the shop's, which else its methods do.
    """

    name: str
    rows: FromClause
    workspace: ColumnElement[Any]
    uid: ColumnElement[Any]
    fields: tuple[Field, ...]
    operations: Mapping[Operation, Audience]
    uid_kind: Kind = Kind.INTEGER
    visible: Callable[[Audience], ColumnElement[bool] | None] = everything
    aliases: tuple[Field, ...] = ()
    search: ColumnElement[str] | None = None
    summary: str = ""
    stored: Stored | None = None
    goods: Goods | None = None
    few: bool = False
    """Of all there are a buyer sees few, found by whose they are: no list of his may walk through all by their uids."""
    checks_references: bool = False
    near: frozenset[str] = frozenset()
    """Classes to which its properties lead whose objects are told with it once it was changed, made of records."""

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The properties by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def filters(self) -> Mapping[str, Field]:
        """The filter-only names."""
        return {field.name: field for field in self.aliases}


Classes: TypeAlias = Mapping[str, ClassDecl]
