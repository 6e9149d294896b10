"""Reads on a real PostgreSQL: projection, expansion, every condition, and one statement per level."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from entrepot.doors.kit import encode
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import Snapshot
from entrepot.doors.textalk.pattern.methods import ClassMethods
from entrepot.doors.textalk.query import fetch, selection
from entrepot.doors.textalk.query.reads import PooledReads
from entrepot.doors.textalk.query.statements import template
from entrepot.doors.textalk.wire.errors import RpcError
from entrepot.store import sharing
from entrepot.store.connections import Pool, read_pool
from entrepot.store.sharing import Pace, SharedPool
from tests.doors.textalk.shop import (
    ADMIN,
    ANYBODY,
    ARTICLE,
    CLASSES,
    GROUP,
    MemoryWriter,
    articles,
    groups,
    metadata,
)

CREATED = datetime(2024, 1, 1, tzinfo=UTC)


def article(uid: int, workspace: int = 7, **values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "workspace": workspace,
        "id": uid,
        "number": f"A{uid}",
        "name": {"en": f"Article {uid}", "sv": f"Artikel {uid}"},
        "folded": f"article {uid}",
        "price": {"SEK": uid * 1000, "JPY": uid},
        "weight": uid * 10,
        "group": None,
        "others": [],
        "images": [],
        "attributes": {},
        "hidden": False,
        "created": CREATED.replace(day=uid % 28 + 1),
        "cost": Decimal("0.10"),
    }
    return defaults | values


ARTICLES = [
    article(1, group=12, others=[2, 3], images=["a.png", "b.png"], attributes={"a": {"b": [1]}, "n": None}),
    article(2, group=11, number="100%_x", name={"en": "Ärla's \\ hat"}, folded="ärla's \\ hat 100%"),
    article(3, weight=None, others=None, attributes={"a": "text"}, price={"SEK": 2550}),
    article(20, group=404, hidden=True, others=[1]),
    article(1, workspace=8, name={"en": "Another workspace"}),
]
GROUPS = [
    {"workspace": 7, "id": 10, "name": {"en": "All"}, "parent": None},
    {"workspace": 7, "id": 11, "name": {"en": "Hats"}, "parent": 10},
    {"workspace": 7, "id": 12, "name": {"en": "Shoes"}, "parent": 10},
]


async def _fill(url: str) -> None:
    connection: Any = await asyncpg.connect(url)
    for table in (groups, articles):
        await connection.execute(str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect())))
    for table, rows in ((groups, GROUPS), (articles, ARTICLES)):
        for row in rows:
            statement = template(
                sa.insert(table).values({k: _cell(table, k, v) for k, v in row.items()})
            ).filled({})
            await connection.execute(statement.sql, *statement.arguments)
    await connection.close()


def _cell(table: sa.Table, name: str, value: Any) -> Any:
    if isinstance(table.c[name].type, sa.JSON) and value is not None:
        return sa.cast(sa.literal(encode(value).decode(), sa.Text), table.c[name].type)
    return value


@pytest.fixture(scope="module")
def filled_url(postgres_url: str) -> Any:
    """The tables of the small shop, in the session's database."""
    asyncio.run(_fill(postgres_url))
    yield postgres_url
    asyncio.run(_drop(postgres_url))


async def _drop(url: str) -> None:
    connection: Any = await asyncpg.connect(url)
    await connection.execute("drop table articles, groups")
    await connection.close()


class CountingReads:
    """Counts what is run, and how many snapshots it is run in."""

    def __init__(self, pool: Any) -> None:
        self.inner = PooledReads(SharedPool(pool))
        self.statements: list[str] = []
        self.snapshots = 0
        self.costs: list[int] = []
        self.lengths: list[int] = []

    @asynccontextmanager
    async def snapshot(self, cost: int = 1, *, alone: bool = False) -> AsyncGenerator[Snapshot]:
        self.snapshots += 1
        self.costs.append(cost)
        async with self.inner.snapshot(cost, alone=alone) as inner:
            yield _Counted(inner, self.statements, self.lengths)


