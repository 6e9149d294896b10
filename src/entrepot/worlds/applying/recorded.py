"""What was applied to a sandbox, kept so that the sandbox can begin anew and show its keys.

Secrets stand in it as they are, wherever they came from: only sandboxes record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec

from entrepot.store.connections import Connection
from entrepot.worlds.form.key_checks import literal
from entrepot.worlds.form.secrets import Environment
from entrepot.worlds.form.types import Channel, KeySource, Workspace, World
from entrepot.worlds.plan.keys import WantedKey
from entrepot.worlds.plan.report import GeneratedKey

_READ = "select document from sandbox_worlds where workspace = $1 order by seq"
_READ_ALL = """
select r.document from sandbox_worlds r join workspaces w on w.id = r.workspace
order by w.created_at, w.name, r.workspace, r.seq
"""
_FORGET = "delete from sandbox_worlds where workspace = $1 and ($2::text is null or document = $2)"
_ADD = """
insert into sandbox_worlds (workspace, seq, document)
select $1, coalesce(max(seq), 0) + 1, $2 from sandbox_worlds where workspace = $1
"""

KeyName = tuple[str, str]
"""Channel and key, as the file names them."""


class Recorded(World, frozen=True, kw_only=True):
    """A part of a world as it was applied. `pruned`: with it all that it does not name was taken out, on purpose."""

    pruned: bool = False


_decode = msgspec.json.Decoder(Recorded).decode


async def record(
    connection: Connection,
    workspace: int,
    name: str,
    spec: Workspace,
    environment: Environment,
    keys: Iterable[WantedKey],
    generated: Iterable[GeneratedKey],
    *,
    only: bool = False,
) -> None:
    """Keep this part of a file as the latest that was applied, `only` as the only one."""
    documents = [row[0] for row in await connection.fetch(_READ, workspace)]
    known = secrets_of(_decode(document) for document in documents)
    known |= {(key.channel, key.name): key.secret for key in keys if key.secret is not None}
    known |= {(key.channel, key.name): key.secret for key in generated}
    channels = _filled(name, spec, environment, known)
    workspaces = {name: msgspec.structs.replace(spec, channels=channels)}
    plain = _text(World(sandbox=True, workspaces=workspaces))
    # Taking out what is not there leaves things as they were recorded.
    document = _text(Recorded(sandbox=True, workspaces=workspaces, pruned=True)) if only else plain
    if documents not in ([plain], [document]) if only else documents[-1:] != [document]:
        await connection.execute(_FORGET, workspace, None if only else document)
        await connection.execute(_ADD, workspace, document)


def _text(world: World) -> str:
    return msgspec.json.encode(world).decode()


async def read_recorded(connection: Connection) -> list[Recorded]:
    """All that was applied to this sandbox, each world of one workspace, in the order to apply it again."""
    return [_decode(cast("str", row[0])) for row in await connection.fetch(_READ_ALL)]


def secrets_of(worlds: Iterable[World]) -> dict[KeyName, str]:
    """The keys of recorded worlds; later ones win."""
    return {
        (channel, name): secret
        for world in worlds
        for workspace in world.workspaces.values()
        for channel, spec in workspace.channels.items()
        for name, key in spec.keys.items()
        if (secret := literal(key)) is not None
    }


def _filled(
    name: str, spec: Workspace, environment: Environment, secrets: Mapping[KeyName, str]
) -> dict[str, Channel]:
    """The channels with every secret in its place."""
    return {
        channel: msgspec.structs.replace(
            settings,
            settings=environment.settings(
                settings.settings, ("workspaces", name, "channels", channel, "settings")
            ),
            keys={key: _told(source, secrets.get((channel, key))) for key, source in settings.keys.items()},
        )
        for channel, settings in spec.channels.items()
    }


def _told(source: str | KeySource, secret: str | None) -> str | KeySource:
    """A key with its secret in its place, and all else that the file says of it."""
    if isinstance(source, str) or secret is None:
        return secret or source
    plain = KeySource(env=source.env, generate=source.generate, value=source.value)
    if source == plain:
        return secret
    return msgspec.structs.replace(source, value=secret, env=None, generate=False)
