"""Running the laws over one workspace or all of them.

A small workspace costs less to look at than to ask about, so many of them share a statement; a large one is asked about
by itself, with a plan that is made for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from entrepot.checks.findings import Finding
from entrepot.checks.laws import LAWS, Law
from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection
from entrepot.store.upkeep.distribution import is_spread

MOST_FINDINGS: Final = 100
"""How many breaches of one law are told per workspace."""
LARGE: Final = 10_000
"""A workspace of more orders is asked about by itself."""
TOGETHER: Final = 200
"""So many small workspaces share a statement, and are read as of one moment."""

_WORKSPACES: Final = """
select w.id, (select count(*) from (select from orders where workspace = w.id limit $2 + 1) o) > $2 as large
from workspaces w where $1::bigint is null or w.id = $1 order by w.id
"""
# Where tables are spread over nodes, every workspace is asked about by itself: a statement goes to one node.
_SPREAD: Final = "select id, true from workspaces where $1::bigint is null or id = $1 order by id"
_BY_ITSELF: Final = ("plan_cache_mode = force_custom_plan",)
# What stands in all workspaces together is nothing to a small one: it is found by its index, whatever is estimated.
_BY_INDEX: Final = ("enable_seqscan = off", "enable_bitmapscan = off")

Progress = Callable[[int, int], None]
"""Told how many workspaces of how many are done."""


def _nobody(_done: int, _all: int) -> None:
    """Nobody watches."""


async def run_checks(
    connection: Connection, workspace: int | None = None, progress: Progress = _nobody
) -> list[Finding]:
    """What breaks a law, in one workspace or in all; each workspace is read as of one moment."""
    if await is_spread(connection):
        rows = await connection.fetch(_SPREAD, workspace)
    else:
        rows = await connection.fetch(_WORKSPACES, workspace, LARGE)
    findings: list[Finding] = []
    done = 0
    for group, large in _groups([tuple(row) for row in rows]):
        progress(done, len(rows))
        findings += await _check(connection, group, _BY_ITSELF if large else _BY_INDEX)
        done += len(group)
    progress(done, len(rows))
    return sorted(findings, key=lambda finding: finding.workspace or 0)


def _groups(found: Sequence[tuple[int, bool]]) -> Iterator[tuple[list[int], bool]]:
    small = [workspace for workspace, large in found if not large]
    for first in range(0, len(small), TOGETHER):
        yield small[first : first + TOGETHER], False
    for workspace, large in found:
        if large:
            yield [workspace], True


async def _check(connection: Connection, workspaces: Sequence[int], planned: Sequence[str]) -> list[Finding]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for setting in planned:
            await connection.execute(f"set local {setting}")
        now = real_now()
        return [finding for law in LAWS for finding in await _breaches(connection, workspaces, law, now)]


async def _breaches(
    connection: Connection, workspaces: Sequence[int], law: Law, now: datetime
) -> Iterator[Finding]:
    sql, given = _statement(workspaces, law)
    rows = await connection.fetch(sql, given, *((now,) if law.timed else ()))
    told: dict[int, list[Any]] = {}
    for row in rows:
        told.setdefault(row["in_workspace"], []).append(row)
    return (finding for workspace, broken in told.items() for finding in _told(law, workspace, broken))


def _statement(workspaces: Sequence[int], law: Law) -> tuple[str, int | list[int]]:
    """One more breach of each workspace than is told, and what to ask it with."""
    most = f"limit {MOST_FINDINGS + 1}"
    if len(workspaces) == 1:
        return f"select $1::bigint in_workspace, b.* from ({law.sql} {most}) b", workspaces[0]  # noqa: S608  (ours)
    each = law.sql.replace("$1", "w.id")
    return (
        f"select w.id in_workspace, b.* from unnest($1::bigint[]) w(id) cross join lateral ({each} {most}) b",  # noqa: S608  (ours)
        [*workspaces],
    )


def _told(law: Law, workspace: int, rows: Sequence[Any]) -> Iterator[Finding]:
    for row in rows[:MOST_FINDINGS]:
        yield Finding(law.severity, law.name, workspace, law.says.format_map(dict(row)))
    if len(rows) > MOST_FINDINGS:
        yield Finding(law.severity, law.name, workspace, f"and more than {MOST_FINDINGS} in all")
