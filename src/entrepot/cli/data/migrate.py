"""`entrepot migrate`: bring the database to this release's schema, and spread it over the nodes of a cluster."""

from typing import Annotated

import typer

from entrepot.cli.options import Config, DatabaseUrl, DataDir, fail, settings_from


def migrate(
    distribute: Annotated[
        bool,
        typer.Option(
            "--distribute", help="Spread the tables over the nodes of a Citus cluster, by workspace."
        ),
    ] = False,
    shards: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Into how many shards each table is cut; 32 by default."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Bring the database to this release's schema, all of it or not at all; `serve` does so too when it starts."""
    from entrepot.cli.database import database

    if shards is not None and not distribute:
        fail("--shards says how --distribute cuts the tables; give both.", status=2)
    with database(settings_from(config, data_dir=data_dir, database_url=database_url)) as url:
        typer.echo("The database has this release's schema.")
        if distribute:
            typer.echo(_distribute(url, shards))


def _distribute(url: str, shards: int | None) -> str:
    from entrepot.store.connections import FAULTS
    from entrepot.store.upkeep import migrate

    try:
        placed = migrate.distribute(url, shards)
    except migrate.MigrationError as error:
        fail(str(error))
    except FAULTS as error:
        fail(f"The database cannot be reached ({type(error).__name__}). Check --database-url.")
    return (
        f"{len(placed)} tables are now spread over the nodes."
        if placed
        else "All tables are spread over the nodes."
    )
