"""Snapshots by name: what stood in a sandbox at some moment, kept in its database beside what stands now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from entrepot import __version__
from entrepot.engine.clock import Clock, real_now
from entrepot.sandbox.beginning.homes import homes_kept
from entrepot.sandbox.beginning.image import Content, ImageTooLargeError, take_image
from entrepot.sandbox.beginning.reset import MovingError, exchange, number_of, prepare
from entrepot.store.connections import Connection
from entrepot.store.upkeep.migrate import revisions
from entrepot.worlds import find_workspace

MOST: Final = 50
"""How many snapshots a sandbox keeps."""
LARGEST: Final = 64_000_000
"""Bytes that one of them may have."""
NAME: Final = r"[A-Za-z0-9._-]{1,100}"

_TELLS = "name, of, release, taken_at, octet_length(contents) as bytes"
_LIST = f"select {_TELLS} from sandbox_snapshots where workspace = 0 order by taken_at, name"  # noqa: S608
_ONE = f"select {_TELLS} from sandbox_snapshots where workspace = 0 and name = $1"  # noqa: S608
_OTHERS = "select count(*) from sandbox_snapshots where workspace = 0 and name <> $1"
_READ = """
select of, release, schema, clock_offset, clock_stands, contents from sandbox_snapshots
where workspace = 0 and name = $1
"""
_WRITE = """
insert into sandbox_snapshots (workspace, name, of, release, schema, taken_at, clock_offset, clock_stands, contents)
values (0, $1, $2, $3, $4, $5, $6, $7, $8)
on conflict (workspace, name) do update set of = $2, release = $3, schema = $4, taken_at = $5, clock_offset = $6,
  clock_stands = $7, contents = $8
"""
_DELETE = "delete from sandbox_snapshots where workspace = 0 and name = $1 returning name"

_MICRO = timedelta(microseconds=1)
_decode = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class NoSnapshotError(LookupError):
    """There is no snapshot of this name."""


class UnfitSnapshotError(Exception):
    """A snapshot cannot be taken or restored; the text says why. Nothing has changed."""


class Snapshot(msgspec.Struct, frozen=True):
    """What is told of one: `workspace` is that whose state it is, None for all; `taken_at` is real time."""

    name: str
    workspace: str | None
    release: str
    taken_at: datetime
    bytes: int


class Snapshots:
    """The snapshots of one sandbox. Whoever takes or restores one holds back everybody else meanwhile."""

    def __init__(self, clock: Clock, still: Callable[[], bool], patience: float) -> None:
        self._clock = clock
        self._still = still
        self._patience = patience

    async def all(self, connection: Connection) -> list[Snapshot]:
        """Every snapshot, oldest first. Raises what asyncpg raises."""
        return [Snapshot(*tuple(row)) for row in await connection.fetch(_LIST)]

    async def take(self, connection: Connection, name: str, workspace: str | None) -> Snapshot:
        """Keep what stands now, of this workspace or of all, in place of what had the name.

        Raises NoWorkspaceError, NotASandboxError, UnfitSnapshotError and what asyncpg raises.
        """
        async with connection.transaction(isolation="repeatable_read"):
            await prepare(connection)
            if await connection.fetchval(_OTHERS, name) >= MOST:
                raise UnfitSnapshotError(
                    f"there are {MOST} snapshots; DELETE /sandbox/snapshots/NAME makes room"
                )
            number = None if workspace is None else await number_of(connection, workspace)
            try:
                image = await take_image(connection, number, LARGEST)
            except ImageTooLargeError as error:
                raise UnfitSnapshotError(f"there is more than {LARGEST // 1_000_000} MB to keep") from error
            about = (name, workspace, *_this_release(), real_now(), *self._time())
            await connection.execute(_WRITE, *about, _packed(image))
        return Snapshot(*tuple(await connection.fetchrow(_ONE, name)))

    async def workspace_of(self, connection: Connection, name: str) -> str | None:
        """Whose state a snapshot is, None for all. Raises NoSnapshotError and what asyncpg raises."""
        found = await connection.fetchrow(_ONE, name)
        if found is None:
            raise NoSnapshotError
        return Snapshot(*tuple(found)).workspace

    async def restore(self, connection: Connection, name: str) -> Snapshot:
        """Have what a snapshot holds stand here again, the clock with it where it is one of all.

        Waits for messages that are being delivered. Raises NoSnapshotError, NotASandboxError, UnfitSnapshotError,
        MovingError where somebody still works with what stood here, and what asyncpg raises.
        """
        found = await connection.fetchrow(_READ, name)
        if found is None:
            raise NoSnapshotError
        of, release, schema, offset, stands, contents = tuple(found)
        if (release, schema) != _this_release():
            raise UnfitSnapshotError(_of_another(name, release, schema))
        image = [Content(*each) for each in _decode(contents)]
        async with connection.transaction():
            await prepare(connection)
            number = None if of is None else await find_workspace(connection, of)
            async with homes_kept(connection):
                await self._exchange(connection, number, image)
        if of is None:
            self._clock.frozen = False
            self._clock.offset = offset * _MICRO
            if stands is not None:
                self._clock.frozen = True
                self._clock.move(stands - self._clock.now())
        return Snapshot(*tuple(await connection.fetchrow(_ONE, name)))

    async def delete(self, connection: Connection, name: str) -> None:
        """Forget one. Raises NoSnapshotError and what asyncpg raises."""
        if await connection.fetchval(_DELETE, name) is None:
            raise NoSnapshotError

    async def _exchange(self, connection: Connection, number: int | None, image: Sequence[Content]) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                return await exchange(connection, number, image, self._still)
            except MovingError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(0.01)

    def _time(self) -> tuple[int, datetime | None]:
        """How far the clock is from real time in microseconds, and where it stands if it does."""
        return self._clock.offset // _MICRO, self._clock.now() if self._clock.frozen else None


def is_name(text: str) -> bool:
    """Whether a snapshot may be called so."""
    return re.fullmatch(NAME, text) is not None


def _packed(image: Sequence[Content]) -> bytes:
    return msgspec.msgpack.encode([tuple(each) for each in image])


def _this_release() -> tuple[str, str]:
    return __version__, revisions()[-1]


def _of_another(name: str, release: str, schema: str) -> str:
    here = "Entrepôt {} with schema {}"
    return (
        f"snapshot {name} was taken by {here.format(release, schema)}, and this is {here.format(*_this_release())}: "
        "take it anew"
    )
