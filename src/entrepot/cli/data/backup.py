"""`entrepot backup` and `entrepot restore`: the whole database in one file, by PostgreSQL's own programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.database import database_as_it_is
from entrepot.cli.options import Config, DatabaseUrl, DataDir, fail, settings_from

if TYPE_CHECKING:
    from entrepot.config import Settings
    from entrepot.store.upkeep.backups import Programs

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="In pg_dump's custom format.")]


def backup(
    file: BackupFile,
    with_log: Annotated[
        bool, typer.Option("--with-log", help="With the integration log, which else is left out.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Write everything to a new file, while the server runs or not; the file is complete or absent."""
    from entrepot.store.upkeep.backups import BackupError, dump

    settings = settings_from(config, data_dir=data_dir, database_url=database_url)
    with database_as_it_is(settings) as url:
        try:
            dump(url, file, _programs(settings), with_log=with_log)
        except BackupError as error:
            fail(str(error))
    typer.echo(f"{file}: {file.stat().st_size} bytes. It holds personal data; keep it safe.")


def restore(
    file: BackupFile,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the data that is there.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Bring back what a backup holds; the server must not run. Either all of it is there or nothing has changed."""
    from entrepot.store.upkeep.backups import BackupError
    from entrepot.store.upkeep.backups import restore as bring_back

    settings = settings_from(config, data_dir=data_dir, database_url=database_url)
    with database_as_it_is(settings, create=True) as url:
        try:
            bring_back(url, file, _programs(settings), replace=replace)
        except BackupError as error:
            fail(str(error))
    typer.echo(f"{file} is restored.")


def _programs(settings: "Settings") -> "Programs":
    from entrepot.store.embedded import EmbeddedPostgres
    from entrepot.store.upkeep.backups import installed_programs

    return installed_programs if settings.database_url else EmbeddedPostgres(settings.data_dir).binary
