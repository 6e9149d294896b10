"""Who access tokens stand for: one statement for each workspace, since each is stored in its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Caller

TokenName = tuple[int, bytes]
"""A workspace and the hash of a token in it."""

_CALLERS: Final = """
select t.hash, c.channel, c.environment, c.id, least(t.expires_at, c.expires_at), ch.name, ch.settings
from unnest((select $2::bytea[])) k(hash)
cross join lateral (select * from access_tokens where workspace = $1 and hash = k.hash offset 0) t
join credentials c on c.workspace = $1 and c.id = t.credential and c.revoked_at is null and c.suspended_at is null
join channels ch on ch.workspace = $1 and ch.id = c.channel
"""

_TIMES: Final = "select created_at, expires_at from access_tokens where workspace = $1 and hash = $2"

_settings = msgspec.json.Decoder(ChannelSettings).decode


async def callers_by_token(connection: Connection, names: Sequence[TokenName]) -> dict[TokenName, Caller]:
    """The callers behind these tokens, expired ones too.

    Unknown ones, and those of revoked and suspended credentials, are left out.
    """
    by_workspace: dict[int, list[bytes]] = {}
    for workspace, digest in names:
        by_workspace.setdefault(workspace, []).append(digest)
    found: dict[TokenName, Caller] = {}
    for workspace, digests in by_workspace.items():
        for digest, *row, settings in await connection.fetch(_CALLERS, workspace, digests):
            found[workspace, digest] = Caller(workspace, *row, settings=_settings(settings))
    return found


async def times_of_token(connection: Connection, name: TokenName) -> tuple[datetime, datetime] | None:
    """When a token was given out, and when it ends; None where there is none."""
    row = await connection.fetchrow(_TIMES, *name)
    return (row[0], row[1]) if row else None
