"""What a lane reads to find a row: the row, however much its workspace holds and held when its plans were made."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.engine.batches.bulk import run_all
from entrepot.engine.batches.engine import Engine
from entrepot.engine.clock import Clock
from entrepot.store.batches.stages import FINDS
from entrepot.store.connections import connect, connect_engine, read_pool
from entrepot.store.plans import PLANNED_ANEW
from tests.support.cluster import not_on_citus
from tests.support.waiting import eventually

WORKSPACE = 77
AT_ONCE, BATCHES = 32, 128
NAMES = AT_ONCE * BATCHES
GONE = """
select count(*) = 1 from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
"""
READ = """
select seq_tup_read + (select sum(idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid)
from pg_stat_user_tables t where relname = 'references'
"""


class Claim(Command, frozen=True):
    """Takes a name that nobody has."""

    number: int
    stages = frozenset({Stage.REFERENCE})

    @property
    def name(self) -> tuple[int, str, str, str]:
        return 1, "live", "plans", str(self.number)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        return (self.name,) if stage is Stage.REFERENCE else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        assert view.get(Reference, self.name) is None
        return Decided(True, Changes([Reference(*self.name, self.number)]))


@not_on_citus("what shards read is told by their nodes")
async def test_a_lane_that_began_on_empty_tables_finds_by_key_once_they_are_filled(database_url: str) -> None:
    other = await connect(database_url)
    await other.execute('analyze "references"')  # nothing is there, and PostgreSQL is told so
    engine = Engine(partial(connect_engine, database_url), Clock(), lanes=1)
    await engine.start()
    for first in range(0, NAMES, AT_ONCE):
        claims = [Claim(number) for number in range(first, first + AT_ONCE)]
        assert await run_all(engine, WORKSPACE, claims) == [True] * AT_ONCE
    await engine.stop()
    await eventually(partial(other.fetchval, GONE))  # it tells what it read as it leaves
    read = await other.fetchval(READ)
    await other.close()
    assert read < NAMES * (NAMES / 2) / 3, "nearly all that were there were read for each"


BY_NAME = """
select r.target from unnest((select $2::text[])) k(value) cross join lateral (
  select * from "references" where workspace = $1 and channel = 1 and environment = 'live' and kind = 'plans'
    and value = k.value offset 0
) r
"""
FILL = """
insert into "references" (workspace, channel, environment, kind, value, target)
select $1, 1, 'live', 'plans', n::text, n from generate_series(1, $2::integer) n
"""
USES = 300


@not_on_citus("what shards read is told by their nodes")
async def test_reads_that_began_on_empty_tables_find_by_key_once_they_are_filled(database_url: str) -> None:
    other = await connect(database_url)
    await other.execute('analyze "references"')
    pool = await read_pool(database_url, 1)
    for use in range(USES):
        if use == PLANNED_ANEW - 1:
            await other.execute(FILL, WORKSPACE, NAMES)
        async with pool.acquire() as reading:
            found = await reading.fetch(BY_NAME, WORKSPACE, [str(use)])
        assert [row[0] for row in found] == ([use] if use >= PLANNED_ANEW - 1 else [])
    await pool.close()
    await eventually(partial(other.fetchval, GONE))
    read = await other.fetchval(READ)
    await other.close()
    assert read < NAMES * 2, "all that were there were read more than once"


@not_on_citus("EXPLAIN of the coordinator tells another form, and the indexes are the same")
async def test_whether_a_variant_stands_nowhere_reads_its_own_levels_alone(database_url: str) -> None:
    lane = await connect_engine(database_url)
    for number, find in enumerate(FINDS[Stage.STOCK]):
        await lane.execute(f"prepare step{number}(bigint, json) as {find.query('$2', lock=True)}")
        text = await lane.fetchval(f"explain (format json) execute step{number}(1, '[]')")
        scans = [node for node in nodes(json.loads(text)[0]["Plan"]) if node.get("Relation Name") == "stock"]
        assert scans
        assert all("variant" in scan["Index Cond"] for scan in scans), scans
    await lane.close()


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All nodes of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
