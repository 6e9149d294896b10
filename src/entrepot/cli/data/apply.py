"""`entrepot apply`: make the database what a world file says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.options import Config, DatabaseUrl, DataDir, fail, settings_from

if TYPE_CHECKING:
    from rich.console import Console

    from entrepot.worlds import Report, WorkspaceReport, World

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
_SHOWN = 200
"""More changes than this of one workspace are counted, not listed."""


def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A world, in TOML or JSON.", show_default=False)
    ],
    set_stock: Annotated[
        bool, typer.Option("--set-stock", help="Count stock that is there already as the file says.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete what the file does not name.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Make workspaces, accounts, catalogue and first stock what FILE says; a second time changes nothing."""
    from entrepot.cli.database import database, looked_at
    from entrepot.worlds import load_world

    world = load_world(file)
    if isinstance(world, list):
        fail(*(f"{file}: {fault}" for fault in world))
    settings = settings_from(config, data_dir=data_dir, database_url=database_url)
    with (looked_at if dry_run else database)(settings) as url:
        report = asyncio.run(_apply(url, world, set_stock, prune, dry_run))
    show(report)
    if report.conflicts:
        raise typer.Exit(1)


async def _apply(url: str, world: World, set_stock: bool, prune: bool, dry_run: bool) -> Report:
    from datetime import UTC, datetime

    from entrepot.store.connections import connect
    from entrepot.worlds import apply_world

    connection = await connect(url)
    try:
        return await apply_world(
            connection, world, now=datetime.now(UTC), set_stock=set_stock, prune=prune, dry_run=dry_run
        )
    finally:
        await connection.close()


def show(report: Report, console: Console | None = None) -> None:
    """Print what changed, what stood in the way, and the keys that were made, for the only time."""
    from rich.console import Console

    out = console or Console(highlight=False, soft_wrap=True)
    for workspace in report.workspaces:
        _show(workspace, out, dry_run=report.dry_run)


def _show(workspace: WorkspaceReport, out: Console, *, dry_run: bool) -> None:
    if workspace.conflicts:
        out.print(f"[bold]{workspace.name}[/]: nothing applied")
        for fault in workspace.conflicts:
            out.print(f"  ! {fault}", style="red", markup=False)
        return
    out.print(f"[bold]{workspace.name}[/]: {_sum(workspace, dry_run=dry_run)}")
    for change in workspace.changes[:_SHOWN]:
        sign, colour = _SIGNS[change.action]
        out.print(f"  {sign} {change.kind} {change.name}", style=colour, markup=False)
        for each in change.differences:
            out.print(f"      {each.field}: {each.before or '-'} -> {each.after or '-'}", markup=False)
    if len(workspace.changes) > _SHOWN:
        out.print(f"  … and {len(workspace.changes) - _SHOWN} more")
    for fault in workspace.warnings:
        out.print(f"  ? {fault}", style="yellow", markup=False)
    for shop in workspace.numbers:
        out.print(f"  {shop.channel} number: {shop.number}", markup=False)
    for key in workspace.generated:
        out.print(f"  {key.channel} {key.name} key, shown this once: {key.secret}", markup=False)


def _sum(workspace: WorkspaceReport, *, dry_run: bool) -> str:
    count = len(workspace.changes)
    if not count:
        return "no changes"
    changes = "1 change" if count == 1 else f"{count} changes"
    return f"{changes} to make" if dry_run else f"{changes} made"
