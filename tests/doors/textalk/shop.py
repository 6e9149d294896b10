"""A small shop for the tests: three classes over tables of its own, contexts, and a writer in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from entrepot.domain.kernel.money import read_amount, to_major
from entrepot.doors.textalk.caller.context import Administrator, Audience, BuyerSession, Context, Webshop
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, WRITE, ClassDecl, Field, Snapshot, Uid
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json

metadata = sa.MetaData()
groups = sa.Table(
    "groups",
    metadata,
    sa.Column("workspace", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", JSONB),
    sa.Column("parent", sa.BigInteger),
)
articles = sa.Table(
    "articles",
    metadata,
    sa.Column("workspace", sa.BigInteger, primary_key=True),
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.Text(collation="C")),
    sa.Column("name", JSONB),
    sa.Column("folded", sa.Text(collation="C")),
    sa.Column("price", JSONB),
    sa.Column("weight", sa.Integer),
    sa.Column("group", sa.BigInteger),
    sa.Column("others", ARRAY(sa.BigInteger)),
    sa.Column("images", JSONB),
    sa.Column("attributes", JSONB),
    sa.Column("hidden", sa.Boolean),
    sa.Column("created", sa.DateTime(timezone=True)),
    sa.Column("cost", sa.Numeric),
)


def _major(cell: Any) -> Json:
    return {currency: to_major(minor, currency) for currency, minor in (cell or {}).items()}


def _minor(path: tuple[str, ...], value: Json) -> Json:
    assert isinstance(value, int | float) or hasattr(value, "scaleb")
    return read_amount(value, path[-1])  # pyright: ignore[reportArgumentType]


def _unhidden(audience: Audience) -> sa.ColumnElement[bool] | None:
    return None if audience is Audience.ADMIN else articles.c.hidden.is_(False)


async def _stock(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    rows = await snapshot.fetch("select id, id * $1::bigint from unnest($2::bigint[]) id", [2, list(uids)])
    return {row[0]: {"useStock": True, "stock": row[1]} for row in rows}


_children = groups.alias("children")
GROUP = ClassDecl(
    name="Articlegroup",
    rows=groups,
    workspace=groups.c.workspace,
    uid=groups.c.id,
    operations={**READ, **WRITE},
    fields=(
        Field(name="uid", shape=shapes.integer(0), source=groups.c.id, filterable=True, sortable=True),
        Field(
            name="name", shape=shapes.localized(), source=groups.c.name, filterable=True, write=Audience.ADMIN
        ),
        Field(
            name="parent",
            shape=shapes.reference("Articlegroup", nullable=True),
            source=groups.c.parent,
            filterable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="children",
            shape=shapes.references("Articlegroup"),
            source=sa.func.array(
                sa.select(_children.c.id)
                .where(_children.c.workspace == groups.c.workspace, _children.c.parent == groups.c.id)
                .order_by(_children.c.id)
                .scalar_subquery(),
                type_=ARRAY(sa.BigInteger),
            ),
        ),
    ),
)

_PRICE = shapes.Record(properties={"current": shapes.by_currency(), "regular": shapes.by_currency()})
ARTICLE = ClassDecl(
    name="Article",
    rows=articles,
    workspace=articles.c.workspace,
    uid=articles.c.id,
    operations={**READ, **WRITE},
    visible=_unhidden,
    search=articles.c.folded,
    aliases=(
        Field(
            name="heavy",
            shape=shapes.boolean(),
            source=sa.type_coerce(articles.c.weight > sa.literal(100, sa.BigInteger), sa.Boolean),
            filterable=True,
        ),
    ),
    fields=(
        Field(name="uid", shape=shapes.integer(0), source=articles.c.id, filterable=True, sortable=True),
        Field(
            name="articleNumber",
            shape=shapes.string(20, min_length=1),
            source=articles.c.number,
            filterable=True,
            sortable=True,
            write=Audience.ADMIN,
            required=True,
        ),
        Field(
            name="name",
            shape=shapes.localized(50),
            source=articles.c.name,
            filterable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="price",
            shape=shapes.by_currency(),
            source=articles.c.price,
            filterable=True,
            write=Audience.ADMIN,
            to_wire=_major,
            to_store=_minor,
        ),
        Field(
            name="weight",
            shape=shapes.integer(0, nullable=True),
            source=articles.c.weight,
            filterable=True,
            sortable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="articlegroup",
            shape=shapes.reference("Articlegroup", nullable=True),
            source=articles.c.group,
            filterable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="orderedWithArticles",
            shape=shapes.references("Article"),
            source=articles.c.others,
            filterable=True,
        ),
        Field(
            name="images",
            shape=shapes.Array(items=shapes.string(100), max_items=3),
            source=articles.c.images,
            filterable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="attributes",
            shape=shapes.Mapped(keys=shapes.ANY_KEYS, values=shapes.Free()),
            source=articles.c.attributes,
            filterable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="hidden",
            shape=shapes.boolean(),
            source=articles.c.hidden,
            filterable=True,
            write=Audience.ADMIN,
        ),
        Field(
            name="created", shape=shapes.moment(), source=articles.c.created, filterable=True, sortable=True
        ),
        Field(
            name="cost",
            shape=shapes.number(nullable=True),
            source=articles.c.cost,
            filterable=True,
            sortable=True,
            read=Audience.ADMIN,
            write=Audience.ADMIN,
        ),
        Field(
            name="stock",
            shape=shapes.Record(properties={"useStock": shapes.boolean(), "stock": shapes.number()}),
            source=_stock,
        ),
    ),
)

CLASSES = {decl.name: decl for decl in (GROUP, ARTICLE)}

SHOP = Webshop(
    uid=22222,
    workspace=7,
    channel=1,
    environment="live",
    languages=frozenset({"en", "sv"}),
    default_language="sv",
    demands_tls=False,
)
STRICT = msgspec.structs.replace(SHOP, uid=33333, demands_tls=True)


class Lookups:
    """The directory of the tests: two shops, one token, one session."""

    def __init__(self) -> None:
        self.tokens = {"admin-token": Administrator(id=1, persistent=False)}
        self.sessions = {"a" * 32: BuyerSession(id=5, customer=None)}
        self.broken = False

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def webshop(self, uid: int) -> Webshop | None:
        if self.broken:
            raise ConnectionError
        return {SHOP.uid: SHOP, STRICT.uid: STRICT}.get(uid)

    async def administrator(self, webshop: Webshop | None, token: str) -> Administrator | None:
        return self.tokens.get(token)

    async def session(self, webshop: Webshop, token: str) -> BuyerSession | None:
        return self.sessions.get(token)


ANYBODY = Context(language="en", webshop=SHOP)
ADMIN = Context(language="en", webshop=SHOP, administrator=Administrator(id=1, persistent=False))


class MemoryWriter:
    """Takes every patch and remembers it; object 404 does not exist."""

    def __init__(self) -> None:
        self.written: list[tuple[str, Uid | None, Mapping[str, Json]]] = []

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        if uid == 404:
            return RpcError(Code.OBJECT_NOT_FOUND)
        self.written.append((decl.name, uid, patch))
        return Written(99 if uid is None else uid, patch)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        return RpcError(Code.OBJECT_NOT_FOUND) if uid == 404 else None

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        return []
