"""Which mapping is in use: the head is read for every request, and a version, which never changes, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from entrepot.domain.mapping.definition import Definition
from entrepot.store.connections import Connection

_DIGEST: Final = "md5(m.definition::text)"
_ACTIVE: Final = f"""
select k.channel, k.resource, h.active, {_DIGEST}
from unnest((select $2::bigint[]), (select $3::text[])) k(channel, resource)
join mapping_heads h on h.workspace = $1 and h.channel = k.channel and h.resource = k.resource
join mappings m on m.workspace = $1 and m.channel = k.channel and m.resource = k.resource and m.version = h.active
"""  # noqa: S608  (our own words)
_VERSION: Final = f"""
select m.definition, {_DIGEST} from mappings m
where m.workspace = $1 and m.channel = $2 and m.resource = $3 and m.version = $4
"""  # noqa: S608  (our own words)
_HISTORY: Final = """
select m.version, m.created_at, coalesce(m.version = h.active, false) from mapping_heads h
join mappings m on m.workspace = h.workspace and m.channel = h.channel and m.resource = h.resource
where h.workspace = $1 and h.channel = $2 and h.resource = $3 order by m.version desc limit $4
"""
MOST_SHOWN: Final = 100

_definition = msgspec.json.Decoder(Definition).decode

HeadName = tuple[int, int, str]
"""Workspace, channel and resource."""


class Active(NamedTuple):
    """A version in use. The digest of its definition tells it from one that had its number in a world before."""

    version: int
    digest: str


class KnownVersion(msgspec.Struct, frozen=True):
    """A version, when it was saved, and whether it is in use."""

    version: int
    created_at: datetime
    active: bool


async def active_versions(connection: Connection, names: Sequence[HeadName]) -> Mapping[HeadName, Active]:
    """The versions in use; resources that are not mapped are left out. One statement for each workspace."""
    by_workspace: dict[int, list[HeadName]] = {}
    for name in names:
        by_workspace.setdefault(name[0], []).append(name)
    found: dict[HeadName, Active] = {}
    for workspace, own in by_workspace.items():
        columns = [each[1] for each in own], [each[2] for each in own]
        for channel, resource, *active in await connection.fetch(_ACTIVE, workspace, *columns):
            found[workspace, channel, resource] = Active(*active)
    return found


async def mapping_version(
    connection: Connection, name: HeadName, version: int
) -> tuple[Definition, Active] | None:
    """A version's definition, and what tells it from others; None where there is no such version."""
    row = await connection.fetchrow(_VERSION, *name, version)
    return None if row is None else (_definition(row[0]), Active(version, row[1]))


async def mapping_history(connection: Connection, name: HeadName) -> list[KnownVersion]:
    """The latest versions, newest first; at most `MOST_SHOWN`."""
    rows = await connection.fetch(_HISTORY, *name, MOST_SHOWN)
    return [KnownVersion(row[0], row[1], row[2]) for row in rows]
