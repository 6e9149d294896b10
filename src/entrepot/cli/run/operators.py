"""`entrepot operators`: who may log in to the console."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from entrepot.cli.database import database_as_it_is
from entrepot.cli.options import Config, DatabaseUrl, DataDir, fail, settings_from

if TYPE_CHECKING:
    from entrepot.store.connections import Connection

app = typer.Typer(help="Who may log in to the console.", no_args_is_help=True)

LONGEST_NAME = 100
T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="The operator's name.")]
Workspace = Annotated[
    str | None, typer.Option("--workspace", "-w", help="The only workspace that they see; without it all.")
]


@app.command("add")
def add(
    name: Name,
    workspace: Workspace = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Add an operator, and print a link that sets their password: once, within an hour."""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        fail(f"NAME: expected 1 to {LONGEST_NAME} printable characters.", status=2)

    async def work(connection: "Connection") -> str:
        from entrepot.engine.clock import real_now
        from entrepot.store.queries.operations.operators import add_operator

        number = await _workspace(connection, workspace)
        if await add_operator(connection, number, name, real_now()) is None:
            fail(f"There is an operator {name} already; `entrepot operators link` lets them in.")
        return await _new_link(connection, number, name)

    typer.echo(_told(_with_database(work, data_dir, database_url, config)))


@app.command("link")
def link(
    name: Name,
    workspace: Workspace = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Print a link that sets an operator's password anew: once, within an hour."""

    async def work(connection: "Connection") -> str:
        return await _new_link(connection, await _workspace(connection, workspace), name)

    typer.echo(_told(_with_database(work, data_dir, database_url, config)))


@app.command("list")
def list_(data_dir: DataDir = None, database_url: DatabaseUrl = None, config: Config = None) -> None:
    """List the operators."""

    async def work(connection: "Connection") -> list[str]:
        from entrepot.store.queries.operations.operators import EVERYWHERE, list_operators

        return [
            f"{each.name}\t{'all' if each.workspace == EVERYWHERE else workspace or 'a workspace that is gone'}"
            f"\t{'' if each.has_password else 'has no password yet'}".rstrip()
            for each, workspace in await list_operators(connection)
        ]

    for line in _with_database(work, data_dir, database_url, config):
        typer.echo(line)


@app.command("remove")
def remove(
    name: Name,
    workspace: Workspace = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Remove an operator, whose sessions end at once."""

    async def work(connection: "Connection") -> bool:
        from entrepot.store.queries.operations.operators import remove_operator

        return await remove_operator(connection, await _workspace(connection, workspace), name)

    if not _with_database(work, data_dir, database_url, config):
        fail(f"There is no operator {name}.")
    typer.echo(f"{name} is removed.")


async def first_link(connection: "Connection") -> str | None:
    """A link for the first operator, where nobody can log in yet."""
    from entrepot.engine.clock import real_now
    from entrepot.store.queries.operations.operators import EVERYWHERE, add_operator, nobody_can_log_in

    if not await nobody_can_log_in(connection):
        return None
    await add_operator(connection, EVERYWHERE, FIRST, real_now())
    return await _new_link(connection, EVERYWHERE, FIRST)


def invitation(database_url: str, url: str) -> str:
    """What is said at the end of a start on a terminal while nobody can log in to the console; a link is in no log."""
    if not sys.stdout.isatty():
        return ""

    async def run() -> str | None:
        from entrepot.store.connections import connect

        connection = await connect(database_url)
        try:
            return await first_link(connection)
        finally:
            await connection.close()

    path = asyncio.run(run())
    return f"\nNobody can log in to the console yet. Within an hour, once: {url}{path}" if path else ""


FIRST = "admin"
"""The name of the operator whom a first start lets in."""


async def _new_link(connection: "Connection", workspace: int, name: str) -> str:
    from entrepot.engine.clock import real_now
    from entrepot.store.queries.operations.operators import find_operator, make_proof

    found = await find_operator(connection, workspace, name)
    if found is None:
        fail(f"There is no operator {name}.")
    return f"/console/link/{await make_proof(connection, found[0], 'link', real_now())}"


async def _workspace(connection: "Connection", name: str | None) -> int:
    from entrepot.store.queries.operations.operators import EVERYWHERE
    from entrepot.store.queries.workspaces import workspace_by_name

    if name is None:
        return EVERYWHERE
    number = await workspace_by_name(connection, name)
    if number is None:
        fail(f"There is no workspace {name}.")
    return number


def _told(path: str) -> str:
    return f"Open {path} at the server's own address. The link works once, within an hour."


def _with_database(
    work: "Callable[[Connection], Awaitable[T]]", data_dir: DataDir, database_url: DatabaseUrl, config: Config
) -> T:
    from entrepot.store.connections import connect

    async def run(url: str) -> T:
        connection = await connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    settings = settings_from(config, data_dir=data_dir, database_url=database_url)
    with database_as_it_is(settings) as url:
        return asyncio.run(run(url))
