"""The owner of the embedded PostgreSQL: takes the folder's lock, runs the server, revives it, stops it."""

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from entrepot.store.embedded.account import server_account
from entrepot.store.embedded.binaries import find_installation
from entrepot.store.embedded.errors import (
    EmbeddedError,
    FolderUnusableError,
    OtherMajorVersionError,
    ServerFailedError,
)
from entrepot.store.embedded.folder import Folder, Lock, make_socket_folder, remove_socket_folder
from entrepot.store.embedded.installations import Installation
from entrepot.store.embedded.pidfile import disown, read_pid_file
from entrepot.store.embedded.process import CONNECTIONS, PORT, start_server, stop_child, stop_stray
from entrepot.store.embedded.revival import Revival, check_usable, lasting_told

DATABASE = "entrepot"
SUPERUSER = "postgres"

log = logging.getLogger("entrepot.postgres")


def connection_url(socket_folder: Path) -> str:
    """The URL of database `entrepot` behind this socket, as asyncpg and libpq read it."""
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(socket_folder), safe='/')}&port={PORT}"


class EmbeddedPostgres:
    """PostgreSQL on a data folder, owned by this process alone.

    A server that dies while we live is started again, on the same URL, however long what keeps it from starting
    lasts. On Linux the server stops when we are killed; where it does not, the next start on the folder finds and
    stops it.
    """

    def __init__(
        self,
        data_dir: Path,
        connections: int = CONNECTIONS,
        on_giving_up: Callable[[EmbeddedError], None] | None = None,
        *,
        durable: bool = True,
    ) -> None:
        """`connections` is the server's limit; a thread calls `on_giving_up` with the reason where the server can
        never be started again.

        One that is not `durable` may lose all its data where the machine fails: its folder is a temporary one.
        """
        self.data_dir = data_dir.expanduser().absolute()
        self._connections = connections
        self._on_giving_up = on_giving_up
        self._durable = durable
        self._lock = Lock(self.data_dir / "lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._installation: Installation | None = None
        self._socket_folder: Path | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> str:
        """Start the server, making the cluster on first use, and return the URL of database `entrepot`.

        Raises an EmbeddedError of any kind. Call it from a thread that lives as long as the server
        should: on Linux the server ends with the thread that started it.
        """
        folder = Folder(self.data_dir, server_account())
        folder.prepare()
        self._lock.take_as_owner()
        try:
            return self._start_locked(folder)
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise FolderUnusableError(self.data_dir, error.strerror or str(error)) from error
            raise

    def stop(self) -> None:
        """Stop the server with a fast shutdown and give the folder back; harmless when not started."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        process, self._process = self._process, None
        if process is not None:
            stop_child(process)
        if self._socket_folder is not None:
            remove_socket_folder(self._socket_folder)
            self._socket_folder = None
        self._lock.release()

    @property
    def is_started(self) -> bool:
        """Whether this object owns a server."""
        return self._process is not None

    def binary(self, name: str) -> Path:
        """The path of one of PostgreSQL's own programs of the same version: pg_dump, pg_restore, pgbench …"""
        return self._find(Folder(self.data_dir, server_account())).programs / name

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_locked(self, folder: Folder) -> str:
        written_by = folder.initialised_by()
        installation = self._find(folder)
        if written_by is None:
            make_cluster(folder, installation, durable=self._durable)
        elif written_by != installation.major:
            raise OtherMajorVersionError(folder.root, written_by, installation.major, installation.programs)
        else:
            clear_strays(folder)
        self._socket_folder = folder.make_socket_folder()
        self._stopping.clear()
        self._process = self._run(folder, installation.programs, self._socket_folder)
        self._watcher = threading.Thread(target=self._watch, args=(folder,), name="postgres", daemon=True)
        self._watcher.start()
        return connection_url(self._socket_folder)

    def _run(self, folder: Folder, programs: Path, socket_folder: Path) -> "subprocess.Popen[bytes]":
        return start_server(
            folder,
            programs,
            socket_folder,
            self._connections,
            durable=self._durable,
            unwanted=self._stopping.is_set,
        )

    def _find(self, folder: Folder) -> Installation:
        if self._installation is None:
            self._installation = find_installation(folder.account, self.data_dir, folder.written_by())
        return self._installation

    def _watch(self, folder: Folder) -> None:
        """Start the server again whenever it ends unasked; give up where it never can be."""
        revival = Revival(lambda: self._start_again(folder), self._stopping.wait)
        while not self._stopping.wait(0.1):
            process = self._process
            if process is None or process.poll() is None:
                continue
            log.error("PostgreSQL ended with status %s; starting it again", process.returncode)
            try:
                revival.run()
            except EmbeddedError as error:
                log.critical("PostgreSQL cannot be started again: %s", error)
                if self._on_giving_up is not None:
                    self._on_giving_up(error)
                return

    def _start_again(self, folder: Folder) -> None:
        """One try, after which nothing is left of it where it fails. Raises an OSError or an EmbeddedError."""
        if self._installation is None or self._socket_folder is None:
            return
        check_usable(folder, self._installation)
        with lasting_told(folder):
            stop_stray(folder)
            disown(folder.pid_file)
            make_socket_folder(self._socket_folder, folder.account)
            self._process = self._run(folder, self._installation.programs, self._socket_folder)


def make_cluster(folder: Folder, installation: Installation, *, durable: bool = True) -> None:
    """Make the cluster and its database in a folder aside, then rename it: it is complete or absent."""
    partial = folder.root / "postgres-partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    folder.account.own(partial)
    programs = installation.programs
    initdb = [str(programs / "initdb"), "-D", str(partial), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C"]
    initdb += _letters(int(installation.major))
    initdb += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    initdb += [] if durable else ["--no-sync"]
    _must(folder.account.run(initdb), "initdb")
    single = f'echo "create database {DATABASE}" | "$0" --single -D "$1" postgres'
    _must(folder.account.run(["/bin/sh", "-c", single, str(programs / "postgres"), str(partial)]), "postgres")
    partial.rename(folder.cluster)


def _letters(major: int) -> list[str]:
    """Texts are sorted by code point; what is a letter, and its other case, is known of all of Unicode."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--lc-ctype=en_US.UTF-8" if sys.platform == "darwin" else "--lc-ctype=C.UTF-8"]


def _must(done: "subprocess.CompletedProcess[str]", name: str) -> None:
    if done.returncode != 0:
        what = f"could not make its data folder ({name} ended with status {done.returncode})"
        raise ServerFailedError(what, done.stderr[-2000:])


def clear_strays(folder: Folder) -> None:
    """Stop what a killed parent left behind, and remove the traces that would mislead the next server."""
    found = read_pid_file(folder.pid_file)
    stop_stray(folder)
    disown(folder.pid_file)
    if found is not None:
        remove_socket_folder(found.socket_folder)
