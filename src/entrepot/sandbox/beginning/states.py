"""The control plane's operations on states: begin anew, and snapshots to come back to."""

from __future__ import annotations

from typing import Any

import msgspec

from entrepot.doors.kit import Request
from entrepot.sandbox.beginning.reset import (
    MovingError,
    NotASandboxError,
    NoWorkspaceError,
    WorldLostError,
)
from entrepot.sandbox.beginning.snapshots import (
    NAME,
    NoSnapshotError,
    Snapshot,
    UnfitSnapshotError,
    is_name,
)
from entrepot.sandbox.gate import StillBusyError
from entrepot.sandbox.register import Name
from entrepot.sandbox.requests import BadRequestError, NotFoundError, read_body
from entrepot.sandbox.sandbox import Sandbox

IMPOSSIBLE = (NotASandboxError, WorldLostError, UnfitSnapshotError)
"""What this database, or what stands in it, does not let happen; the text says why."""
MOVING = (StillBusyError, MovingError)
"""What passes by itself."""


class SnapshotOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot as it is ordered: its name, and whose state it is, of all where that is left out."""

    name: Name
    workspace: Name | None = None


class States:
    """The operations on one sandbox's states. They raise what `routes` says in words."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def reset(self, request: Request) -> dict[str, Any]:
        """Begin anew, all or the workspace of the query."""
        workspace = request.query.get("workspace")
        if workspace == "":
            raise BadRequestError("?workspace: a name is expected")
        try:
            await self._sandbox.reset(workspace)
        except NoWorkspaceError as error:
            raise NotFoundError("there is no workspace of this name") from error
        return {"reset": True}

    async def snapshots(self, _: Request) -> dict[str, Any]:
        """Those that there are."""
        async with self._sandbox.acquire() as connection:
            return {"snapshots": await self._sandbox.snapshots.all(connection)}

    async def take(self, request: Request) -> dict[str, Any]:
        """Take one."""
        order = read_body(request.body, SnapshotOrder)
        if not is_name(order.name):
            raise BadRequestError(f"/name: {NAME} is expected")
        try:
            return _told(await self._sandbox.take_snapshot(order.name, order.workspace))
        except NoWorkspaceError as error:
            raise BadRequestError("/workspace: there is none of this name") from error

    async def restore(self, request: Request) -> dict[str, Any]:
        """Restore one."""
        try:
            return _told(await self._sandbox.restore_snapshot(request.params["name"]))
        except NoSnapshotError as error:
            raise _missing() from error

    async def delete(self, request: Request) -> None:
        """Forget one."""
        try:
            async with self._sandbox.acquire() as connection:
                await self._sandbox.snapshots.delete(connection, request.params["name"])
        except NoSnapshotError as error:
            raise _missing() from error


def _missing() -> NotFoundError:
    return NotFoundError("there is no snapshot of this name; GET /sandbox/snapshots lists them")


def _told(snapshot: Snapshot) -> dict[str, Any]:
    return msgspec.structs.asdict(snapshot)
