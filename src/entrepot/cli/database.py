"""The database of a command: the operator's own, or the embedded one, running already or started for the while."""

from collections.abc import Generator
from contextlib import contextmanager

from entrepot.cli.options import fail
from entrepot.config import Settings


@contextmanager
def database_of(settings: Settings, *, create: bool = False) -> Generator[str]:
    """Yield the database's URL; exits where there is none. With `create` an empty data folder gets one."""
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
    """Whether the data folder holds a database. Raises EmbeddedError for one of another major version."""
    from entrepot.store.embedded.account import server_account
    from entrepot.store.embedded.folder import Folder

    return Folder(settings.data_dir, server_account()).is_initialised()