class _Counted:
    def __init__(self, inner: Snapshot, statements: list[str], lengths: list[int]) -> None:
        self.inner = inner
        self.statements = statements
        self.lengths = lengths

    async def fetch(self, statement: str, arguments: Sequence[object]) -> Sequence[Sequence[Any]]:
        self.statements.append(statement)
        return await self.inner.fetch(statement, arguments)

    async def parts(
        self, statement: str, arguments: Sequence[object], size: int
    ) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        self.statements.append(statement)
        async for rows in self.inner.parts(statement, arguments, size):
            self.lengths.append(len(rows))
            yield rows


@pytest.fixture
async def reads(filled_url: str) -> AsyncIterator[CountingReads]:
    pool = await read_pool(filled_url, 1)
    yield CountingReads(pool)
    await pool.close()


class Api:
    def __init__(self, reads: CountingReads) -> None:
        self.reads = reads
        self.article = ClassMethods(ARTICLE, CLASSES, reads, MemoryWriter())
        self.group = ClassMethods(GROUP, CLASSES, reads, MemoryWriter())

    async def get(self, *params: Any, context: Context = ANYBODY) -> Any:
        return _read(await self.article.get(context, params))

    async def list(self, *params: Any, context: Context = ADMIN) -> Any:
        return _read(await self.article.list(context, params))

    async def uids(self, filters: Any, **more: Any) -> Any:
        found = await self.list("uid", {"filters": filters, **more})
        if isinstance(found, RpcError):
            return found
        counted = await self.article.count(ADMIN, [filters])
        uids = [row["uid"] for row in found]
        assert more or counted == len(uids)
        return uids


def _read(answer: Any) -> Any:
    """What a caller reads, numbers with all their digits."""
    if isinstance(answer, RpcError):
        return answer
    return msgspec.json.Decoder(float_hook=Decimal).decode(encode(answer))


@pytest.fixture
def api(reads: CountingReads) -> Api:
    return Api(reads)


async def test_the_whole_object_in_wire_form(api: Api) -> None:
    assert await api.get(1) == {
        "uid": 1,
        "articleNumber": "A1",
        "name": {"en": "Article 1", "sv": "Artikel 1"},
        "price": {"SEK": 10, "JPY": 1},
        "weight": 10,
        "articlegroup": 12,
        "orderedWithArticles": [2, 3],
        "images": ["a.png", "b.png"],
        "attributes": {"a": {"b": [1]}, "n": None},
        "hidden": False,
        "created": "2024-01-02T00:00:00Z",
        "stock": {"useStock": True, "stock": 2},
    }
    assert (await api.get("1", True, context=ADMIN))["cost"] == Decimal("0.10")
    assert (await api.get(3, "price"))["price"] == {"SEK": Decimal("25.5")}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("uid", {"uid": 1}),
        ({"name": "sv"}, {"name": {"sv": "Artikel 1"}}),
        ({"name": {"en": True, "de": True}}, {"name": {"en": "Article 1", "de": None}}),
        ({"articlegroup": True}, {"articlegroup": 12}),
        (
            {"articlegroup": {"uid": True, "name": "en"}},
            {"articlegroup": {"uid": 12, "name": {"en": "Shoes"}}},
        ),
        (
            {"articlegroup": {"parent": {"children": "uid"}}},
            {"articlegroup": {"parent": {"children": [{"uid": 11}, {"uid": 12}]}}},
        ),
        ({"articlegroup": {"children": True}}, {"articlegroup": {"children": []}}),
        (
            {"orderedWithArticles": {"name": "en"}},
            {"orderedWithArticles": [{"name": {"en": "Ärla's \\ hat"}}, {"name": {"en": "Article 3"}}]},
        ),
        ({"attributes": {"a": {"b": True, "c": True}}}, {"attributes": {"a": {"b": [1], "c": None}}}),
        ({"stock": "stock"}, {"stock": {"stock": 2}}),
    ],
)
async def test_queries_cut_and_expand(api: Api, query: Any, expected: Any) -> None:
    assert await api.get(1, query) == expected


