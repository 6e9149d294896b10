"""The keys of a world's channels: which are there, which are to be made or replaced, and the doing of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from entrepot.domain.kernel.moments import read_moment
from entrepot.doors.manifest import KeyKind, OwnKeys
from entrepot.registry import manifests
from entrepot.store.connections import Connection
from entrepot.store.credentials.credentials import (
    change_credential,
    create_credential,
    revoke_credential,
)
from entrepot.store.credentials.directory import Key as DirectoryKey
from entrepot.store.credentials.directory import credential_key
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.key_checks import form_of
from entrepot.worlds.form.secrets import SHORTEST_KEY, Environment
from entrepot.worlds.form.types import KeySource, Workspace
from entrepot.worlds.plan.report import Change, GeneratedKey

_texts = msgspec.json.Decoder(tuple[str, ...]).decode
_LABEL = "world:"
"""The label of a file's key starts so: keys that operators made are none of a file's business."""

_TAKEN = """
select d.kind, d.hash, d.workspace, d.channel, d.environment from directory d
join unnest($1::text[], $2::bytea[]) k(kind, hash) on d.kind = k.kind and d.hash = k.hash
"""

_GOOD = """
select r.id, r.channel, r.label, c.name, r.scopes, r.expires_at, r.suspended_at is not null from credentials r
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
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    suspended: bool = False
    own: OwnKeys | None = None

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
            found.append(_wanted(settings.door, channel, key, source, secret))
            if found[-1].own and secret and found[-1].own.opens(secret) is None:
                environment.faults.append(Fault(pointer(steps), form_of(found[-1].own)))
    return found


def _wanted(door: str, channel: str, name: str, source: str | KeySource, secret: str | None) -> WantedKey:
    own, said = manifests()[door].own_keys, KeySource() if isinstance(source, str) else source
    if own is None:
        opens, scopes = manifests()[door].keys[name], ()
    else:
        opens = (own.opens(secret) if secret else None) or KeyKind(own.kind, said.environment)
        scopes = said.scopes or (own.all_scopes,)
    until = None if said.expires is None else read_moment(said.expires, until=True)
    return WantedKey(door, channel, name, opens, secret, scopes, until, said.suspended, own)


def _secret(source: str | KeySource, steps: tuple[str, ...], environment: Environment) -> str | None:
    if isinstance(source, str):
        return source
    return environment.get(source.env, steps, SHORTEST_KEY) if source.env else source.value


class _Good(msgspec.Struct, frozen=True):
    """A credential that is not revoked, and the name of its channel."""

    id: int
    channel: int
    label: str
    channel_name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    suspended: bool

    @property
    def place(self) -> tuple[int, str]:
        """Channel and label: a file's key is known by them."""
        return self.channel, self.label

    @property
    def title(self) -> str:
        """What a change calls it."""
        return f"{self.channel_name} {self.label.removeprefix(_LABEL)}"


def _good(row: Any) -> _Good:
    number, channel, label, name, scopes, expires_at, suspended = row
    return _Good(number, channel, label, name, _texts(scopes), expires_at, suspended)


class KeyPlan(msgspec.Struct, frozen=True):
    """Keys to make (with the channel's id) and credentials to revoke."""

    makes: list[tuple[int, WantedKey]]
    revokes: list[_Good]
    alters: list[tuple[_Good, WantedKey]]
    conflicts: list[Fault]

    def changes(self) -> list[Change]:
        """The plan in words."""
        return [
            *(Change("delete", "key", key.title) for key in self.revokes),
            *(Change("create", "key", f"{key.channel} {key.name}") for _, key in self.makes),
            *(Change("update", "key", known.title) for known, _ in self.alters),
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
    good = [_good(row) for row in await connection.fetch(_GOOD, workspace)]
    replaced = {key.place: key for key in good}
    result = KeyPlan([], [], [], [])
    for key in keys:
        channel = channels[key.door, key.channel]
        holder = taken.get(key.directory) if key.directory else None
        old = replaced.get((channel, key.label))
        if holder is not None and holder != (workspace, channel, key.opens.environment):
            result.conflicts.append(_held_elsewhere(name, key))
        elif holder is None and (key.secret is not None or old is None):
            result.makes.append((channel, key))
            result.revokes.extend([old] if old else [])
        elif old is not None and not _same(old, key):
            result.alters.append((old, key))
    if prune:
        kept = {(channels[key.door, key.channel], key.label) for key in keys}
        result.revokes.extend(key for key in good if _pruned(key, kept, set(channels.values())))
    return result


def _same(known: _Good, key: WantedKey) -> bool:
    """Whether a key that is there is as the file wants it."""
    return (known.scopes, known.expires_at, known.suspended) == (key.scopes, key.expires_at, key.suspended)


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
    """Make and alter what the plan does; the keys that had no secret of their own come back with it."""
    generated: list[GeneratedKey] = []
    for channel, key in plan.makes:
        kind, environment, pair = key.opens
        secret = key.own.new(environment) if key.own and key.secret is None else key.secret
        made = await create_credential(
            connection, workspace, channel, environment, kind, secret, key.label,
            expires_at=key.expires_at, scopes=key.scopes, suspended=key.suspended, pair=pair, now=now,
        )  # fmt: skip
        if key.secret is None:
            generated.append(GeneratedKey(key.channel, key.name, made.secret))
    for known, key in plan.alters:
        await change_credential(
            connection, workspace, known.id,
            scopes=key.scopes, expires_at=key.expires_at, suspended_at=now if key.suspended else None,
        )  # fmt: skip
    return generated


async def _taken(connection: Connection, keys: list[WantedKey]) -> dict[DirectoryKey, tuple[Any, ...]]:
    names = [name for key in keys if (name := key.directory)]
    rows = await connection.fetch(_TAKEN, [kind for kind, _ in names], [digest for _, digest in names])
    return {(row[0], row[1]): tuple(row)[2:] for row in rows}
