"""One run of the PostgreSQL server: start it, see that it answers, stop it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from entrepot.store.embedded.account import ENVIRONMENT
from entrepot.store.embedded.errors import ServerFailedError
from entrepot.store.embedded.folder import Folder
from entrepot.store.embedded.pidfile import is_server, read_pid_file

PORT = 5432
START_LIMIT = 60.0
"""Seconds without a word after which a server that starts counts as stuck."""
ASK_EVERY = 1.0
"""Seconds between two questions to a server that is not ready: each is a line in its log."""
ACCEPTS, PUTS_OFF = 0, 1
"""What pg_isready says of a server that takes connections, and of one that lives and takes none yet."""
CONNECTIONS = 100
STOP_LIMIT = 30.0
LARGEST_LOG = 10_000_000
PAUSE = 0.005
PR_SET_PDEATHSIG = 1

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    # An acknowledged order survives a power cut: never trade these for speed.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # What each of these brings, and which others bring nothing, stands in docs/why/batches.md.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "10s",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # Of a statement that is refused neither the row nor the parameters nor the text: they are shoppers' own.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
}

PASSING = {"fsync": "off", "full_page_writes": "off"}
"""For data that nobody wants any more once its server has ended."""


def _wanted() -> bool:
    return False


def start_server(
    folder: Folder,
    programs: Path,
    socket_folder: Path,
    connections: int = CONNECTIONS,
    *,
    durable: bool = True,
    unwanted: Callable[[], bool] = _wanted,
) -> subprocess.Popen[bytes]:
    """Start the server as our child and return when it answers.

    Raises ServerFailedError where it ends, says nothing for START_LIMIT seconds, or is `unwanted` meanwhile, and
    OSError where the system lets it not start. No server is left then.
    """
    deadline = time.monotonic() + START_LIMIT
    while True:
        process = _spawn(folder, programs, socket_folder, connections, durable=durable)
        start = Start(process, folder, lambda: asked(programs, socket_folder), unwanted)
        try:
            if start.succeeds():
                return process
        except BaseException:
            stop_child(process)
            raise
        # Backends of a server that was killed may hold its shared memory for a moment longer.
        if "is still in use" not in log_tail(folder) or time.monotonic() > deadline or unwanted():
            raise ServerFailedError(
                f"ended while starting (exit status {process.returncode})", log_tail(folder)
            )
        time.sleep(0.2)


class Start:
    """A server that was started and does not answer yet.

    `ask` asks it whether it takes connections, as `asked` does. `clock` and `sleep` are in seconds.
    """

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        folder: Folder,
        ask: Callable[[], int],
        unwanted: Callable[[], bool] = _wanted,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._process = process
        self._folder = folder
        self._ask = ask
        self._unwanted = unwanted
        self._clock = clock
        self._sleep = sleep
        self._heard = clock()
        """When it last said something."""
        self._asked = self._heard

    def succeeds(self) -> bool:
        """True when the server answers, False when it ended.

        Raises ServerFailedError where it has said nothing for START_LIMIT seconds, or is unwanted. One that is
        busy with what was not yet in its tables when it was killed says so, and is never stopped in that: it would
        have to begin again each time.
        """
        while self._process.poll() is None:
            if self._answers():
                return True
            if self._unwanted():
                raise ServerFailedError("was no longer wanted while it started", log_tail(self._folder))
            if self._clock() - self._heard > START_LIMIT:
                what = f"did not answer within {START_LIMIT:.0f} seconds"
                raise ServerFailedError(what, log_tail(self._folder))
            self._sleep(PAUSE)
        return False

    def _answers(self) -> bool:
        written = read_pid_file(self._folder.pid_file)
        if written is None or written.pid != self._process.pid:
            return False
        if not written.ready and self._clock() - self._asked < ASK_EVERY:
            return False
        self._asked = self._clock()
        try:
            answer = self._ask()
        except OSError:  # no process to be had for the question; the server is none the worse for it
            return False
        if answer in (ACCEPTS, PUTS_OFF):
            self._heard = self._asked
        return answer == ACCEPTS and written.ready


def asked(programs: Path, socket_folder: Path) -> int:
    """What pg_isready says of the server behind this socket: ACCEPTS, PUTS_OFF, or another number."""
    where = ["-h", str(socket_folder), "-p", str(PORT), "-U", "postgres", "-d", "postgres"]
    command = [str(programs / "pg_isready"), "-q", "-t", "2", *where]
    return subprocess.run(command, env=ENVIRONMENT, cwd="/", check=False).returncode  # noqa: S603


def stop_child(process: subprocess.Popen[bytes]) -> None:
    """Stop a server that we started; harmless where it has ended."""
    if process.poll() is None:
        stop_server(process.pid, lambda: process.poll() is not None)


def stop_server(pid: int, is_gone: Callable[[], bool]) -> None:
    """Fast shutdown; an immediate one when that takes too long, and at last the kernel's."""
    for number, limit in ((signal.SIGINT, STOP_LIMIT), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_for(is_gone, limit):
            return


def stop_stray(folder: Folder) -> None:
    """Stop a server that a killed parent left on the folder; what the pid file names otherwise is spared."""
    found = read_pid_file(folder.pid_file)
    if found is not None and is_server(found.pid, folder.cluster):
        stop_server(found.pid, lambda: not is_server(found.pid, folder.cluster))


def wait_for(condition: Callable[[], bool], limit: float) -> bool:
    """Poll the condition for at most `limit` seconds; says whether it came true."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _private(path: str, flags: int) -> int:
    """Open a file that is nobody else's to read; one of an older release may have been."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def log_tail(folder: Folder, lines: int = 8) -> str:
    """The last lines that PostgreSQL printed."""
    try:
        with folder.log.open("rb") as log:
            log.seek(max(0, folder.log.stat().st_size - 4096))
            return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""


def _spawn(
    folder: Folder, programs: Path, socket_folder: Path, connections: int, *, durable: bool
) -> subprocess.Popen[bytes]:
    settings = (
        SETTINGS
        | ({} if durable else PASSING)
        | {
            "unix_socket_directories": str(socket_folder),
            "max_connections": str(connections),
        }
    )
    command = [str(programs / "postgres"), "-D", str(folder.cluster), "-p", str(PORT)]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    _limit_log(folder.log)
    account = folder.account
    with open(folder.log, "ab", opener=_private) as log:
        return subprocess.Popen(  # noqa: S603
            command,
            user=account.user if account.lent else None,
            group=account.group if account.lent else None,
            extra_groups=[] if account.lent else None,
            umask=0o077,
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for us alone: we drain first, then stop the server
            preexec_fn=_end_with_parent(),  # noqa: PLW1509
        )


def _limit_log(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))


def _end_with_parent() -> Callable[[], None] | None:
    """On Linux the kernel stops the server when the thread that started it dies; elsewhere nobody does."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return ask_kernel
