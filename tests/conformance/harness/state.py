"""What the database holds, as one digest per table: a refused request must leave all of them as they were.

Rows that were there before a test began are only counted, since they are many: each change of one gives it the number
of a newer transaction, so it leaves their count and joins the rows whose content is digested.
"""

from collections.abc import Mapping
from typing import TypeAlias

from entrepot.store.connections import Connection

State: TypeAlias = Mapping[str, str]
"""Table by table the count of its older rows and the digest of the newer ones."""

NO_STATE = frozenset(
    {
        "alembic_version",
        "attempts",
        "bank_confirmations",
        "bank_intents",
        "batches",
        "counters",
        "request_log",
        "sandbox_worlds",
        "tries",
    }
)
"""Attempts, numbering, counts of tries, the integration log, and what the sandbox was told: what was tried may leave
traces in these."""

_TABLES = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1
"""


_BEGUN = """
select set_config('proof.begun', (pg_snapshot_xmax(pg_current_snapshot())::text::bigint % 4294967296)::text, false)
"""
_OLDER = "xmin::text::bigint < coalesce(nullif(current_setting('proof.begun', true), ''), '0')::bigint"


async def begin_proof(connection: Connection) -> None:
    """What is there by now is older, for the states that are read over this connection."""
    await connection.execute(_BEGUN)


async def read_state(connection: Connection) -> State:
    """The digests of all tables, taken in one statement, so of one moment."""
    names = [row[0] for row in await connection.fetch(_TABLES) if row[0] not in NO_STATE]
    return dict(await connection.fetch(" union all ".join(map(_digest, names))))


def changed(before: State, after: State) -> list[str]:
    """The tables whose rows are not the same."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _digest(table: str) -> str:
    newer = """string_agg(t::text, E'\\n' order by t::text collate "C") filter (where not older)"""
    state = f"count(*) filter (where older) || coalesce(md5({newer}), '')"
    return f"""select '{table}', {state} from "{table}" t, lateral (select {_OLDER} as older) age"""
