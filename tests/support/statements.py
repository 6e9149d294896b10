"""What a database that is spread over nodes by workspace cannot do, read from the statements and their plans.

A plan is PostgreSQL's own reading of a statement: `a.workspace = b.workspace and a.workspace = $1` gives both tables
the condition, as it does where the statement is sent to the node that holds the workspace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from entrepot.store.batches.readers import FUNCTION as _FUNCTION
from entrepot.store.batches.stages import STEPS
from entrepot.store.batches.writer import writes
from entrepot.store.connections import Connection, connect
from entrepot.store.tables import metadata
from entrepot.store.upkeep.distribution import EVERYWHERE
from tests.support.spying import ASKED, UNNAMED, Sent, noted

DISTRIBUTED: Final = frozenset(metadata.tables) - set(EVERYWHERE)
"""The tables whose rows lie on the node of their workspace."""

_PLANNED: Final = re.compile(r"\s*(?!select pg_advisory)(select|insert|update|delete|with)\b", re.IGNORECASE)
_WRITES: Final = re.compile(r"\b(insert into|update\s+\S+(\s+\w+)?\s+set|delete from)\b", re.IGNORECASE)
_VOLATILE: Final = re.compile(r"\b(now|random|gen_random_uuid|clock_timestamp|nextval)\s*\(", re.IGNORECASE)
_SHIFTED: Final = re.compile(r'\b[a-z_."]+ *[-+] *(?:interval\b|\$\d+::interval)', re.IGNORECASE)
_MOVED: Final = re.compile(r'\bset\s+"?workspace"?\s*=', re.IGNORECASE)
_INTO: Final = re.compile(r'\binsert into "?(\w+)"?')
_INTO_ONE: Final = re.compile(
    r'insert into "?\w+"?\s*\(workspace, [^()]*\)\s*(select |values\s*\()(\$1|\d+)\b'
)
_TEXT: Final = re.compile(r"'(?:[^']|'')*'")
_OURS: Final = re.compile(r"workspace = '?-?\d+'?|workspace = ANY \(")
_TIED: Final = re.compile(r"workspace = \(?\w+\.workspace|\w+\.workspace = ")
_FOLLOWED: Final = re.compile(r"workspace = \(?(\w+)\.workspace")
_READ: Final = re.compile(r'\b(?:from|join) "?(\w+)"?', re.IGNORECASE)
_CONDITIONS: Final = (
    "One-Time Filter",
    "Index Cond",
    "Recheck Cond",
    "Filter",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
)


INNER: Final = "subplan"


class Fault(NamedTuple):
    """A statement, and why nodes cannot run it."""

    why: str
    query: str


class Scan(NamedTuple):
    """Where a plan reads a table: as what, under which conditions, its joins' included."""

    table: str
    alias: str
    own: str
    all: str
    inner: bool
    """Whether it is read anew for each row of what is around it."""


async def faults(connection: Connection, sent: Iterable[Sent]) -> list[Fault]:
    """What is wrong with these statements; the connection leads to a database in which they make sense."""
    found: list[Fault] = []
    for each in sent:
        if each.query == ASKED:
            found.append(Fault(f"types {each.values} are asked for", each.query))
        elif each.query == UNNAMED:
            found.append(Fault(" at ".join(each.values), each.query))
        elif _PLANNED.match(each.query):
            found += [Fault(why, each.query) for why in await _wrong(connection, each)]
    return found


async def _wrong(connection: Connection, sent: Sent) -> list[str]:
    try:
        text = await connection.fetchval(f"explain (format json) {sent.query}", *sent.values)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError):
        return []  # it spoke of what was its connection's own, or is gone by now
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return [
        *_of_text(sent.query),
        *_of_plan(plan, generic=sent.generic),
        *_of_what_fell_away(sent.query, plan),
    ]


def _of_text(query: str) -> Iterator[str]:
    bare = _TEXT.sub("''", query)
    into = _INTO.search(bare)
    if into and into[1] in DISTRIBUTED and not _INTO_ONE.search(bare):
        yield f"rows of {into[1]} in workspaces that the statement does not name"
    if not _WRITES.search(bare):
        return
    if _VOLATILE.search(bare):
        yield "a function that answers anew each time, where rows are written"
    if _SHIFTED.search(bare):
        yield "a column moved by an interval, which depends on the time zone, where rows are written"
    if _MOVED.search(bare) and any(f"update {name} " in bare for name in DISTRIBUTED):
        yield "a row that leaves its workspace"


def _of_plan(plan: Mapping[str, Any], *, generic: bool) -> Iterator[str]:
    nodes = [node for node, _ in _walk(plan)]
    writes = [node for node in nodes if node["Node Type"] == "ModifyTable"]
    locks = any(node["Node Type"] == "LockRows" for node in nodes)
    if len(writes) > 1:
        yield "several statements that write, in one"
    scans = [*_scans(plan)]
    here = {scan.alias for scan in scans if _OURS.search(scan.own)}
    if here and (
        lost := {scan.table for scan in scans if scan.inner and scan.alias not in here} & DISTRIBUTED
    ):
        yield f"{', '.join(sorted(lost))} in a subquery that follows the workspace of what is around it"
    if not generic:  # a plan that is made anew may follow the workspace from one table to the next
        here = _reached(here, scans)
    open_ones = [scan for scan in scans if scan.table in DISTRIBUTED and scan.alias not in here]
    if not open_ones:
        return
    tables = ", ".join(sorted({scan.table for scan in open_ones}))
    if writes:
        yield f"writes, and {tables} without a workspace"
    elif locks:
        yield f"locks, and {tables} without a workspace"
    elif generic:
        yield f"{tables} without a workspace, where plans are forced to be generic"
    elif others := sorted({scan.table for scan in scans} - DISTRIBUTED):
        yield f"{tables} of all workspaces, with {', '.join(others)}"
    elif len(open_ones) > 1 and not any(_TIED.search(scan.all) for scan in open_ones):
        yield f"{tables} of all workspaces, joined by something else"


