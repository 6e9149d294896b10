"""`entrepot keys`: create, list, suspend and revoke the credentials of channels."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.operate.session import Session, moment, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from entrepot.doors.manifest import KeyKind, Manifest, OwnKeys
    from entrepot.store.credentials.credentials import Credential

app = typer.Typer(help="Create, list, suspend and revoke the keys of channels.", no_args_is_help=True)

LONGEST_LABEL = 200


@app.command("create")
@operator_command
async def create_key(
    session: Session,
    channel: Annotated[str, typer.Option(help="Whose key, as door/name.")],
    kind: Annotated[str, typer.Option(help="What it opens: live, test, private … by door.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, where the door has scopes; may be repeated.")
    ] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires: Annotated[str | None, typer.Option(help="When it stops to hold (ISO 8601).")] = None,
) -> None:
    """Make a key and show its secret, this once."""
    from entrepot.engine.clock import real_now
    from entrepot.registry import manifests
    from entrepot.store.credentials.credentials import create_credential

    known = await session.channel(channel)
    manifest = manifests().get(known.door)
    own = manifest.own_keys if manifest else None
    kinds = _kinds(manifest)
    if kind not in kinds:
        fail(f"--kind: {kind!r} is wrong; keys of {known.door} are {', '.join(kinds) or 'none'}.", status=2)
    if label.startswith("world:") or len(label) > LONGEST_LABEL:
        fail(f"--label: expected at most {LONGEST_LABEL} letters, not starting with 'world:'.", status=2)
    until, now = moment(expires, "--expires", until=True), real_now()
    if until is not None and until <= now:
        fail(f"--expires: {expires!r} is past; the key would never hold.", status=2)
    opens = kinds[kind]
    scopes = _scopes(scope or [], own)
    secret = own.new(opens.environment) if own else None
    async with session.connection.transaction():
        made = await create_credential(
            session.connection, session.workspace, known.id, opens.environment, opens.kind, secret, label,
            expires_at=until, scopes=scopes, pair=opens.pair, now=now,
        )  # fmt: skip
    told = {"id": made.id, "secret": made.secret}
    session.tell(told, lambda: f"Key {made.id} of {known}: {made.secret}\nIt is not shown again.")


def _kinds(manifest: "Manifest | None") -> "Mapping[str, KeyKind]":
    from entrepot.doors.manifest import KeyKind

    if manifest is None or manifest.own_keys is None:
        return manifest.keys if manifest else {}
    own = manifest.own_keys
    return {environment: KeyKind(own.kind, environment) for environment in own.prefixes}


def _scopes(asked: "Sequence[str]", own: "OwnKeys | None") -> "Sequence[str]":
    if own is None:
        return fail("--scope: keys of this door have no scopes.", status=2) if asked else ()
    for each in asked:
        if each not in own.scopes:
            fail(f"--scope: {each!r} is wrong; there are {', '.join(sorted(own.scopes))}.", status=2)
    return asked or (own.all_scopes,)


@app.command("list")
@operator_command
async def list_keys(
    session: Session,
    channel: Annotated[str | None, typer.Option(help="Only this channel's, as door/name.")] = None,
) -> None:
    """List keys, revoked ones too; never their secrets."""
    from entrepot.store.credentials.credentials import list_credentials
    from entrepot.store.queries.workspaces import channel_names

    only = (await session.channel(channel)).id if channel is not None else None
    found = await list_credentials(session.connection, session.workspace, only)
    names = {known.id: str(known) for known in await channel_names(session.connection, session.workspace)}
    session.tell(found, lambda: _table(found, names))


@app.command("revoke")
@operator_command
async def revoke_key(
    session: Session, key: Annotated[int, typer.Argument(help="Its number, as `keys list` shows it.")]
) -> None:
    """End a key; the next request with it is refused."""
    from entrepot.engine.clock import real_now
    from entrepot.store.credentials.credentials import revoke_credential

    async with session.connection.transaction():
        ended = await revoke_credential(session.connection, session.workspace, key, real_now())
    if not ended:
        fail(f"There is no key {key} that still holds.")
    session.tell({"id": key, "revoked": True}, lambda: f"Key {key} is revoked.")


KeyNumber = Annotated[int, typer.Argument(help="Its number, as `keys list` shows it.")]


@app.command("suspend")
@operator_command
async def suspend_key(session: Session, key: KeyNumber) -> None:
    """Let a key open nothing until it is resumed; the next request with it is refused."""
    await _suspend(session, key, suspended=True)


@app.command("resume")
@operator_command
async def resume_key(session: Session, key: KeyNumber) -> None:
    """Let a suspended key open again what it did."""
    await _suspend(session, key, suspended=False)


async def _suspend(session: Session, key: int, *, suspended: bool) -> None:
    from entrepot.engine.clock import real_now
    from entrepot.store.credentials.credentials import suspend_credential

    at = real_now() if suspended else None
    async with session.connection.transaction():
        done = await suspend_credential(session.connection, session.workspace, key, at)
    word = "suspended" if suspended else "in use"
    if not done:
        fail(f"There is no key {key} that still holds and is not {word} already.")
    session.tell({"id": key, "suspended": suspended}, lambda: f"Key {key} is {word}.")


def _table(found: "Sequence[Credential]", names: "Mapping[int, str]") -> "Table":
    from entrepot.cli.showing import table

    return table(
        ("key", "channel", "for", "kind", "label", "ends in", "created", "until"),
        (
            (
                *(key.id, names.get(key.channel, key.channel), key.environment, key.kind, key.label),
                *(key.hint, f"{key.created_at:%Y-%m-%d}", _until(key)),
            )
            for key in found
        ),
        right=("key",),
        whole=("for", "created", "until"),
        sparse=("label", "until"),
    )


def _until(key: "Credential") -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.suspended_at is not None:
        return f"suspended {key.suspended_at:%Y-%m-%d}"
    return "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}"
