"""The keys of a world's channels: which are there, which are to be made or replaced, and the doing of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from entrepot.doors.manifest import KeyKind
from entrepot.registry import manifests
from entrepot.store.connections import Connection
from entrepot.store.credentials.credentials import create_credential, revoke_credential
from entrepot.store.credentials.directory import Key as DirectoryKey
from entrepot.store.credentials.directory import credential_key
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.secrets import SHORTEST_KEY, Environment
from entrepot.worlds.form.types import KeySource, Workspace
from entrepot.worlds.plan.report import Change, GeneratedKey

_LABEL = "world:"
"""The label of a file's key starts so: keys that operators made are none of a file's business."""

_TAKEN = """
select d.kind, d.hash, d.workspace, d.channel, d.environment from directory d
join unnest($1::text[], $2::bytea[]) k(kind, hash) on d.kind = k.kind and d.hash = k.hash
"""

_GOOD = """
select r.id, r.channel, r.label, c.name from credentials r
join channels c on c.workspace = r.workspace and c.id = r.channel
where r.workspace = $1 and r.revoked_at is null order by r.id
"""


class WantedKey(msgspec.Struct, frozen=True):
    """A key of a channel; without a `secret` one is made, unless the channel has it already."""

    door: str
    channel: str
    name: str
    opens: KeyKind
    secret: str | None

    def __repr__(self) -> str:
        return f"WantedKey(channel={self.channel!r}, name={self.name!r}, secret=<redacted>)"

    @property
    def label(self) -> str:
        """What the stored credential is labelled."""
        return _LABEL + self.name

    @property
    def directory(self) -> DirectoryKey | None:
        """The secret's name in the directory."""
        return None if self.secret is None else credential_key(self.opens.kind, self.secret)


def wanted_keys(name: str, spec: Workspace, environment: Environment) -> list[WantedKey]:
    """The keys that a workspace of a file names, those of the environment filled in."""
    found: list[WantedKey] = []
    for channel, settings in spec.channels.items():
        for key, source in settings.keys.items():
            steps = ("workspaces", name, "channels", channel, "keys", key)
            secret = _secret(source, steps, environment)
            found.append(WantedKey(settings.door, channel, key, manifests()[settings.door].keys[key], secret))
    return found


def _secret(source: str | KeySource, steps: tuple[str, ...], environment: Environment) -> str | None:
    if isinstance(source, str):
        return source
    return environment.get(source.env, steps, SHORTEST_KEY) if source.env else None


class _Good(msgspec.Struct, frozen=True):
    """A credential that is not revoked, and the name of its channel."""

    id: int
    channel: int
    label: str
    channel_name: str

    @property
    def place(self) -> tuple[int, str]:
        """Channel and label: a file's key is known by them."""
        return self.channel, self.label

    @property
    def title(self) -> str:
        """What a change calls it."""
        return f"{self.channel_name} {self.label.removeprefix(_LABEL)}"


class KeyPlan(msgspec.Struct, frozen=True):
    """Keys to make (with the channel's id) and credentials to revoke."""

    makes: list[tuple[int, WantedKey]]
    revokes: list[_Good]
    conflicts: list[Fault]

    def changes(self) -> list[Change]:
        """The plan in words."""
        return [
            *(Change("delete", "key", key.title) for key in self.revokes),
            *(Change("create", "key", f"{key.channel} {key.name}") for _, key in self.makes),
        ]


async def plan_keys(
    connection: Connection,
    workspace: int,
    name: str,
    keys: list[WantedKey],
    channels: Mapping[tuple[str, str], int],
    *,
    prune: bool,
) -> KeyPlan:
    """Compare the keys with the directory and the credentials; `channels` are the file's, by door and name."""
    taken = await _taken(connection, keys)
    good = [_Good(*row) for row in await connection.fetch(_GOOD, workspace)]
    replaced = {key.place: key for key in good}
    result = KeyPlan([], [], [])
    for key in keys:
        channel = channels[key.door, key.channel]
        holder = taken.get(key.directory) if key.directory else None
        old = replaced.get((channel, key.label))
        if holder is not None and holder != (workspace, channel, key.opens.environment):
            result.conflicts.append(_held_elsewhere(name, key))
        elif holder is None and (key.secret is not None or old is None):
            result.makes.append((channel, key))
            result.revokes.extend([old] if old else [])
    if prune:
        kept = {(channels[key.door, key.channel], key.label) for key in keys}
        result.revokes.extend(key for key in good if _pruned(key, kept, set(channels.values())))
    return result


def _pruned(key: _Good, kept: set[tuple[int, str]], channels: set[int]) -> bool:
    """A file's key that it names no more, and whatever key of a channel that it names no more."""
    if key.channel not in channels:
        return True
    return key.label.startswith(_LABEL) and key.place not in kept


def _held_elsewhere(workspace: str, key: WantedKey) -> Fault:
    steps = ("workspaces", workspace, "channels", key.channel, "keys", key.name)
    return Fault(pointer(steps), "the key is another account's already")


async def revoke_keys(connection: Connection, workspace: int, plan: KeyPlan, now: datetime) -> None:
    """Revoke what the plan revokes: before channels go, and before the same name gets a new key."""
    for key in plan.revokes:
        await revoke_credential(connection, workspace, key.id, now)


async def make_keys(
    connection: Connection, workspace: int, plan: KeyPlan, now: datetime
) -> list[GeneratedKey]:
    """Make what the plan makes; the keys that had no secret of their own come back with it."""
    generated: list[GeneratedKey] = []
    for channel, key in plan.makes:
        kind, environment, pair = key.opens
        made = await create_credential(
            connection, workspace, channel, environment, kind, key.secret, key.label, pair=pair, now=now
        )
        if key.secret is None:
            generated.append(GeneratedKey(key.channel, key.name, made.secret))
    return generated


async def _taken(connection: Connection, keys: list[WantedKey]) -> dict[DirectoryKey, tuple[Any, ...]]:
    names = [name for key in keys if (name := key.directory)]
    rows = await connection.fetch(_TAKEN, [kind for kind, _ in names], [digest for _, digest in names])
    return {(row[0], row[1]): tuple(row)[2:] for row in rows}
