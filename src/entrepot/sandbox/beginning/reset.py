"""Beginning anew: all but the operators emptied, and every world that was applied there again, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from entrepot.sandbox.beginning.homes import homes_kept
from entrepot.sandbox.beginning.image import Image, empty, put_back, take_image
from entrepot.sandbox.guard import real_workspaces
from entrepot.store.connections import Connection
from entrepot.store.upkeep.distribution import BY_NODES
from entrepot.worlds import apply_world, find_workspace
from entrepot.worlds.applying.recorded import Recorded, read_recorded

KEPT: Final = timedelta(days=1)
"""How long what was applied once is put back as it was, with its times, instead of being applied again."""

_SETTINGS: Final = f"set local lock_timeout = '5s'; {BY_NODES}"


class NotASandboxError(Exception):
    """The database has workspaces that were not made in a sandbox; the text names them."""


class WorldLostError(Exception):
    """A recorded world cannot be applied any more; the text says why. Nothing has changed."""


class NoWorkspaceError(LookupError):
    """There is no workspace of this name."""


class MovingError(Exception):
    """Something of before could yet write into what is put back. Nothing has changed."""


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
        self._kept: dict[str | None, _Kept] = {}

    async def again(self, connection: Connection, now: datetime, workspace: str | None = None) -> None:
        """Have the worlds stand there as they did at first, of one workspace or of all, or change nothing.

        Raises NoWorkspaceError, NotASandboxError, WorldLostError and what asyncpg raises. Nobody else may be at work
        in what begins anew.
        """
        async with connection.transaction():
            await prepare(connection)
            number = None if workspace is None else await number_of(connection, workspace)
            worlds = [
                each
                for each in await read_recorded(connection)
                if workspace is None or workspace in each.workspaces
            ]
            if workspace is not None and not worlds:
                raise WorldLostError(f"no world file was applied to {workspace}")
            async with homes_kept(connection):
                if not await self._put_back(connection, workspace, number, worlds, now):
                    self._kept.pop(workspace, None)
                    await _apply(connection, number, worlds, now)
                    made = None if workspace is None else await number_of(connection, workspace)
                    self._kept[workspace] = _Kept(worlds, now, await take_image(connection, made))

    async def _put_back(
        self,
        connection: Connection,
        workspace: str | None,
        number: int | None,
        worlds: Sequence[Recorded],
        now: datetime,
    ) -> bool:
        """Whether these worlds were put back as they had been applied."""
        kept = self._kept.get(workspace)
        if kept is None or kept.worlds != worlds or not timedelta() <= now - kept.at < KEPT:
            return False
        try:
            await exchange(connection, number, kept.image, self._still)
        except MovingError:
            return False
        return True


async def exchange(
    connection: Connection, workspace: int | None, image: Image, still: Callable[[], bool]
) -> None:
    """Have an image stand where the rows of a workspace do, or of all. Raises MovingError and what asyncpg raises."""
    async with connection.transaction():
        await empty(connection, workspace)
        # From here on nobody can take up a message of before; who has one already could write of it later,
        # and would find its workspace again.
        if not still():
            raise MovingError
        await put_back(connection, image)


async def prepare(connection: Connection) -> None:
    """See that this is a sandbox, and wait for nobody long. Raises NotASandboxError and what asyncpg raises."""
    await connection.execute(_SETTINGS)
    if real := await real_workspaces(connection):
        raise NotASandboxError(f"not made in a sandbox: {', '.join(real)}")


async def number_of(connection: Connection, workspace: str) -> int:
    """The number of the workspace of this name. Raises NoWorkspaceError and what asyncpg raises."""
    number = await find_workspace(connection, workspace)
    if number is None:
        raise NoWorkspaceError
    return number


async def _apply(
    connection: Connection, workspace: int | None, worlds: Sequence[Recorded], now: datetime
) -> None:
    await empty(connection, workspace)
    for world in worlds:
        report = await apply_world(connection, world, now=now, prune=world.pruned, environ={})
        if report.conflicts:
            raise WorldLostError("; ".join(map(str, report.conflicts)))
