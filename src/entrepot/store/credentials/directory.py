"""The directory: from a credential to its workspace, read on every request so that a revocation holds at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any, Final
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings, Environment
from entrepot.store.batches.homes import copies_on_each_node, renamed
from entrepot.store.connections import Connection, Pool

_settings = msgspec.json.Decoder(ChannelSettings).decode
_texts = msgspec.json.Decoder(tuple[str, ...]).decode

_LOOKUP = """
select d.kind, d.hash, d.workspace, d.channel, d.environment, d.credential, d.expires_at, c.name, c.settings,
  r.label, r.scopes
from unnest((select $1::text[]), (select $2::bytea[])) k(kind, hash)
cross join lateral (select * from directory where kind = k.kind and hash = k.hash offset 0) d
cross join lateral (select * from channels where workspace = d.workspace and id = d.channel offset 0) c
left join lateral (select * from credentials where workspace = d.workspace and id = d.credential offset 0) r on true
where r.suspended_at is null
"""
"""Of a list whose length it knows, PostgreSQL makes a plan each time, which takes five times as long as the rest. From
a subquery it is not told, and keeps one plan."""
_LOOK_AGAIN: Final = 60.0
"""After so many seconds it is looked for anew whether the tables have been spread over nodes."""

Key = tuple[str, bytes]
"""A kind of credential and its hash."""


class Caller(msgspec.Struct, frozen=True):
    """Who a credential stands for: one account in one environment of one workspace.

    `label` is what the credential is called; `scopes` are what it may do, where its door knows scopes.
    """

    workspace: int
    channel: int
    environment: Environment
    credential: int | None
    expires_at: datetime | None
    name: str
    settings: ChannelSettings
    label: str = ""
    scopes: tuple[str, ...] = ()


def credential_key(kind: str, secret: str) -> Key:
    """The name of a secret in the directory. Secrets are long and random, so a fast hash keeps them."""
    return kind, hashlib.sha256(f"{kind}:{secret}".encode("utf-8", "surrogatepass")).digest()


def carrier_key(channel: UUID) -> Key:
    """The name of a channel in the directory, by which its carrier calls: no secret, since what it sends is signed."""
    return credential_key("carrier", str(channel))


def token_name(token: str) -> str:
    """By what a payment token is known once it has been used: nothing else of it is stored."""
    return credential_key("payment-token", token)[1].hex()


class Directory:
    """Looks up credentials, many in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lookup = _LOOKUP
        self._looked = float("-inf")

    async def load(self, keys: list[Key]) -> Mapping[Key, Caller]:
        """The callers behind these keys; unknown, suspended and revoked ones are left out, expired ones are not."""
        async with self._pool.acquire() as connection:
            lookup = await self._lookup_on(connection)
            rows = await connection.fetch(lookup, [kind for kind, _ in keys], [digest for _, digest in keys])
        return {(row[0], row[1]): _caller(tuple(row)) for row in rows}

    async def _lookup_on(self, connection: Connection) -> str:
        """The statement; where the tables stand on every node, on the copies here, for which a plan is kept."""
        if monotonic() - self._looked > _LOOK_AGAIN:
            self._lookup = renamed(_LOOKUP, await copies_on_each_node(connection))
            self._looked = monotonic()
        return self._lookup


def _caller(row: tuple[Any, ...]) -> Caller:
    *plain, settings, label, scopes = row[2:]
    told = _texts(scopes) if scopes else ()
    return Caller(*plain, settings=_settings(settings), label=label or "", scopes=told)
