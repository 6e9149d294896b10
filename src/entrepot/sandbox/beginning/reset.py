"""Beginning anew: all but the operators emptied, and every world that was applied there again, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from entrepot.sandbox.beginning.image import Image, empty_all, put_back, take_image
from entrepot.sandbox.guard import real_workspaces
from entrepot.store.connections import Connection
from entrepot.worlds import apply_world
from entrepot.worlds.applying.recorded import Recorded, read_recorded

KEPT: Final = timedelta(days=1)
"""How long what was applied once is put back as it was, with its times, instead of being applied again."""

_LOCK_LIMIT = "set local lock_timeout = '5s'"
_HOMES = """
select distinct o.workspace, w.name from operators o join workspaces w on w.id = o.workspace order by 1
"""
_COME_HOME = """
update operators o set workspace = w.id from workspaces w where o.workspace = $1 and w.name = $2
"""
"""A workspace that is made anew has another number."""


class NotASandboxError(Exception):
    """The database has workspaces that were not made in a sandbox; the text names them."""


class WorldLostError(Exception):
    """A recorded world cannot be applied any more; the text says why. Nothing has changed."""


class _MovingError(Exception):
    """Something of before may still write."""


class _Kept(NamedTuple):
    """What the worlds came to when they were applied."""

    worlds: Sequence[Recorded]
    at: datetime
    image: Image


class Beginning:
    """The way back to the beginning of one server's sandbox, which is quicker once it was gone.

    `still` says whether nothing of before is under way that could yet write into what is put back.
    """

    def __init__(self, still: Callable[[], bool]) -> None:
        self._still = still
        self._kept: _Kept | None = None

    async def again(self, connection: Connection, now: datetime) -> None:
        """Empty the database and have its worlds stand there as they did at first, or change nothing.

        Raises NotASandboxError, WorldLostError and what asyncpg raises. Nobody else may be at work in the database.
        """
        async with connection.transaction():
            if real := await real_workspaces(connection):
                raise NotASandboxError(f"not made in a sandbox: {', '.join(real)}")
            await connection.execute(_LOCK_LIMIT)
            worlds = await read_recorded(connection)
            homes = await connection.fetch(_HOMES)
            if not await self._put_back(connection, worlds, now):
                await _apply(connection, worlds, now)
                self._kept = _Kept(worlds, now, await take_image(connection))
            for workspace, name in homes:
                await connection.execute(_COME_HOME, workspace, name)

    async def _put_back(self, connection: Connection, worlds: Sequence[Recorded], now: datetime) -> bool:
        """Whether these worlds were put back as they had been applied."""
        kept = self._kept
        if kept is None or kept.worlds != worlds or not timedelta() <= now - kept.at < KEPT:
            return False
        try:
            async with connection.transaction():
                await empty_all(connection)
                # From here on nobody can take up a message of before; who has one already could write of it later,
                # and would find its workspace again.
                if not self._still():
                    raise _MovingError
                await put_back(connection, kept.image)
        except _MovingError:
            return False
        return True


async def _apply(connection: Connection, worlds: Sequence[Recorded], now: datetime) -> None:
    await empty_all(connection)
    for world in worlds:
        report = await apply_world(connection, world, now=now, prune=world.pruned, environ={})
        if report.conflicts:
            raise WorldLostError("; ".join(map(str, report.conflicts)))
