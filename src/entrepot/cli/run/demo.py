"""`entrepot demo`: a sandbox with the demo world, and what to try in it."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Final

import typer

from entrepot.cli.options import DoorHost, SandboxHost, fail
from entrepot.cli.run.operators import invitation
from entrepot.config import ConfigError, Settings, load_settings
from entrepot.registry import DOORS, manifests

if TYPE_CHECKING:
    from entrepot.store.connections import Connection
    from entrepot.worlds import World
    from entrepot.worlds.applying.recorded import Recorded

FOLDER = "demo"
DOOR_HOSTS = tuple(f"{door}={door}.localhost" for door in DOORS)
"""Names under `.localhost` lead to the machine itself."""
_NOT_THE_DEMOS = {"ENTREPOT_DATABASE_URL", "ENTREPOT_DATA_DIR", "ENTREPOT_SANDBOX", "ENTREPOT_WORKERS"}


_STANDS = """
What stands here, with keys and ids:  {url}/sandbox/world
Every failure, and what to do:        {url}/failures
Begin anew:                           curl -X POST {url}/sandbox/reset
See the orders:                       {orders}"""


def demo(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[str | None, typer.Option(help="Port; 0 for any free one. [default: 8600]")] = None,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A world of your own, in a folder of its own."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="ENTREPOT_DEMO_DATA_DIR", help="Folder of the demo's own PostgreSQL."),
    ] = None,
    door_host: DoorHost = None,
    sandbox_host: SandboxHost = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error. [default: info]")
    ] = None,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Keep the data in a folder that is deleted at the end.")
    ] = False,
    url_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the server's URL here once it answers, until it ends."),
    ] = None,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="End when the process that started it has ended.")
    ] = False,
    env: Annotated[
        bool,
        typer.Option(
            "--env", help="Print what lets other commands find the demo's data, for a shell to eval."
        ),
    ] = False,
) -> None:
    """Run a sandbox with the demo world until Ctrl-C; it keeps its state until `/sandbox/reset`."""
    if exit_with_parent:
        from entrepot.serving.orphan import end_with_parent

        end_with_parent()
    if env:
        typer.echo(shell_lines(_folder(data_dir, world)))
        return
    own = _read(world)
    with _temporary_folder() if temporary else nullcontext(_folder(data_dir, world)) as folder:
        flags: dict[str, object] = {
            "host": host,
            "port": port,
            "log_level": log_level,
            "data_dir": folder,
            "sandbox": True,
            "sandbox_hosts": sandbox_host,
            "door_hosts": door_host or DOOR_HOSTS,
        }
        try:
            settings = load_settings(flags, _of_this_server(os.environ))
        except ConfigError as error:
            fail(*error.faults, status=2)
        _serve(settings, own, url_file, durable=not temporary)


def _serve(settings: Settings, world: World | None, url_file: Path | None, *, durable: bool) -> None:
    from entrepot.serving import ServeError
    from entrepot.serving import serve as run

    try:
        with _told_in(url_file) as answers:
            bring = partial(prepare, folder=settings.data_dir, world=world)
            run(settings, bring, answers, durable=durable)
    except ServeError as error:
        fail(str(error))


def _folder(data_dir: Path | None, world: Path | None) -> Path:
    from entrepot.store.embedded import default_data_dir

    return (data_dir or default_data_dir() / (f"{FOLDER}-{world.stem}" if world else FOLDER)).absolute()


@contextmanager
def _temporary_folder() -> Generator[Path]:
    from entrepot.serving.scratch import scratch_folder

    with scratch_folder(FOLDER) as folder:
        folder.chmod(0o711)  # for the account that PostgreSQL runs as where we are root
        yield folder / "data"


@contextmanager
def _told_in(file: Path | None) -> Generator[Callable[[str], None]]:
    """Who writes the URL into the file, at once and as a whole; the file is there as long as the server answers."""
    if file is None:
        yield lambda _: None
        return
    written = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.unlink(missing_ok=True)
        written.touch()
    except OSError as error:
        fail(f"--url-file: {file} cannot be written ({error.strerror}).", status=2)

    def answers(url: str) -> None:
        written.write_text(f"{url}\n", "utf-8")
        written.replace(file)

    try:
        yield answers
    finally:
        for each in (written, file):
            each.unlink(missing_ok=True)


def shell_lines(folder: Path) -> str:
    """What makes a shell's `entrepot` this one, and its database the demo's."""
    program = Path(sys.argv[0]).absolute().parent
    values = {"ENTREPOT_DATA_DIR": str(folder), "ENTREPOT_SANDBOX": "true"}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([f'export PATH={shlex.quote(str(program))}:"$PATH"', *lines])


def _of_this_server(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment's settings, but for those of another server's database: that is not the demo's to fill."""
    return {name: value for name, value in environ.items() if name not in _NOT_THE_DEMOS}


