"""The public numbers of a world's channels: by them callers name an account, so the directory leads from them to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.registry import manifests
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Key, carrier_key, credential_key
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.plan.differences import Plan
from entrepot.worlds.plan.records import ChannelRow

_TAKEN = """
select d.kind, d.hash, d.workspace, d.channel from directory d
join unnest($1::text[], $2::bytea[]) k(kind, hash) on d.kind = k.kind and d.hash = k.hash
"""
_LIST = "insert into directory (kind, hash, workspace, channel, environment) values ($1, $2, $3, $4, 'live')"
_CARRIED = """
select id, uuid from channels where workspace = $1 and settings #>> '{carrier,gateway}' = 'http'
"""
_LIST_CARRIED = f"{_LIST} on conflict do nothing"
_UNLIST = "delete from directory where kind = $1 and hash = $2 and workspace = $3 and channel = $4"


class Number(msgspec.Struct, frozen=True):
    """A number of a channel: where its settings hold it, and its name in the directory."""

    channel: int
    member: str
    value: object
    key: Key


class NumberPlan(msgspec.Struct, frozen=True):
    """Which numbers the directory shall list and forget, or why it cannot."""

    lists: list[Number]
    unlists: list[Number]
    conflicts: list[Fault]


def numbers_of(channel: int, door: str, settings: ChannelSettings) -> Iterator[Number]:
    """The numbers by which callers name an account of this door."""
    known = manifests().get(door)
    for member, kind in known.numbers.items() if known else ():
        value = settings.door.get(member)
        if value is not None:
            yield Number(channel, member, value, credential_key(kind, str(value)))


async def plan_numbers(
    connection: Connection,
    workspace: int,
    name: str,
    planned: Plan,
    settings: Mapping[tuple[str, str], ChannelSettings],
) -> NumberPlan:
    """Compare the numbers of the file's channels (`settings` by door and name) with those in the directory."""
    ids = {
        cast("tuple[str, str]", key): number
        for (kind, key), number in planned.ids.items()
        if kind is ChannelRow
    }
    wanted = {place: list(numbers_of(ids[place], place[0], own)) for place, own in settings.items()}
    kept = {number.key for numbers in wanted.values() for number in numbers}
    gone = {number.key: number for row in _former(planned) for number in _of(row)}
    taken = await _taken(connection, kept)
    result = NumberPlan([], list(gone.values()), [])
    for (_, channel), numbers in wanted.items():
        for number in numbers:
            holder = taken.get(number.key)
            if number.key in gone and holder == (workspace, gone[number.key].channel):
                holder = None
            if holder is None:
                result.lists.append(number)
            elif holder != (workspace, number.channel):
                steps = ("workspaces", name, "channels", channel, "settings", "door", number.member)
                result.conflicts.append(Fault(pointer(steps), "the number is another account's already"))
    return result


async def list_numbers(connection: Connection, workspace: int, plan: NumberPlan) -> None:
    """Do what the plan says. Raises asyncpg's UniqueViolationError where another workspace was faster."""
    for number in plan.unlists:
        await connection.execute(_UNLIST, *number.key, workspace, number.channel)
    for number in plan.lists:
        await connection.execute(_LIST, *number.key, workspace, number.channel)


async def list_carriers(connection: Connection, workspace: int) -> dict[int, str]:
    """List the channels whose carriers call, and where they do: the path by the channel's id.

    Who has such a carrier no longer stays listed, and is told that it is not there.
    """
    found = await connection.fetch(_CARRIED, workspace)
    for number, uuid in found:
        await connection.execute(_LIST_CARRIED, *carrier_key(uuid), workspace, number)
    return {number: f"/carriers/{uuid}/events" for number, uuid in found}


def _former(planned: Plan) -> Iterator[ChannelRow]:
    """The channels as they were, of those that change or go."""
    table = planned.table(ChannelRow)
    yield from cast("list[ChannelRow]", table.deletes)
    yield from (cast("ChannelRow", before) for before, _ in table.updates)


def _of(row: ChannelRow) -> Iterator[Number]:
    return numbers_of(row.id, row.door, row.settings)


async def _taken(connection: Connection, keys: Iterable[Key]) -> dict[Key, tuple[int, int | None]]:
    names = list(keys)
    rows = await connection.fetch(_TAKEN, [kind for kind, _ in names], [digest for _, digest in names])
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
