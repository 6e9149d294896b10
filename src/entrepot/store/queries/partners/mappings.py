"""Which mapping is in use: the head is read for every request, and a version, which never changes, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

import msgspec

from entrepot.domain.mapping.definition import Definition
from entrepot.store.connections import Connection

_ACTIVE: Final = """
select k.channel, k.resource, h.active from unnest($2::bigint[], $3::text[]) k(channel, resource)
join mapping_heads h on h.workspace = $1 and h.channel = k.channel and h.resource = k.resource
where h.active is not null
"""
_VERSION: Final = """
select definition from mappings where workspace = $1 and channel = $2 and resource = $3 and version = $4
"""
_HISTORY: Final = """
select m.version, m.created_at, coalesce(m.version = h.active, false) from mapping_heads h
join mappings m on m.workspace = h.workspace and m.channel = h.channel and m.resource = h.resource
where h.workspace = $1 and h.channel = $2 and h.resource = $3 order by m.version desc limit $4
"""
MOST_SHOWN: Final = 100

_definition = msgspec.json.Decoder(Definition).decode

HeadName = tuple[int, int, str]
"""Workspace, channel and resource."""


class KnownVersion(msgspec.Struct, frozen=True):
    """A version, when it was saved, and whether it is in use."""

    version: int
    created_at: datetime
    active: bool


async def active_versions(connection: Connection, names: Sequence[HeadName]) -> Mapping[HeadName, int]:
    """The versions in use; resources that are not mapped are left out. One statement for each workspace."""
    by_workspace: dict[int, list[HeadName]] = {}
    for name in names:
        by_workspace.setdefault(name[0], []).append(name)
    found: dict[HeadName, int] = {}
    for workspace, own in by_workspace.items():
        columns = [each[1] for each in own], [each[2] for each in own]
        for channel, resource, active in await connection.fetch(_ACTIVE, workspace, *columns):
            found[workspace, channel, resource] = active
    return found


async def mapping_version(connection: Connection, name: HeadName, version: int) -> Definition | None:
    """A version's definition; None where there is no such version."""
    text = cast("str | None", await connection.fetchval(_VERSION, *name, version))
    return None if text is None else _definition(text)


async def mapping_history(connection: Connection, name: HeadName) -> list[KnownVersion]:
    """The latest versions, newest first; at most `MOST_SHOWN`."""
    rows = await connection.fetch(_HISTORY, *name, MOST_SHOWN)
    return [KnownVersion(row[0], row[1], row[2]) for row in rows]
