"""Whether this machine has what the accounts of the database need: said at the start, not at the first order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from entrepot.gateways.extras import lacking
from entrepot.store.connections import connect

_NEEDS = {
    "stripe": "c.settings->'cards'->>'gateway' = 'stripe'",
    "avalara": "c.settings->'taxes'->>'provider' = 'avatax'",
}
_ACCOUNT = "select w.name, c.name from channels c join workspaces w on w.id = c.workspace where {} limit 1"


def refusal(database_url: str) -> str | None:
    """Why the server must not run here: an account that needs a package that is missing. Raises what asyncpg raises."""
    missing = {package: why for package in _NEEDS if (why := lacking(package))}
    if not missing:
        return None
    found = asyncio.run(_needing(database_url, missing))
    each = (f"{workspace}/{account}: {missing[package]}" for package, (workspace, account) in found.items())
    return ". ".join(each) or None


async def _needing(database_url: str, packages: Iterable[str]) -> dict[str, tuple[str, str]]:
    connection = await connect(database_url)
    try:
        rows = {each: await connection.fetchrow(_ACCOUNT.format(_NEEDS[each])) for each in packages}
        return {package: (row[0], row[1]) for package, row in rows.items() if row is not None}
    finally:
        await connection.close()
