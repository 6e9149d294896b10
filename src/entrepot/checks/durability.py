"""Whether what was acknowledged outlives the database's machine, as far as its settings tell."""

from __future__ import annotations

from entrepot.checks.findings import Finding
from entrepot.store.connections import Connection, connect
from entrepot.store.places import places_of

_SETTINGS = """
select current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
  (select count(*) from pg_stat_replication r
   where coalesce(r.application_name, '') not in ('pg_basebackup', 'pg_receivewal', 'pg_recvlogical')
     and r.pid not in (select s.active_pid from pg_replication_slots s
                       where s.slot_type = 'logical' and s.active_pid is not null))
"""


async def check_durability(connection: Connection, url: str) -> list[Finding]:
    """At most one warning: what the settings of this database, and of its standbys, may cost when it fails."""
    commit, names, standbys = await connection.fetchrow(_SETTINGS)
    why = _why(commit, names, followed=bool(standbys) or len(places_of(url)) > 1)
    return [Finding("warning", "durability", None, why)] if why else []


async def durability(url: str) -> list[Finding]:
    """The same, on a connection of its own. Raises `FAULTS`."""
    connection = await connect(url)
    try:
        return await check_durability(connection, url)
    finally:
        await connection.close()


def _why(commit: str, names: str, *, followed: bool) -> str | None:
    if commit == "off":
        return (
            "synchronous_commit is off: orders acknowledged just before the database's machine fails are lost"
        )
    if followed and not names:
        return (
            "synchronous_standby_names is empty: orders that a standby had not got yet are lost when it takes the "
            "primary's place"
        )
    if followed and commit == "local":
        return (
            "synchronous_commit is local: orders that a standby had not got yet are lost when it takes the "
            "primary's place"
        )
    return None
