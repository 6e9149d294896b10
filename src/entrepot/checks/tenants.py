"""Whether the workspaces are such as belong on this server."""

from __future__ import annotations

from entrepot.checks.findings import Finding
from entrepot.sandbox.guard import sandbox_workspaces
from entrepot.store.connections import Connection


async def check_sandbox_workspaces(connection: Connection) -> list[Finding]:
    """A warning if a server that is no sandbox would serve a sandbox's workspaces, whose keys may be public."""
    names = await sandbox_workspaces(connection)
    if not names:
        return []
    what = (
        f"workspaces made in a sandbox ({', '.join(names)}), whose keys may be public, "
        "are served by every server on this database; for a sandbox's own database say --sandbox"
    )
    return [Finding("warning", "sandbox-workspaces", None, what)]
