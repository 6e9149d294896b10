"""The database of one command: the operator's own, the running server's, or our own for a while."""

from collections.abc import Generator
from contextlib import contextmanager

from entrepot.cli.options import fail
from entrepot.config import Settings


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """The URL of a database with this release's schema, made where there is none; else says why and exits."""
    from entrepot.store.connections import FAULTS
    from entrepot.store.upkeep.migrate import MigrationError, ensure

    with database_as_it_is(settings, create=True) as url:
        try:
            ensure(url)
        except MigrationError as error:
            fail(str(error))
        except FAULTS as error:
            # Only the kind of error: a driver's text may repeat the URL, which holds a password.
            fail(f"The database cannot be reached ({type(error).__name__}). Check --database-url.")
        yield url


@contextmanager
def looked_at(settings: Settings) -> Generator[str]:
    """The URL of the database for a look that leaves it alone; where there is none, of one that is gone afterwards."""
    import asyncio
    import tempfile
    from dataclasses import replace
    from pathlib import Path

    from entrepot.checks import check_database

    if settings.database_url or has_data(settings):
        with database_as_it_is(settings) as url:
            if wrong := asyncio.run(check_database(url)):
                fail(*(f"{finding.law}: {finding.detail}" for finding in wrong))
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="entrepot-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run under another account
        with database(replace(settings, data_dir=Path(folder) / "data")) as url:
            yield url


@contextmanager
def database_as_it_is(settings: Settings, *, create: bool = False) -> Generator[str]:
    """The URL of the database, whatever its schema; exits where there is none, unless it is to be made."""
    if settings.database_url:
        yield settings.database_url
        return
    from entrepot.store.embedded import EmbeddedError, connect_or_start

    try:
        if not create and not has_data(settings):
            fail(
                f"There is no Entrepôt data in {settings.data_dir}. Start the server once (entrepot serve), "
                "or name another place with --data-dir or --database-url."
            )
        with connect_or_start(settings.data_dir) as url:
            yield url
    except EmbeddedError as error:
        fail(str(error))


def has_data(settings: Settings) -> bool:
    """Whether the data folder holds a database. Raises EmbeddedError where an upgrade of it was cut short."""
    from entrepot.store.embedded.account import server_account
    from entrepot.store.embedded.folder import Folder

    return Folder(settings.data_dir, server_account()).initialised_by() is not None