async def test_missing_references_are_null(api: Api) -> None:
    found = await api.list({"uid": True, "articlegroup": "uid"}, True)
    assert [row["articlegroup"] for row in found] == [{"uid": 12}, {"uid": 11}, None, None]
    hidden = await api.list({"orderedWithArticles": "uid"}, {"filters": {"/uid": 1}}, context=ANYBODY)
    assert hidden == [{"orderedWithArticles": [{"uid": 2}, {"uid": 3}]}]


@pytest.mark.parametrize("uid", [404, "404", 20, 2**60, "9" * 400, -1])
async def test_what_the_caller_cannot_see_does_not_exist(api: Api, uid: Any) -> None:
    found = await api.get(uid)
    assert isinstance(found, RpcError)
    assert found.code == 9003
    if uid == 20:
        assert (await api.get(uid, "uid", context=ADMIN)) == {"uid": 20}


@pytest.mark.parametrize("uid", [None, True, 1.5, "x", "", [], {}, "٣"])
async def test_what_is_no_uid_is_refused(api: Api, uid: Any) -> None:
    found = await api.get(uid)
    assert isinstance(found, RpcError)
    assert found.render("en")["data"] == [{"message": "Must be a uid.", "pointer": "/0"}]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [1, 2, 3, 20]),
        ({"/uid": 2}, [2]),
        ({"/uid": "2"}, [2]),
        ({"/uid": {"min": 2, "max": 3}}, [2, 3]),
        ({"/uid": {"in": [1, "20", 5, 2**70]}}, [1, 20]),
        ({"/uid": {"in": []}}, []),
        ({"/uid": {"equals": 10**25}}, []),
        ({"/uid": {"max": 10**25}}, [1, 2, 3, 20]),
        ({"/uid": {"min": 1.5}}, [2, 3, 20]),
        ({"/weight": None}, [3]),
        ({"/weight": {"equals": None}}, [3]),
        ({"/weight": {"in": [None, 10]}}, [1, 3]),
        ({"/weight": {"min": 0}}, [1, 2, 20]),
        ({"/weight": {"equals": 2**40}}, []),
        ({"/articleNumber": "A1"}, [1]),
        ({"/articleNumber": {"startsWith": "a"}}, [1, 3, 20]),
        ({"/articleNumber": {"startsWith": "100%_"}}, [2]),
        ({"/articleNumber": {"startsWith": "%"}}, []),
        ({"/articleNumber": {"min": "A1", "max": "A20"}}, [1, 20]),
        ({"/articleNumber": {"in": ["A1", "A3"]}}, [1, 3]),
        ({"/name/en": "Article 3"}, [3]),
        ({"/name/en": {"startsWith": "ART"}}, [1, 3, 20]),
        ({"/name/en": {"startsWith": "ärla's \\"}}, [2]),
        ({"/name/sv": None}, [2]),
        ({"/name/en": {"in": ["Article 1", None]}}, [1]),
        ({"/price/SEK": {"min": 25.5, "max": 26}}, [3]),
        ({"/price/SEK": 10}, [1]),
        ({"/price/JPY": {"max": 2}}, [1, 2]),
        ({"/price/JPY": {"equals": None}}, [3]),
        ({"/price/SEK": {"in": [10, 25.5]}}, [1, 3]),
        ({"/articlegroup": 11}, [2]),
        ({"/hidden": True}, [20]),
        ({"/hidden": {"in": ["false"]}}, [1, 2, 3]),
        ({"heavy": {"equals": True}}, [20]),
        ({"heavy": False}, [1, 2]),
        ({"/created": {"min": "2024-01-03", "max": "2024-01-04T01:00:00+01:00"}}, [2, 3]),
        ({"/created": "2024-01-02T00:00:00Z"}, [1]),
        ({"/created": {"in": ["2024-01-02"]}}, [1]),
        ({"/orderedWithArticles": {"contains": 3}}, [1]),
        ({"/orderedWithArticles": {"containsAny": [3, 1, 2**70]}}, [1, 20]),
        ({"/orderedWithArticles": {"containsAny": []}}, []),
        ({"/orderedWithArticles": None}, [3]),
        ({"/images": {"contains": "b.png"}}, [1]),
        ({"/images": {"containsAny": ["x", "a.png"]}}, [1]),
        ({"/attributes/a/b": None}, [2, 3, 20]),
        ({"/attributes/n": None}, [1, 2, 3, 20]),
        ({"/attributes/a": "text"}, [3]),
        ({"/attributes/a": {"equals": {"b": [1]}}}, [1]),
        ({"/cost": Decimal("0.1")}, [1, 2, 3, 20]),
        ({"search": {"term": "ÄRLA", "relevance": 100}}, [2]),
        ({"search": {"term": "100%"}}, [2]),
        ({"search": {"term": "article 2"}}, [20]),
        ({"search": {"term": "_"}}, []),
        ({"search": ""}, [1, 2, 3, 20]),
        ({"/uid": {"min": 2}, "/weight": {"min": 100}}, [20]),
    ],
)
async def test_every_condition(api: Api, filters: Any, expected: list[int]) -> None:
    assert await api.uids(filters) == expected


