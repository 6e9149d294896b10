"""Reading workspaces and their channels by name."""

from __future__ import annotations

from uuid import UUID

import msgspec

from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key

_BY_NAME = "select workspace from directory where kind = $1 and hash = $2"
_KNOWS_AGAIN = "select secret from workspaces where id = $1"
_SANDBOX = "select sandbox from workspaces where id = $1"
_WORKSPACES = "select id, name from workspaces order by name, id limit $1"
_CHANNELS = "select id, door, name from channels where workspace = $1 order by door, name"


class ChannelName(msgspec.Struct, frozen=True):
    """A channel as an operator names it: `door/name`."""

    id: int
    door: str
    name: str

    def __str__(self) -> str:
        return f"{self.door}/{self.name}"


async def workspace_by_name(connection: Connection, name: str) -> int | None:
    """The id of the workspace of this name, or None."""
    return await connection.fetchval(_BY_NAME, *credential_key("workspace", name))


async def is_sandbox(connection: Connection, workspace: int) -> bool:
    """Whether the workspace was made in a sandbox, which it then stays."""
    return bool(await connection.fetchval(_SANDBOX, workspace))


async def workspace_names(connection: Connection, limit: int = 100_000) -> dict[int, str]:
    """The names of all workspaces by id, sorted by name."""
    return {row[0]: row[1] for row in await connection.fetch(_WORKSPACES, limit)}


async def channel_names(connection: Connection, workspace: int) -> list[ChannelName]:
    """The workspace's channels, sorted by door and name."""
    return [ChannelName(*row) for row in await connection.fetch(_CHANNELS, workspace)]


async def workspace_secret(connection: Connection, workspace: int) -> bytes:
    """By what the workspace knows again what it gave out. It never changes."""
    found: UUID = await connection.fetchval(_KNOWS_AGAIN, workspace)
    return found.bytes
