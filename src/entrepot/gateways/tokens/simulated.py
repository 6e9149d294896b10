"""The simulated partner: a payment system with its own list of good tokens, asked directly or over HTTP.

It lives on a pool of its own, so that a fault of the platform's database work is not also the partner's.
"""

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from typing import Any, Protocol

import asyncpg
import msgspec

from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAnswer, TokenQuery, Valid

LIMIT_SECONDS = 5.0

_KNOWS = "select exists (select from partner_tokens where workspace = $1 and token_hash = $2)"
_ISSUE = """
    insert into partner_tokens (workspace, token_hash)
    select $1, t.hash from unnest($2::bytea[]) as t (hash) order by t.hash
    on conflict do nothing"""
_REVOKE = """
    delete from partner_tokens p using unnest($2::bytea[]) as t (hash)
    where p.workspace = $1 and p.token_hash = t.hash"""


class Connection(Protocol):
    """The part of a connection that the partner uses."""

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Return the first column of the first row, or None."""
        ...

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement for its effect."""
        ...


class Pool(Protocol):
    """A pool of connections."""

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for the length of a block."""
        ...


class SimulatedPartner:
    """The partner of one workspace. A token is good from `issue` to `revoke`, however often one asks."""

    in_process: bool = False

    def __init__(self, pool: Pool, workspace: int) -> None:
        self._pool = pool
        self._workspace = workspace

    async def validate(self, query: TokenQuery) -> TokenAnswer:
        """Say whether the token is on the list; a list that cannot be read gives no verdict."""
        try:
            return Valid() if await self.knows(query.token) else Invalid()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            return NoVerdict("the simulated partner cannot reach its list")

    async def knows(self, token: str) -> bool:
        """Tell whether the token is on the list. Raises what asyncpg raises."""
        async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
            return bool(await connection.fetchval(_KNOWS, self._workspace, _hash(token)))

    async def issue(self, tokens: Collection[str]) -> None:
        """Put tokens on the list; those that are on it stay. Raises what asyncpg raises."""
        await self._write(_ISSUE, tokens)

    async def revoke(self, tokens: Collection[str]) -> None:
        """Take tokens off the list. Raises what asyncpg raises."""
        await self._write(_REVOKE, tokens)

    async def _write(self, statement: str, tokens: Collection[str]) -> None:
        hashes = [_hash(token) for token in tokens]
        async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
            await connection.execute(statement, self._workspace, hashes)


class PartnerReply(msgspec.Struct, frozen=True):
    """What the partner's own endpoint answers over HTTP."""

    status: int
    body: bytes


def answer(token_known: bool) -> PartnerReply:
    """Answer a validation request in the form of our own (decision bonsai U2)."""
    return PartnerReply(200, msgspec.json.encode({"valid": token_known}))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