async def test_names_and_values_of_clients_are_parameters(api: Api) -> None:
    wicked = "en'; drop table articles; --"
    assert await api.uids({f"/attributes/{wicked}": wicked, "/articleNumber": {"startsWith": wicked}}) == []
    assert all(wicked not in statement for statement in api.reads.statements)
    assert await api.get(1, {"attributes": {wicked: True}}) == {"attributes": {wicked: None}}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"descending": True}, [20, 3, 2, 1]),
        ({"sort": "weight"}, [1, 2, 20, 3]),
        ({"sort": "weight", "descending": True}, [20, 2, 1, 3]),
        ({"sort": "articleNumber"}, [2, 1, 20, 3]),
        ({"sort": "cost", "descending": True}, [1, 2, 3, 20]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 2, "offset": 1}, [2, 3]),
        ({"limit": 0}, []),
        ({"offset": 2**40}, []),
    ],
)
async def test_order_limit_and_offset(api: Api, selection: Any, expected: list[int]) -> None:
    assert [row["uid"] for row in await api.list("uid", selection)] == expected


async def test_one_statement_per_level_in_one_snapshot(api: Api) -> None:
    query = {
        "name": "en",
        "articlegroup": {"name": "en", "parent": {"name": "en"}},
        "orderedWithArticles": "uid",
    }
    found = await api.list(query, True)
    assert found[0]["articlegroup"]["parent"] == {"name": {"en": "All"}}
    assert api.reads.snapshots == 1
    assert len(api.reads.statements) == 4
    assert all("workspace = $" in statement for statement in api.reads.statements)


async def test_a_read_is_one_unchanging_state_and_cannot_write(filled_url: str) -> None:
    async with asyncpg.create_pool(filled_url, min_size=2, max_size=2) as pool:
        async with PooledReads(SharedPool(cast("Pool", pool))).snapshot() as snapshot:
            before = await snapshot.fetch("select count(*) from groups", [])
            async with pool.acquire() as other:
                await other.execute("insert into groups values (9, 1, '{}', null)")
            assert await snapshot.fetch("select count(*) from groups", []) == before
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await snapshot.fetch("delete from groups where workspace = $1 returning id", [9])
        async with pool.acquire() as other:
            await other.execute("delete from groups where workspace = 9")


