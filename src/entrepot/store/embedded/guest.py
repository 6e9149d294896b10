"""A database for one command: the running server's if there is one, else our own for a while."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from entrepot.store.embedded.account import Account, server_account
from entrepot.store.embedded.binaries import find_installation
from entrepot.store.embedded.errors import FolderInUseError, ServerFailedError
from entrepot.store.embedded.folder import Folder, Lock
from entrepot.store.embedded.pidfile import read_pid_file
from entrepot.store.embedded.process import ACCEPTS, START_LIMIT, asked, log_tail, wait_for
from entrepot.store.embedded.supervisor import EmbeddedPostgres, connection_url


@contextmanager
def connect_or_start(data_dir: Path) -> Generator[str]:
    """Yield the URL of the database on this folder, whoever runs its server.

    Where another process owns the server, it stays that one's; else the server is started for the
    block, and stopped when this block and those of its guests have ended. Raises an EmbeddedError.
    """
    owner = EmbeddedPostgres(data_dir)
    guests = Lock(owner.data_dir / "guests")
    url = _arrive(owner, guests)
    try:
        yield url
    finally:
        if owner.is_started:
            # Guests that came meanwhile finish first; who comes later waits, then starts its own server.
            wait_for(guests.take, START_LIMIT)
            owner.stop()
        guests.release()


def _arrive(owner: EmbeddedPostgres, guests: Lock) -> str:
    folder = Folder(owner.data_dir, server_account())
    folder.prepare()
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            return owner.start()
        except FolderInUseError:
            url = _running(folder, guests)
        if url is not None:
            return url
        if time.monotonic() > deadline:
            what = f"is owned by another process but did not answer within {START_LIMIT:.0f} seconds"
            raise ServerFailedError(what, log_tail(folder))
        time.sleep(0.05)


def _running(folder: Folder, guests: Lock) -> str | None:
    """The URL of the other process's server if it answers; the guests' lock is then held."""
    if not guests.take(shared=True):
        return None
    found = read_pid_file(folder.pid_file)
    if found is not None and found.ready and asked(_programs(folder), found.socket_folder) == ACCEPTS:
        return connection_url(found.socket_folder)
    guests.release()
    return None


def _programs(folder: Folder) -> Path:
    account = Account(0, 0, lent=False) if folder.account.lent else folder.account
    return find_installation(account, folder.root, folder.written_by()).programs
