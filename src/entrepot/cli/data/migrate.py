"""`entrepot migrate`: bring the database to this release's schema."""

import typer

from entrepot.cli.options import Config, DatabaseUrl, DataDir, settings_from


def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None, config: Config = None) -> None:
    """Bring the database to this release's schema, all of it or not at all; `serve` does so too when it starts."""
    from entrepot.cli.database import database

    with database(settings_from(config, data_dir=data_dir, database_url=database_url)):
        typer.echo("The database has this release's schema.")