def _read(path: Path | None) -> World | None:
    if path is None:
        return None
    from entrepot.worlds import load_world

    world = load_world(path)
    if isinstance(world, list):
        fail(*(f"{path}: {fault}" for fault in world))
    if not world.sandbox:
        fail(f"{path}: /sandbox: missing; the demo takes files that say `sandbox = true`.")
    return world


def prepare(database_url: str, url: str, folder: Path, world: World | None = None) -> str:
    """Bring the world into the database, the demo world into one that has none; say what to try."""
    asyncio.run(_bring(database_url, url, world))
    name = ["-w", "north"] if world is None else []
    orders = shlex.join([sys.argv[0], "orders", "list", *name, "--data-dir", str(folder)])
    stands = _STANDS.format(url=url, orders=orders)
    if world is not None:
        return stands + invitation(database_url, url)
    return tries(url) + stands + invitation(database_url, url)


def tries(url: str) -> str:
    """What can be tried at each door of the server at this URL, one paragraph each."""
    each = (one for manifest in manifests().values() for one in manifest.tries(url))
    return "".join(f"\n{one.says}\n\n{indent(chr(10).join(one.commands), '  ')}\n" for one in each)


_LOCK: Final = 0x656E7472_64656D6F
"""Of ours alone, among the advisory locks of the database."""


async def apply_demo(database_url: str) -> None:
    """Apply the demo world to a database that has none, or that of an older release; leave any other as it is."""
    from entrepot.store.connections import connect

    connection = await connect(database_url)
    try:
        await _apply_demo(connection)
    finally:
        await connection.close()


async def _apply_demo(connection: Connection) -> None:
    """Who starts at the same time waits, and then finds it done."""
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await _apply_lacking(connection)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def _apply_lacking(connection: Connection) -> None:
    from entrepot.worlds import apply_world, demo_world
    from entrepot.worlds.applying.recorded import read_recorded

    world = demo_world()
    if await connection.fetchval("select exists (select from workspaces)"):
        if not is_older(world, await read_recorded(connection)):
            return
        typer.echo("This folder has the demo world of an older release: what is new since is added to it.")
    report = await apply_world(connection, world, now=datetime.now(UTC))
    if report.conflicts:
        fail(
            *map(str, report.conflicts),
            "The demo world of this release does not fit. Delete the folder to begin anew.",
        )


def is_older(world: World, recorded: Sequence[Recorded]) -> bool:
    """Whether an older form of this world was applied: one that named some of its accounts, and not all.

    What was applied counts, not what stands: an account that was taken out since stays out. Who prunes says what
    shall be, so a workspace that was pruned is left alone.
    """
    pruned = {name for each in recorded if each.pruned for name in each.workspaces}
    wanted = {one for one in _accounts(world) if one[0] not in pruned}
    named = {one for each in recorded for one in _accounts(each)}
    return bool(wanted & named) and not wanted <= named


def _accounts(world: World) -> Iterator[tuple[str, str]]:
    return ((name, each) for name, spec in world.workspaces.items() for each in spec.channels)


async def _bring(database_url: str, url: str, world: World | None) -> None:
    from entrepot.cli.data.apply import show
    from entrepot.sandbox.partner import point_here
    from entrepot.store.connections import connect
    from entrepot.worlds import apply_world

    connection = await connect(database_url)
    try:
        if world is None:
            await _apply_demo(connection)
        else:
            report = await apply_world(connection, world, now=datetime.now(UTC))
            show(report)
            if report.conflicts:
                fail("The world cannot be applied.")
        await point_here(connection, url)
    finally:
        await connection.close()
