"""Reading workspaces and their channels by name, and where channels sell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast
from uuid import UUID

import msgspec

from entrepot.domain.channels.storefronts import Storefront
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key

_BY_NAME = "select workspace from directory where kind = $1 and hash = $2"
_KNOWS_AGAIN = "select secret from workspaces where id = $1"
_SANDBOX = "select sandbox from workspaces where id = $1"
_SANDBOXES = (
    "select k.id from unnest((select $1::bigint[])) k(id) join workspaces w on w.id = k.id where w.sandbox"
)
_WORKSPACES = "select id, name from workspaces order by name, id limit $1"
_CHANNELS = "select id, door, name from channels where workspace = $1 order by door, name"

MOST_STOREFRONTS = 1_000
"""The longest list of storefronts."""

_COLUMNS = binding_of[Storefront].select("t")
_OF_CHANNEL = f"""
select {_COLUMNS} from storefronts t where workspace = $1 and channel = $2 order by id limit $3
"""  # noqa: S608  (names of our own columns)
_BY_UUIDS = f"""
select {_COLUMNS} from unnest((select $3::uuid[])) k(uuid) join storefronts t
  on t.workspace = $1 and t.uuid = k.uuid and t.channel = $2
"""  # noqa: S608
_THERE = """
select k.place from unnest((select $2::bigint[]), (select $3::uuid[])) with ordinality k(channel, uuid, place)
where exists (
  select from storefronts t
  where t.workspace = $1 and t.channel = k.channel and (k.uuid is null or t.uuid = k.uuid)
)
"""


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


async def sandboxes_among(connection: Connection, workspaces: Sequence[int]) -> list[int]:
    """Those of these workspaces that were made in a sandbox."""
    return [row[0] for row in await connection.fetch(_SANDBOXES, workspaces)] if workspaces else []


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


class StorefrontName(NamedTuple):
    """A storefront of an account by its public id, or without one, any of them."""

    channel: int
    uuid: UUID | None


async def storefronts_of(connection: Connection, workspace: int, channel: int) -> list[Storefront]:
    """The account's storefronts, oldest first; at most `MOST_STOREFRONTS`."""
    rows = await connection.fetch(_OF_CHANNEL, workspace, channel, MOST_STOREFRONTS)
    return [cast("Storefront", binding_of[Storefront].parse(row)) for row in rows]


async def storefronts_by_uuid(
    connection: Connection, workspace: int, channel: int, uuids: Sequence[UUID]
) -> Mapping[UUID, Storefront]:
    """The account's storefronts of these public ids; unknown ones are left out."""
    rows = await connection.fetch(_BY_UUIDS, workspace, channel, list(uuids))
    found = [cast("Storefront", binding_of[Storefront].parse(row)) for row in rows]
    return {each.uuid: each for each in found}


async def storefronts_there(
    connection: Connection, workspace: int, names: Sequence[StorefrontName]
) -> Mapping[StorefrontName, bool]:
    """Which of these there are; the others are left out."""
    rows = await connection.fetch(
        _THERE, workspace, [name.channel for name in names], [name.uuid for name in names]
    )
    return {names[row[0] - 1]: True for row in rows}
