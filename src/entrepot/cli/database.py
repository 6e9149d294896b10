"""The database of one command: the operator's own, the running server's, or our own for a while."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from entrepot.cli.options import fail
from entrepot.config import Settings


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """The URL of a database with this release's schema; prints why and exits where there is none."""
    from entrepot.store.embedded import EmbeddedError, connect_or_start
    from entrepot.store.migrate import MigrationError, ensure

    try:
        if settings.database_url:
            ensure(settings.database_url)
            yield settings.database_url
        else:
            with connect_or_start(settings.data_dir) as url:
                ensure(url)
                yield url
    except (EmbeddedError, MigrationError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"The database cannot be reached: {error}. Check --database-url.")
