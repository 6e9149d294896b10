"""What the database holds, table by table: a refused request must leave all of it as it was.

Rows that were there before a test began are only counted, since they are many: each change of one gives it the number
of a newer transaction, so it joins the rows that are compared in full.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from entrepot.store.connections import Connection
from tests.support import cluster

State: TypeAlias = Mapping[str, Sequence[str]]
"""Table by table the count of all rows and every newer one, in the order of their texts."""

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
# What age() reckons from stays the same within a statement, so the younger one is the newer one.
_SINCE = "select age(coalesce(nullif(current_setting('proof.begun', true), ''), '0')::xid)"


async def begin_proof(connection: Connection) -> None:
    """What is there by now is older, for the states that are read over this connection."""
    await connection.execute(_BEGUN)


async def read_state(connection: Connection) -> State:
    """What all tables hold, read in one statement, so of one moment."""
    names = [row[0] for row in await connection.fetch(_TABLES) if row[0] not in NO_STATE]
    texts: dict[str, list[str]] = {name: [] for name in names}
    for name, text in await connection.fetch(_statement(names)):
        texts[name].append(text)
    return {name: sorted(found) for name, found in texts.items()}


def changed(before: State, after: State) -> list[str]:
    """The tables whose rows are not the same."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _statement(tables: Sequence[str]) -> str:
    """Short for each table: what is longer than 15 KB is planned anew each time, which costs more than it reads."""
    return f"with since (age) as ({_SINCE}) " + " union all ".join(map(_rows, tables))


COUNTED = frozenset({"outbox"})
"""Where rows change by themselves, as messages do on their way: of these it counts how many there are."""


def _rows(table: str) -> str:
    if table in COUNTED:
        return f"""select '{table}', count(*)::text from "{table}\""""
    if cluster.URL:  # each of its nodes numbers transactions by itself
        all_of_it = "concat(count(*), ' ', sum(hashtextextended(t::text, 0)::numeric))"
        return f"""select '{table}', {all_of_it} from "{table}" t"""
    newer = f"""select '{table}', t::text from "{table}" t where age(xmin) <= (select age from since)"""
    return f"""{newer} union all select '{table}', count(*)::text from "{table}\""""
