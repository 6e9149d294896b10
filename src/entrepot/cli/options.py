"""Options and manners that the subcommands share."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from entrepot.config import ConfigError, Settings, load_settings

Config = Annotated[
    Path | None,
    typer.Option(envvar="ENTREPOT_CONFIG", help="TOML file with settings; flags and ENTREPOT_… win."),
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Your own PostgreSQL (15 or newer) instead of the embedded one."),
]
DoorHost = Annotated[
    list[str] | None, typer.Option(metavar="DOOR=HOST", help="Serve a door at the root of a host name.")
]
SandboxHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="A host under which the sandbox answers too, and may listen beyond loopback."
    ),
]


def settings_from(config: Path | None, **flags: object) -> Settings:
    """The settings from flags, environment and file; on faults prints all of them and exits with status 2."""
    try:
        return load_settings(flags, os.environ, config)
    except ConfigError as error:
        fail(*error.faults, status=2)


def fail(*lines: str, status: int = 1) -> NoReturn:
    """Print the lines to standard error and exit."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(status)
