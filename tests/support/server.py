"""The real `entrepot serve` in a process of its own, for tests that talk to it over a socket."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

START_LIMIT = 120.0
STOP_LIMIT = 90.0
REFUSED = re.compile(rb"the database refused a batch.*sqlstate\W+2[23]")
"""What the log says of values that only the database refused (classes 22, 23): the sender got an internal error."""
COMMAND = ("-c", "from entrepot.cli import main; main()")
_ANSWERS = re.compile(r"https?://[0-9.]+:[0-9]+")


@dataclass
class Server:
    """One server and how to end it. `arguments` follow `entrepot serve`; the port stays the same over restarts."""

    arguments: list[str]
    log: Path
    port: int = 0
    url: str = ""
    command: tuple[str, ...] = COMMAND
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it and return when /readyz says that it takes requests."""
        written = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.command, "serve", *self.arguments, "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        deadline = time.monotonic() + START_LIMIT
        while not self._is_ready(written):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self._said(written)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as an operator would: what was accepted is answered first."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._process = None

    def kill(self) -> None:
        """kill -9 of the server and of everything that it started, an embedded PostgreSQL included."""
        if self._process is None:
            return
        self._kill_children()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill_database(self) -> None:
        """kill -9 of the embedded PostgreSQL alone."""
        self._kill_children("postgres")

    def _kill_children(self, name: str | None = None) -> None:
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if name in (None, child.name()):
                        child.kill()

    def _is_ready(self, written: int) -> bool:
        said = _ANSWERS.search(self._said(written))
        if said is None:
            return False
        self.url = said.group()
        self.port = int(self.url.rpartition(":")[2])
        with contextlib.suppress(httpx.TransportError):
            return (
                httpx.get(f"{self.url}/readyz", timeout=60, trust_env=False, verify=False).status_code == 200
            )
        return False

    def _said(self, written: int) -> str:
        return self.log.read_bytes()[written:].decode("utf-8", "replace")


@contextlib.contextmanager
def running_server(log: Path, *arguments: str, command: tuple[str, ...] = COMMAND) -> Generator[Server]:
    """A server for the length of the block; nothing of it is left afterwards, however the block ends."""
    server = Server([*arguments, "--log-level", "warning"], log, command=command)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.kill()
    passed = [line for line in log.read_bytes().splitlines() if REFUSED.search(line)]
    assert not passed, f"a rule let pass what the database refused: {passed[0]!r}"


def _environment() -> dict[str, str]:
    """The environment without settings of ours, which would win over nothing but confuse everything."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