def _of_what_fell_away(query: str, plan: Mapping[str, Any]) -> Iterator[str]:
    """Once a condition rules out one half of a union, the rest may be asked of all shards."""
    scans = [*_scans(plan)]
    away = DISTRIBUTED.intersection(_READ.findall(query)) - {scan.table for scan in scans}
    loose = {scan.table for scan in scans if scan.inner and not _TIED.search(scan.all)} & DISTRIBUTED
    # Where both halves fell away, nothing is read around the subqueries, and none of them runs.
    if away and loose and not all(scan.inner for scan in scans):
        yield f"{', '.join(sorted(loose))} tied to nothing around it, where {', '.join(sorted(away))} fell away"


def _reached(here: Set[str], scans: Sequence[Scan]) -> set[str]:
    """The tables that have the workspace of one of these, or of one that has."""
    found = set(here)
    for _ in scans:
        found |= {scan.alias for scan in scans if found.intersection(_FOLLOWED.findall(scan.own))}
    return found


def _walk(
    plan: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Every node of a plan, with the conditions of the joins above it."""
    if plan.get("Parent Relationship") == "SubPlan":
        above = (*above, INNER)
    yield plan, above
    below = (*above, *(str(plan[name]) for name in _CONDITIONS if name in plan))
    for each in plan.get("Plans", ()):
        yield from _walk(each, below)


def _scans(plan: Mapping[str, Any]) -> Iterator[Scan]:
    for node, above in _walk(plan):
        name = node.get("Relation Name") or (node.get("Function Name") and f"{node['Function Name']}()")
        if name and node["Node Type"] != "ModifyTable":
            own = " ".join(str(node[name]) for name in _CONDITIONS if name in node)
            if node["Node Type"] == "Bitmap Heap Scan":
                own += " ".join(str(inner.get("Index Cond")) for inner, _ in _walk(node))
            yield Scan(_table(name), node.get("Alias", name), own, " ".join((own, *above)), INNER in above)


def _table(name: str) -> str:
    """A partition is its table."""
    return "request_log" if name.startswith("request_log") else name


_KEYS: Final = """
select c.conrelid::regclass::text as told, c.conname as name,
  array(select attname::text from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any(c.conkey)) as columns,
  case when c.contype = 'f' then c.confrelid::regclass::text end as parent
from pg_constraint c where c.contype in ('p', 'u', 'f', 'x') and c.connamespace = 'public'::regnamespace
union all
select i.indrelid::regclass::text, i.indexrelid::regclass::text,
  array(select attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey)), null
from pg_index i join pg_class c on c.oid = i.indrelid
where i.indisunique and c.relnamespace = 'public'::regnamespace
"""


async def key_faults(connection: Connection) -> list[str]:
    """Keys that nodes could not hold by themselves, and tables of which nobody said how they are spread."""
    found: list[str] = []
    for table, name, columns, parent in await connection.fetch(_KEYS):
        here, there = _table(table), parent and _table(parent)
        if here in DISTRIBUTED and "workspace" not in columns and (parent is None or there in DISTRIBUTED):
            found.append(f"{name}: without the workspace")
        if here in metadata.tables and here not in DISTRIBUTED and there in DISTRIBUTED:
            found.append(f"{name}: from a table that stands everywhere to one that is spread")
    return sorted(set(found))


def of_lanes() -> Iterator[Sent]:
    """What a lane's own functions run, one by one."""
    for _, find in STEPS:
        yield Sent(find.query("$2::json", lock=True), (1, "[]"), generic=True)
    for _, _, statement in writes():
        yield Sent(statement, (1, "[]"), generic=True)
    for each in _BETWEEN.findall(
        _FUNCTION.format(steps="", listeners=1, counter=2, stream="l.url", shard="", guard="")
    ):
        yield Sent(_PARAMETER.sub(lambda found: _VALUES[found[1]], each), (), generic=True)


_PARAMETER: Final = re.compile(r"\$([0-9])")
_VALUES: Final = {
    "1": "1", "2": "'[]'::json", "3": f"'{UUID(int=0)}'::uuid", "4": "'epoch'::timestamptz", "5": "0"
}  # fmt: skip
_BETWEEN: Final = re.compile(r"(?:then|query) ((?:insert|select|update).*?);", re.DOTALL)


async def told(url: str, notes: Path) -> list[str]:
    """What is wrong with the statements that a server on this database sent, a line each."""
    connection = await connect(url)
    try:
        return [
            f"{each.why}: {' '.join(each.query.split())}" for each in await faults(connection, noted(notes))
        ]
    finally:
        await connection.close()
