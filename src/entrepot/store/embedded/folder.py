"""The data folder: its layout, its lock, and the short folder for the socket.

<data_dir>/lock        held by the one process that owns PostgreSQL; contains its process id
<data_dir>/guests      held shared by commands that use the owner's server
<data_dir>/postgres/   PostgreSQL's own folder
<data_dir>/socket/     the Unix socket, unless the path is too long for one
"""

import fcntl
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from entrepot.store.embedded.account import Account
from entrepot.store.embedded.errors import (
    FolderInUseError,
    FolderUnusableError,
    UpgradeInterruptedError,
)

# sun_path holds 104 bytes on the BSDs and macOS, 108 on Linux; "/.s.PGSQL.5432.lock" takes 19 and a NUL.
LONGEST_SOCKET_FOLDER = 80
SOCKET_PREFIX = "entrepot-"
UPGRADED = "postgres-from-"  # and the old major version


@dataclass(frozen=True)
class Folder:
    """Paths inside one data folder, and the account that the server's part belongs to."""

    root: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder (its PGDATA)."""
        return self.root / "postgres"

    @property
    def log(self) -> Path:
        """What PostgreSQL printed."""
        return self.root / "postgres.log"

    @property
    def pid_file(self) -> Path:
        """Written by PostgreSQL: process id, socket folder, shared memory, status."""
        return self.cluster / "postmaster.pid"

    def initialised_by(self) -> str | None:
        """The major version that wrote the cluster; None where there is none yet.

        Raises UpgradeInterruptedError where an upgrade's swap was cut short.
        """
        found = self.written_by()
        if found is None and self.swapping():
            raise UpgradeInterruptedError(self.root)
        return found

    def written_by(self) -> str | None:
        """The major version that wrote the cluster; None where there is none, or it was left between two."""
        try:
            return (self.cluster / "PG_VERSION").read_text("utf-8").strip()
        except FileNotFoundError:
            return None

    def swapping(self) -> Path | None:
        """The complete cluster that `entrepot upgrade-data` was about to put in the old one's place."""
        return next(iter(self.root.glob(f"{UPGRADED}*")), None)

    def prepare(self) -> None:
        """Make the folder if it is missing, and see that the server's account can pass into it."""
        try:
            _make(self.root, 0o711 if self.account.lent else 0o700)
            if self.account.lent and not self.account.can_enter(self.root):
                self._admit_account()
        except OSError as error:
            raise FolderUnusableError(self.root, error.strerror or str(error)) from None

    def _admit_account(self) -> None:
        """Let the account into the folder itself when it was given to us empty; never touch its parents."""
        entry = self.root.stat()
        fresh = entry.st_uid == 0 and not any(self.root.iterdir())
        if fresh:
            os.chown(self.root, 0, self.account.group)
            self.root.chmod(entry.st_mode | 0o010)
        if not fresh or not self.account.can_enter(self.root):
            why = "PostgreSQL must not run as root, and the account it would run as cannot enter the folder"
            raise FolderUnusableError(self.root, why)

    def make_socket_folder(self) -> Path:
        """A folder of mode 0700 for the socket; under the data folder where that path is short and plain."""
        inside = self.root / "socket"
        path = inside if _fits_a_socket(inside) else _short_temporary_folder()
        make_socket_folder(path, self.account)
        return path


def make_socket_folder(path: Path, account: Account) -> None:
    """Make it where it is missing: whoever clears away temporary files takes it for one after some days."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    account.own(path)


def remove_socket_folder(folder: Path) -> None:
    """Remove a socket folder of ours; anything else that a stale file may name is left alone."""
    if folder.name == "socket" or folder.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _fits_a_socket(path: Path) -> bool:
    # Commas, quotes and blanks mean something in unix_socket_directories and in connection strings.
    plain = re.fullmatch(r"[A-Za-z0-9/._-]+", str(path))
    return plain is not None and len(str(path)) <= LONGEST_SOCKET_FOLDER


def _short_temporary_folder() -> Path:
    preferred = Path(tempfile.gettempdir())
    parent = preferred if _fits_a_socket(preferred / f"{SOCKET_PREFIX}12345678") else Path("/tmp")  # noqa: S108
    return Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=parent))


def _make(folder: Path, mode: int) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(mode)


class Lock:
    """An flock on one file of the data folder; the kernel drops it when its process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, *, shared: bool = False) -> bool:
        """Take the lock if it is free, and say whether it was; raises FolderUnusableError."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderUnusableError(self._path.parent, error.strerror or str(error)) from None
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            raise FolderUnusableError(self._path.parent, f"it cannot be locked ({error.strerror})") from None
        self._descriptor = descriptor
        return True

    def take_as_owner(self) -> None:
        """Take the lock and write our process id into it; raises FolderInUseError naming who has it."""
        if not self.take() or self._descriptor is None:
            raise FolderInUseError(self._path.parent, _number_in(self._path))
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back; harmless if it was never taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text("utf-8").strip())
    except (OSError, ValueError):
        return None
