"""The simulated label service: somebody else's system with books of its own, in the same database.

It gives a tracking number at once, and draws the document when somebody first reads it. A key that was voided stays
void, so a request that comes late finds it closed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Final

import msgspec

from entrepot.gateways.labels.port import (
    Label,
    LabelFailed,
    LabelRefused,
    LabelRequest,
    Making,
    Voided,
    Voiding,
)
from entrepot.loading import loaded
from entrepot.store.connections import FAULTS, Connection, Pool

LIMIT_SECONDS: Final = 10.0
CARRIER: Final = "Simulated Carrier"
VOIDED: Final = "the label of this key was voided at the simulated service"

_ENTER = """
insert into labels (workspace, key, state, tracking, request, made_at, document)
values ($1, $2, 'open', $3, $4, $5, null) on conflict (workspace, key) do nothing returning key
"""
_ENTERED = "select state, request from labels where workspace = $1 and key = $2"
_VOID = """
insert into labels (workspace, key, state, tracking, request, made_at, document)
values ($1, $2, 'void', '', '{}', $3, null)
on conflict (workspace, key) do update set state = 'void', request = '{}', document = null
"""
_READ = "select request, document from labels where workspace = $1 and key = $2 and state = 'open'"
_DRAWN = "update labels set document = $3 where workspace = $1 and key = $2 and state = 'open'"

_FORGET = "delete from labels where workspace = $1 and key = any($2::text[])"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(LabelRequest).decode


def label_path(workspace: int, key: str) -> str:
    """Where the label of a key is read on this server: nobody who does not know the key can guess it."""
    return f"/labels/{workspace:x}-{key}.pdf"


async def forget_labels(
    connection: Connection, workspace: int, keys: Iterable[str], paths: Iterable[str]
) -> None:
    """Let the service forget the labels of these keys, and those that are read at these paths."""
    read_at = [path.rpartition("-")[2].removesuffix(".pdf") for path in paths]
    await connection.execute(_FORGET, workspace, [*keys, *read_at])


class SimulatedLabels:
    """The service as one workspace's accounts see it. `now` dates what it makes."""

    def __init__(self, pool: Pool, workspace: int, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._workspace = workspace
        self._now = now

    async def make(self, request: LabelRequest) -> Making:
        """See `LabelService.make`."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
                made = await self._entered(connection, request)
                if isinstance(made, LabelRefused):
                    return made
                document = await self._document(connection, request.key) if request.inline else None
        except FAULTS:
            return LabelFailed("the simulated label service cannot use its books")
        return Label(
            made.carrier or CARRIER,
            tracking_number(self._workspace, request.key),
            label_path(self._workspace, request.key),
            document=document,
        )

    async def void(self, key: str) -> Voiding:
        """See `LabelService.void`."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
                await connection.execute(_VOID, self._workspace, key, self._now())
        except FAULTS:
            return LabelFailed("the simulated label service cannot use its books")
        return Voided()

    async def document(self, key: str) -> bytes | None:
        """The PDF of a label, drawn if nobody has read it before; None where there is none. Raises `FAULTS`."""
        async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
            return await self._document(connection, key)

    async def _entered(self, connection: Connection, request: LabelRequest) -> LabelRequest | LabelRefused:
        """The request under which the label stands: the first one of its key."""
        number = tracking_number(self._workspace, request.key)
        entry = (self._workspace, request.key, number, _encode(request).decode(), self._now())
        if await connection.fetchval(_ENTER, *entry) is not None:
            return request
        state, first = await connection.fetchrow(_ENTERED, self._workspace, request.key)
        return _decode(first) if state == "open" else LabelRefused(VOIDED)

    async def _document(self, connection: Connection, key: str) -> bytes | None:
        row = await connection.fetchrow(_READ, self._workspace, key)
        if row is None or row[1] is not None:
            return None if row is None else row[1]
        number = tracking_number(self._workspace, key)
        document = await asyncio.to_thread(_drawn, _decode(row[0]), number)
        await connection.execute(_DRAWN, self._workspace, key, document)
        return document


def _drawn(request: LabelRequest, number: str) -> bytes:
    return _drawing()(request, number, CARRIER)


@cache
def _drawing() -> Callable[[LabelRequest, str, str], bytes]:
    """The library that draws is large: it is loaded with the first label that somebody reads."""
    return loaded(_import)


def _import() -> Callable[[LabelRequest, str, str], bytes]:
    from entrepot.gateways.labels.drawing import draw

    return draw


def tracking_number(workspace: int, key: str) -> str:
    """The carrier's number of the label: `SC` and sixteen digits, always the same for a key."""
    digest = hashlib.sha256(f"{workspace}:{key}".encode()).digest()
    return f"SC{int.from_bytes(digest[:8], 'big') % 10**16:016d}"
