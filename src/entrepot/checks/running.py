"""Running the laws over one workspace or all of them."""

from __future__ import annotations

from entrepot.checks.findings import Finding
from entrepot.checks.laws import LAWS, Law
from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection

MOST_FINDINGS = 100
"""How many breaches of one law are told per workspace."""


async def run_checks(connection: Connection, workspace: int | None = None) -> list[Finding]:
    """What breaks a law, in one workspace or in all; each workspace is read as of one moment."""
    if workspace is not None:
        return await _check_workspace(connection, workspace)
    findings: list[Finding] = []
    for row in await connection.fetch("select id from workspaces order by id"):
        findings += await _check_workspace(connection, row[0])
    return findings


async def _check_workspace(connection: Connection, workspace: int) -> list[Finding]:
    findings: list[Finding] = []
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for law in LAWS:
            findings += await _breaches(connection, workspace, law)
    return findings


async def _breaches(connection: Connection, workspace: int, law: Law) -> list[Finding]:
    parameters = (workspace, real_now()) if law.timed else (workspace,)
    rows = await connection.fetch(f"{law.sql} limit {MOST_FINDINGS + 1}", *parameters)
    told = [
        Finding(law.severity, law.name, workspace, law.says.format_map(dict(row)))
        for row in rows[:MOST_FINDINGS]
    ]
    if len(rows) > MOST_FINDINGS:
        told.append(Finding(law.severity, law.name, workspace, f"and more than {MOST_FINDINGS} in all"))
    return told
