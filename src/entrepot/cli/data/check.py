"""`entrepot check`: configuration, database, migrations and laws."""

import asyncio
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.operate.session import AsJson, Workspace
from entrepot.cli.options import Config, DatabaseUrl, DataDir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entrepot.checks import Finding
    from entrepot.config import Settings
    from entrepot.store.connections import Connection
    from entrepot.store.upkeep.distribution import Node


def check(
    workspace: Workspace = None,
    as_json: AsJson = False,
    sandbox: Annotated[
        bool | None, typer.Option("--sandbox", help="The server on this database is a sandbox.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Look whether everything promised holds; only violations make the exit status 1, not warnings."""
    from entrepot.cli import showing

    findings = _check(workspace, config, data_dir=data_dir, database_url=database_url, sandbox=sandbox)
    if as_json:
        showing.show_json(findings)
    elif findings:
        rows = ((f.severity, f.law, f.workspace, f.detail) for f in findings)
        showing.show(showing.table(("severity", "law", "workspace", "what"), rows, sparse=("workspace",)))
    else:
        typer.echo("Everything holds.")
    if any(finding.severity == "violation" for finding in findings):
        raise typer.Exit(1)


def _check(workspace: str | None, config: Path | None, **flags: object) -> "list[Finding]":
    from entrepot.checks import Finding
    from entrepot.config import ConfigError, load_settings
    from entrepot.store.embedded import EmbeddedError

    try:
        settings = load_settings(flags, os.environ, config)
    except ConfigError as error:
        return [Finding("violation", "configuration", None, fault) for fault in error.faults]
    with ExitStack() as stack:
        try:
            url = _enter(stack, settings)
        except EmbeddedError as error:
            return [Finding("violation", "database", None, str(error))]
        if url is None:
            return [Finding("violation", "database", None, f"there is no data in {settings.data_dir}")]
        return asyncio.run(_check_all(url, workspace, sandbox=settings.sandbox))


def _enter(stack: ExitStack, settings: "Settings") -> str | None:
    from entrepot.cli.database import has_data
    from entrepot.store.embedded import connect_or_start

    if settings.database_url:
        return settings.database_url
    return stack.enter_context(connect_or_start(settings.data_dir)) if has_data(settings) else None


async def _check_all(url: str, name: str | None, *, sandbox: bool) -> "list[Finding]":
    from entrepot.checks import (
        Finding,
        check_accounts,
        check_database,
        check_nodes,
        find_nodes,
        run_checks,
    )
    from entrepot.store.connections import connect
    from entrepot.store.queries.workspaces import workspace_by_name

    if wrong := await check_database(url):
        return wrong
    connection = await connect(url)
    try:
        workspace = None if name is None else await workspace_by_name(connection, name)
        if name is not None and workspace is None:
            return [Finding("violation", "configuration", None, f"there is no workspace {name!r}")]
        _show_nodes(await find_nodes(connection))
        wrong = await check_nodes(connection)
        public = [] if sandbox else await _check_production(connection, url)
        accounts = await check_accounts(connection, workspace)
        return wrong + public + accounts + await run_checks(connection, workspace, _show_progress)
    finally:
        await connection.close()


def _show_nodes(nodes: "Sequence[Node]") -> None:
    """Where the rows of a database lie that is spread, and what is not so there: on standard error, beside the JSON."""
    for node in nodes:
        part = "coordinator, " if node.coordinates else ""
        typer.echo(f"node {node.host}:{node.port}: {part}{node.shards} shards of each table", err=True)
    if nodes:
        typer.echo(NOT_HELD, err=True)


NOT_HELD = "Spread over nodes: each workspace is read as of one moment, and no two of the same."


async def _check_production(connection: "Connection", url: str) -> "list[Finding]":
    from entrepot.checks import check_durability, check_sandbox_workspaces

    return await check_durability(connection, url) + await check_sandbox_workspaces(connection)


def _show_progress(done: int, of: int) -> None:
    """On a terminal, a line that is written over, until the last one leaves it empty."""
    if sys.stderr.isatty() and of > 1:
        text = f"checked {done} of {of} workspaces" if done < of else ""
        typer.echo(f"\r\x1b[K{text}", nl=False, err=True)