async def test_a_list_is_never_cut_silently(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (fetch, selection, __import__("entrepot.doors.textalk.query.statements", fromlist=["x"])):
        monkeypatch.setattr(module, "MAX_ROWS", 3)
    refused = await api.list("uid", True)
    assert isinstance(refused, RpcError)
    assert refused.code == -32602
    assert [problem.pointer for problem in refused.data] == ["/1/limit"]  # pyright: ignore
    assert len(await api.list("uid", {"limit": 3})) == 3
    assert isinstance(await api.list("uid", {"limit": 4}), RpcError)


async def test_a_long_list_is_read_in_parts_and_is_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a cursor, in one snapshot, never more rows at a time; what a list may have counts for all of it."""
    query = {"uid": True, "name": True, "articlegroup": {"uid": True, "parent": {"name": True}}}
    whole = await api.list(query)
    monkeypatch.setattr(fetch, "LIGHT", 0)
    monkeypatch.setattr(fetch, "PART", 2)
    assert api.reads.lengths == []
    snapshots = api.reads.snapshots
    assert await api.list(query) == whole
    assert (api.reads.lengths, api.reads.snapshots) == ([2, 2], snapshots + 1)
    monkeypatch.setattr(fetch, "MAX_SIZE", 300)
    refused = await api.list(query)
    assert isinstance(refused, RpcError)
    told: Any = refused.render("en")
    assert told["data"][0]["pointer"] == "/1/limit"
    monkeypatch.setattr(fetch, "MAX_ROWS", 3)
    assert isinstance(await api.list("uid"), RpcError)


async def test_an_answer_that_multiplies_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    query: Any = {"children": {"parent": {"children": {"parent": "children"}}}}
    whole = _read(await api.group.get(ANYBODY, [10, query]))
    assert len(whole["children"][0]["parent"]["children"]) == 2  # pyright: ignore
    monkeypatch.setattr(fetch, "MAX_SIZE", 200)
    refused = await api.group.get(ANYBODY, [10, query])
    assert isinstance(refused, RpcError)
    assert refused.code == 9004
    assert isinstance(await api.group.list(ANYBODY, [query, True]), RpcError)


def test_the_example_tables_are_those_of_the_declarations() -> None:
    assert set(metadata.tables) == {"groups", "articles"}


async def test_a_read_is_costed_before_it_runs(api: Api) -> None:
    """By its levels and its limit; without one, by how long such a list was the last time."""
    deep = {"name": True, "articlegroup": {"name": True, "parent": {"name": True}}}
    await api.get(1, "uid")
    await api.get(1, deep)
    await api.list("uid", {"limit": 2})
    await api.list(deep, {"limit": 2})
    assert api.reads.costs == [1, 3, 2, 6]
    whole = await api.list("uid", True)
    api.reads.costs.clear()
    group = {"children": {"name": True, "parent": {"name": True, "children": {"name": True}}}}
    for _ in range(2):
        await api.group.get(ANYBODY, [10, group])
    assert api.reads.costs == [4, 6], "four levels; then as many objects as they had"
    api.reads.costs.clear()
    await api.list(deep, True)
    assert api.reads.costs == [3 * len(whole)]


async def test_others_have_their_turns_while_a_long_list_is_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns are counted where a slice has no length: each object is read and written in a turn of its own."""
    monkeypatch.setattr(sharing, "SLICE_SECONDS", 0)
    turns, pause = 0, Pace.pause

    async def counted(pace: Pace) -> None:
        nonlocal turns
        turns += 1
        await pause(pace)

    monkeypatch.setattr(Pace, "pause", counted)
    listed = await api.list("uid", True)
    assert turns == 2 * len(listed)


async def test_lists_that_wait_for_their_turn_have_made_no_statement_yet(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    select = fetch.objects_selected

    def counted(*arguments: Any) -> Any:
        made.append(arguments)
        return select(*arguments)

    monkeypatch.setattr(fetch, "objects_selected", counted)
    async with api.reads.inner.snapshot():  # the only connection there is
        waiting = [asyncio.create_task(api.list("uid", True)) for _ in range(20)]
        while api.reads.snapshots < len(waiting):  # noqa: ASYNC110  (a turn of the loop each)
            await asyncio.sleep(0)
        assert made == []
    assert len({str(each) for each in await asyncio.gather(*waiting)}) == 1
    assert len(made) == len(waiting)
