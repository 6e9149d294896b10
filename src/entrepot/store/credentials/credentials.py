"""Credentials of channels: made, listed, suspended and revoked. Only their hashes are stored; a secret is shown once.

A credential is good as long as the directory leads from its hash to its channel, and it is not suspended. Each function
is part of the caller's transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from entrepot.domain.channels.accounts import Environment
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key

SECRET_BYTES = 24
ID_BYTES = 16
"""Of the first half of a pair, `id:secret`."""
HINTED_LENGTH = 20
"""Of shorter secrets four characters would tell too much."""

_ID = "update counters set next = next + 1 where workspace = $1 returning next - 1"

_INSERT = """
insert into credentials
  (workspace, id, channel, environment, kind, hash, label, hint, scopes, created_at, expires_at,
   suspended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

_LIST_IN_DIRECTORY = """
insert into directory (kind, hash, workspace, channel, environment, credential, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""

_REVOKE = """
update credentials set revoked_at = $3 where workspace = $1 and id = $2 and revoked_at is null
returning kind, hash
"""

_SUSPEND = """
update credentials set suspended_at = $3 where workspace = $1 and id = $2 and revoked_at is null
and (suspended_at is null) <> ($3::timestamptz is null) returning id
"""

_CHANGE = """
update credentials set scopes = $3, expires_at = $4, suspended_at = $5 where workspace = $1 and id = $2
returning kind, hash
"""

_EXPIRE = "update directory set expires_at = $4 where kind = $1 and hash = $2 and workspace = $3"

_UNLIST = "delete from directory where kind = $1 and hash = $2 and workspace = $3"

_LIST = """
select id, channel, environment, kind, label, hint, created_at, expires_at, revoked_at, scopes,
  suspended_at from credentials
where workspace = $1 and ($2::bigint is null or channel = $2) order by id
"""


_texts = msgspec.json.Decoder(tuple[str, ...]).decode


class Created(msgspec.Struct, frozen=True):
    """A new credential. This is the only time that its secret is known; its `repr` leaves the secret out."""

    id: int
    secret: str

    def __repr__(self) -> str:
        return f"Created(id={self.id}, secret=<redacted>)"


class Credential(msgspec.Struct, frozen=True):
    """What is known of a credential; `hint` is the end of a long secret, `scopes` is what it may do."""

    id: int
    channel: int
    environment: Environment
    kind: str
    label: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    scopes: tuple[str, ...] = ()
    suspended_at: datetime | None = None


async def create_credential(
    connection: Connection,
    workspace: int,
    channel: int,
    environment: Environment,
    kind: str,
    secret: str | None,
    label: str,
    *,
    expires_at: datetime | None = None,
    scopes: Sequence[str] = (),
    suspended: bool = False,
    pair: bool = False,
    now: datetime,
) -> Created:
    """Make a credential of this secret, or of a fresh random one; of a `pair` that is `id:secret`.

    A `suspended` one opens nothing until it is resumed.

    Raises asyncpg's UniqueViolationError if the secret already is a credential of this kind, anywhere.
    """
    fresh = f"{secrets.token_hex(ID_BYTES)}:" if pair else ""
    text = fresh + secrets.token_hex(SECRET_BYTES) if secret is None else secret
    _, digest = key = credential_key(kind, text)
    number = cast("int", await connection.fetchval(_ID, workspace))
    await connection.execute(_LIST_IN_DIRECTORY, *key, workspace, channel, environment, number, expires_at)
    row = (number, channel, environment, kind, digest, label, hint_of(text), _json(scopes), now, expires_at)
    await connection.execute(_INSERT, workspace, *row, now if suspended else None)
    return Created(number, text)


async def suspend_credential(
    connection: Connection, workspace: int, credential: int, at: datetime | None
) -> bool:
    """Let a credential open nothing from now on, or (None) let it open again what it did.

    False if the workspace has none of this id that is good, or it is so already.
    """
    return await connection.fetchval(_SUSPEND, workspace, credential, at) is not None


async def change_credential(
    connection: Connection,
    workspace: int,
    credential: int,
    *,
    scopes: Sequence[str],
    expires_at: datetime | None,
    suspended_at: datetime | None,
) -> None:
    """Give a credential these scopes, this end, and whether it is suspended."""
    values = (_json(scopes), expires_at, suspended_at)
    row = await connection.fetchrow(_CHANGE, workspace, credential, *values)
    if row is not None:
        await connection.execute(_EXPIRE, row[0], row[1], workspace, expires_at)


async def revoke_credential(connection: Connection, workspace: int, credential: int, now: datetime) -> bool:
    """End a credential; False if the workspace has none of this id that is still good."""
    row = await connection.fetchrow(_REVOKE, workspace, credential, now)
    if row is None:
        return False
    await connection.execute(_UNLIST, row[0], row[1], workspace)
    return True


async def list_credentials(
    connection: Connection, workspace: int, channel: int | None = None
) -> list[Credential]:
    """The workspace's credentials, or those of one channel, revoked ones too, oldest first."""
    rows = await connection.fetch(_LIST, workspace, channel)
    return [_credential(tuple(row)) for row in rows]


def _credential(row: tuple[Any, ...]) -> Credential:
    *plain, scopes, suspended_at = row
    return Credential(*plain, scopes=_texts(scopes), suspended_at=suspended_at)


def _json(texts: Sequence[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()


def hint_of(secret: str) -> str:
    """What may be shown of a secret: its last four characters, if it is long."""
    return secret[-4:] if len(secret) >= HINTED_LENGTH else ""
