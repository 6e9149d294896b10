"""The mappings of a world's partners: what a file writes out is followed, a template is copied once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime

from entrepot.domain.kernel.records import R, Record
from entrepot.domain.mapping.definition import Definition
from entrepot.domain.mapping.records import MappingHead, MappingVersion
from entrepot.store.batches.binding import json_text
from entrepot.store.batches.finds import binding_of, known_by
from entrepot.store.connections import Connection
from entrepot.worlds.form.mapping_checks import definition_of
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.records import ChannelRow
from entrepot.worlds.plan.report import Change

Ids = Mapping[tuple[type[Record], Hashable], int]


async def seed_mappings(
    connection: Connection, workspace: int, spec: Workspace, ids: Ids, now: datetime, *, prune: bool
) -> list[Change]:
    """Write the mappings of a file; the changes in words. With `prune` one that it names no more is used no more."""
    named = {key: (name, of) for key, name, of in _named(spec, ids)}
    channels = {number: name for name, number in _channels(spec, ids)}
    heads = await _heads(connection, workspace, list(channels))
    known = {head.key: head for head in heads}
    active = [(head.channel, head.resource, head.active) for head in heads if head.active is not None]
    used = {
        (each.channel, each.resource): each.definition
        for each in await _stored(connection, workspace, MappingVersion, active)
    }
    saved: list[tuple[MappingHead, MappingVersion | None]] = []
    for key, (_, (definition, template)) in named.items():
        head = known.get(key) or MappingHead(*key, None, 0)
        if head.latest and (template or used.get(key) == definition):
            continue
        version = MappingVersion(*key, head.latest + 1, definition, now)
        saved.append((MappingHead(*key, version.version, version.version), version))
    if prune:
        gone = [head for head in heads if head.active is not None and head.key not in named]
        saved += [(MappingHead(head.channel, head.resource, None, head.latest), None) for head in gone]
    await _write(connection, workspace, saved)
    return [_change(channels[head.channel], head, version) for head, version in saved]


def _channels(spec: Workspace, ids: Ids) -> Iterator[tuple[str, int]]:
    for name, channel in spec.channels.items():
        yield name, ids[ChannelRow, (channel.door, name)]


def _named(spec: Workspace, ids: Ids) -> Iterator[tuple[tuple[int, str], str, tuple[Definition, bool]]]:
    for name, channel in spec.channels.items():
        for resource, mapping in channel.mappings.items():
            definition = definition_of(channel.door, resource, mapping)
            key = (ids[ChannelRow, (channel.door, name)], resource)
            yield key, name, (definition, mapping.template is not None)


async def _heads(connection: Connection, workspace: int, channels: Sequence[int]) -> list[MappingHead]:
    rows = await connection.fetch(_OF_CHANNELS, workspace, channels)
    return await _stored(connection, workspace, MappingHead, [tuple(row) for row in rows])


async def _stored(connection: Connection, workspace: int, kind: type[R], keys: Sequence[Hashable]) -> list[R]:
    find = known_by(kind)
    text = await connection.fetchval(find.query("$2::json", lock=True), workspace, json_text(keys))
    return [record for record in find.decode(text or "[]") if isinstance(record, kind)]


async def _write(
    connection: Connection, workspace: int, saved: Sequence[tuple[MappingHead, MappingVersion | None]]
) -> None:
    heads, versions = binding_of[MappingHead], binding_of[MappingVersion]
    new = [version for _, version in saved if version is not None]
    if new:
        await connection.execute(versions.insert, workspace, versions.rows(new))
    if saved:
        await connection.execute(heads.put, workspace, heads.rows([head for head, _ in saved]))


def _change(channel: str, head: MappingHead, version: MappingVersion | None) -> Change:
    name = f"{channel} {head.resource}"
    if version is None:
        return Change("delete", "mapping", name)
    return Change("create" if version.version == 1 else "update", "mapping", name)


_OF_CHANNELS = """
select channel, resource from mapping_heads where workspace = $1 and channel = any($2::bigint[])
"""
