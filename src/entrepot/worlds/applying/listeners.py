"""Listeners that stand in accounts' settings: the rows by which the outbox knows them follow the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.channels.shops import EventListener
from entrepot.domain.outbox.events import Name
from entrepot.registry import manifests
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from entrepot.worlds.plan.report import Change

_STORED = "select id, channel, event, url, secret from event_listeners where workspace = $1 and owner = '' order by id"
_DELETE = "delete from event_listeners where workspace = $1 and id = any($2::bigint[])"
_SIGN = "update event_listeners set secret = $3, changed_at = $4 where workspace = $1 and id = $2"
_COUNT = "update counters set next = next + $2 where workspace = $1 returning next - $2"


class _Place(msgspec.Struct, frozen=True):
    """A listener as a file names it: whose, of which event, where."""

    channel: int
    event: str
    url: str


async def follow_listeners(
    connection: Connection,
    workspace: int,
    accounts: Mapping[int, tuple[str, ChannelSettings]],
    now: datetime,
) -> list[Change]:
    """Make the listeners of these accounts (by id, each with its door) what their settings say.

    One that stays keeps its log; those of accounts that are not named stay as they are.
    """
    wanted = {place: secret for channel, own in accounts.items() for place, secret in _named(channel, *own)}
    gone: list[int] = []
    for number, channel, event, url, secret in await connection.fetch(_STORED, workspace):
        place = _Place(channel, event, url)
        if channel in accounts and place not in wanted:
            gone.append(number)
        elif (now_secret := wanted.pop(place, secret)) != secret:
            await connection.execute(_SIGN, workspace, number, now_secret, now)
    if gone:
        await connection.execute(_DELETE, workspace, gone)
    if wanted:
        await _add(connection, workspace, wanted, now)
    return [
        *(Change("delete", "listener", str(number)) for number in gone),
        *(Change("create", "listener", f"{place.channel} {place.event}") for place in wanted),
    ]


def _named(channel: int, door: str, settings: ChannelSettings) -> Iterator[tuple[_Place, str]]:
    """What the settings name, in the core's words; a word that the door does not know names nothing."""
    manifest = manifests().get(door)
    known: Mapping[str, Name] = manifest.events if manifest else {}
    for listener in settings.listeners.values():
        for event in listener.events:
            if event in known:
                yield _Place(channel, known[event], listener.url), listener.secret


async def _add(connection: Connection, workspace: int, wanted: Mapping[_Place, str], now: datetime) -> None:
    first: int = await connection.fetchval(_COUNT, workspace, len(wanted))
    binding = binding_of[EventListener]
    rows = [
        EventListener(number, place.channel, place.event, place.url, "", secret, True, None, 0, 0, now, now)
        for number, (place, secret) in enumerate(wanted.items(), first)
    ]
    await connection.execute(binding.insert, workspace, binding.rows(rows))
