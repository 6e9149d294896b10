"""`entrepot upgrade-data`: bring a data folder to the PostgreSQL of this release."""

import typer

from entrepot.cli.options import Config, DataDir, fail, settings_from


def upgrade_data(data_dir: DataDir = None, config: Config = None) -> None:
    """Bring a data folder of an older PostgreSQL to this release's; the server must not run.

    The old data is kept beside the new. If it is interrupted, run it again.
    """
    from entrepot.store.embedded import EmbeddedError
    from entrepot.store.embedded.account import server_account
    from entrepot.store.embedded.folder import Folder
    from entrepot.store.embedded.upgrade import upgrade

    folder = settings_from(config, data_dir=data_dir).data_dir
    try:
        kept = upgrade(folder)
    except EmbeddedError as error:
        fail(str(error))
    major = Folder(folder, server_account()).written_by()
    if kept is None:
        typer.echo(f"{folder} is of PostgreSQL {major} already.")
    else:
        typer.echo(
            f"{folder} is of PostgreSQL {major} now. The old data is in {kept}; remove it once all is well."
        )
