"""The server under test: `entrepot serve` as a process of its own, with its embedded PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from pathlib import Path

import msgspec
import psutil

START_LIMIT = 60.0
STOP_LIMIT = 90.0
_COMMAND = "from entrepot.cli import main; main()"
_ANSWERS = re.compile(rb"http://\S+:[0-9]+")
_READY = b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"


class Usage(msgspec.Struct, frozen=True):
    """Seconds of processor time, by who used them."""

    worker: float
    postgres: float

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.worker - other.worker, self.postgres - other.postgres)


class Server:
    """One server on a data folder; `url` is set while it runs, and stays the same from then on.

    What it says stands in `log`, but for lines of its log where they go to a descriptor of their own, `errors`.
    `python` runs it: that of another checkout runs another release. `within` is a command that runs this command.
    """

    def __init__(
        self,
        data_dir: Path,
        arguments: tuple[str, ...] = (),
        python: str = sys.executable,
        *,
        within: tuple[str, ...] = (),
        errors: int = STDOUT,
    ) -> None:
        self.data_dir = data_dir
        self.arguments = arguments
        self.python = python
        self._within = within
        self._errors = errors
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self.url = ""
        self._process: Process | None = None

    async def start(self) -> float:
        """Start it; returns after how many seconds it was ready. Raises `RuntimeError` if it does not come up."""
        started = time.perf_counter()
        said = self.log.stat().st_size if self.log.exists() else 0
        port = self.url.rpartition(":")[2] or "0"
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._within, self.python, "-c", _COMMAND, "serve", "--data-dir", str(self.data_dir),
                "--port", port, "--log-level", "warning", *self.arguments,
                stdin=DEVNULL, stdout=log, stderr=self._errors, env=_environment(), start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_LIMIT):
                self.url = await self._announced(self._process, said)
                await self._ready(self._process)
        except TimeoutError:
            raise RuntimeError("the server did not start in time") from None
        return time.perf_counter() - started

    async def stop(self) -> None:
        """A clean stop, as by Ctrl-C; the whole session is killed if it does not end."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    def usage(self) -> Usage:
        """What worker and PostgreSQL have used so far; of PostgreSQL, what processes that still live have."""
        process = self._main()
        below = [_seconds(child) for child in process.children(recursive=True)]
        return Usage(_seconds(process), sum(below))

    def memory(self) -> int:
        """The worker's resident memory in bytes."""
        return int(self._main().memory_info().rss)

    def _main(self) -> psutil.Process:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return psutil.Process(self._process.pid)

    async def _announced(self, process: Process, said_before: int) -> str:
        while not (found := _ANSWERS.search(said := self.log.read_bytes()[said_before:])):
            if process.returncode is not None:
                raise RuntimeError(f"the server did not start:\n{said.decode('utf-8', 'replace')}")
            await asyncio.sleep(0.01)
        return found.group().decode()

    async def _ready(self, process: Process) -> None:
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        while process.returncode is None:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(_READY)
                reply = await reader.read()
                writer.close()
                if reply.startswith(b"HTTP/1.1 200 "):
                    return
            await asyncio.sleep(0.01)
        raise RuntimeError("the server ended before it was ready")


def _seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def _environment() -> dict[str, str]:
    """The environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
