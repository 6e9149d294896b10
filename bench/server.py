"""The server under test: `entrepot serve` as a process of its own, with its embedded PostgreSQL or on a database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Generator
from pathlib import Path

import msgspec
import psutil

from bench.nodes import own, postmasters, seconds
from entrepot.store.embedded import connect_or_start

START_LIMIT = 60.0
STOP_LIMIT = 90.0
_COMMAND = "from entrepot.cli import main; main()"
_ANSWERS = re.compile(rb"http://\S+:[0-9]+")
_READY = b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"


class Usage(msgspec.Struct, frozen=True):
    """Seconds of processor time, by who used them; of a database that is elsewhere, `nodes` are none."""

    worker: float
    nodes: tuple[float, ...]

    @property
    def postgres(self) -> float:
        """Of all servers of the database."""
        return sum(self.nodes)

    def __sub__(self, other: Usage) -> Usage:
        nodes = tuple(mine - before for mine, before in zip(self.nodes, other.nodes, strict=True))
        return Usage(self.worker - other.worker, nodes)


class Server:
    """One server on a data folder; `url` is set while it runs, and stays the same from then on.

    What it says stands in `log`, but for lines of its log where they go to a descriptor of their own, `errors`.
    `python` runs it: that of another checkout runs another release. `within` is a command that runs this command.
    With `database_url` it serves that database, and starts none.
    """

    def __init__(
        self,
        data_dir: Path,
        arguments: tuple[str, ...] = (),
        python: str = sys.executable,
        *,
        within: tuple[str, ...] = (),
        errors: int = STDOUT,
        database_url: str | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.arguments = arguments
        self.python = python
        self._within = within
        self._errors = errors
        self._database_url = database_url
        self._postmasters: list[int] = []
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
                stdin=DEVNULL, stdout=log, stderr=self._errors, env=self._environment(), start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_LIMIT):
                self.url = await self._announced(self._process, said)
                await self._ready(self._process)
        except TimeoutError:
            raise RuntimeError("the server did not start in time") from None
        taken = time.perf_counter() - started
        if self._database_url and not self._postmasters:
            self._postmasters = await postmasters(self._database_url)
        return taken

    @contextlib.contextmanager
    def database(self) -> Generator[str]:
        """The URL of its database, for the length of the block."""
        if self._database_url:
            yield self._database_url
            return
        with connect_or_start(self.data_dir) as url:
            yield url

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
        """What worker and PostgreSQL have used so far; of its own PostgreSQL, what processes that still live have."""
        process = self._main()
        if self._database_url:
            return Usage(own(process), tuple(map(seconds, self._postmasters)))
        return Usage(own(process), (sum(map(own, process.children(recursive=True))),))

    def memory(self) -> int:
        """The worker's resident memory in bytes."""
        return int(self._main().memory_info().rss)

    def _main(self) -> psutil.Process:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return psutil.Process(self._process.pid)

    def _environment(self) -> dict[str, str]:
        """The environment without settings of ours, but for the database: a URL may hold a password."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        return kept | ({"ENTREPOT_DATABASE_URL": self._database_url} if self._database_url else {})

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
