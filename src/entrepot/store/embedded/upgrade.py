"""Bring a data folder that an older major version of PostgreSQL wrote to the one that we run.

The data goes through a dump, so that the new cluster has the collation and checksums of a fresh one. Whatever the
moment at which the upgrade is killed, running it again brings it to its end:

<data_dir>/upgrade/old/          the dump
<data_dir>/upgrade/new/          a data folder with the new cluster, while it is filled
<data_dir>/postgres-from-16/     the new cluster, complete
<data_dir>/postgres.16/          the old cluster, once the new one takes its place
"""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from entrepot.store.embedded.account import server_account
from entrepot.store.embedded.binaries import find_installation, find_major
from entrepot.store.embedded.errors import FolderUnusableError, UpgradeError
from entrepot.store.embedded.folder import UPGRADED, Folder, Lock, remove_socket_folder
from entrepot.store.embedded.process import start_server, stop_child
from entrepot.store.embedded.supervisor import EmbeddedPostgres, clear_strays, connection_url
from entrepot.store.upkeep import backups
from entrepot.store.upkeep.backups import BackupError


def upgrade(data_dir: Path) -> Path | None:
    """Upgrade the folder and return where the old cluster is kept; None if it is of our major version already.

    Raises an EmbeddedError of any kind: FolderInUseError while a server runs on the folder, UpgradeError where
    there is nothing to upgrade or it failed, after which everything is as it was.
    """
    folder = Folder(data_dir.expanduser().absolute(), server_account())
    lock = Lock(folder.root / "lock")
    try:
        if folder.written_by() is None and not folder.swapping():
            raise UpgradeError(folder.root, "there is no Entrepôt data in it.")
        lock.take_as_owner()
        return _upgrade_locked(folder)
    except BackupError as error:
        raise UpgradeError(folder.root, str(error)) from error
    except OSError as error:
        raise FolderUnusableError(folder.root, error.strerror or str(error)) from error
    finally:
        lock.release()


def _upgrade_locked(folder: Folder) -> Path | None:
    found, upgraded = folder.written_by(), folder.swapping()
    if found is None and upgraded is not None:
        return _finish(folder, upgraded)
    if upgraded is not None:
        shutil.rmtree(upgraded)  # the old cluster may have been written to since
    shutil.rmtree(_work(folder), ignore_errors=True)
    if found is None or found == (ours := find_installation(folder.account, folder.root).major):
        return None
    if found.isdigit() and int(found) > int(ours):
        raise UpgradeError(folder.root, f"it was written by PostgreSQL {found}, which is newer than {ours}.")
    if (kept := _kept(folder, found)).exists():
        raise UpgradeError(
            folder.root, f"{kept}, left by an earlier upgrade, is in the way; move it elsewhere."
        )
    return _finish(folder, _copy(folder, found))


def _programs(old: Folder, spare: Folder, major: str) -> Path:
    """Those of the PostgreSQL that wrote the data, copied into the spare folder if need be. Raises UpgradeError."""
    if installation := find_major(old.account, spare.root, major):
        return installation.programs
    shutil.rmtree(_work(old))
    why = (
        f"it was written by PostgreSQL {major}, of which there are no programs here. Back it up with the "
        "Entrepôt that wrote it (entrepot backup), and restore that into a new folder (entrepot restore)."
    )
    raise UpgradeError(old.root, why)


def _copy(old: Folder, major: str) -> Path:
    """Dump the old cluster and restore it into a new one; returns that, complete and stopped."""
    spare = Folder(_work(old) / "old", old.account)
    spare.prepare()
    dump, programs = spare.root / "dump", _programs(old, spare, major)
    with _old_server(old, programs) as url:
        backups.dump(url, dump, lambda name: programs / name)
    new = EmbeddedPostgres(_work(old) / "new")
    with new as url:
        backups.restore(url, dump, new.binary, replace=False)
    upgraded = old.root / f"{UPGRADED}{major}"
    Folder(new.data_dir, old.account).cluster.rename(upgraded)
    _make_durable(old.root)
    return upgraded


@contextmanager
def _old_server(old: Folder, programs: Path) -> Generator[str]:
    clear_strays(old)
    socket_folder = old.make_socket_folder()
    try:
        process = start_server(old, programs, socket_folder)
        try:
            yield connection_url(socket_folder)
        finally:
            stop_child(process)
    finally:
        remove_socket_folder(socket_folder)


def _finish(folder: Folder, upgraded: Path) -> Path:
    """Put the new cluster into the old one's place; the start refuses while neither is there."""
    kept = _kept(folder, upgraded.name.removeprefix(UPGRADED))
    if folder.cluster.exists():
        folder.cluster.rename(kept)
    upgraded.rename(folder.cluster)
    _make_durable(folder.root)
    shutil.rmtree(_work(folder), ignore_errors=True)
    return kept


def _kept(folder: Folder, major: str) -> Path:
    return folder.root / f"{folder.cluster.name}.{major}"


def _work(folder: Folder) -> Path:
    return folder.root / "upgrade"


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
