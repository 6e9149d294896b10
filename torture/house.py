"""A server that is started again whenever it ends, as a service manager does, and its processes by what they are."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
from bench.server import Server

from entrepot.store.connections import Connection, connect
from entrepot.store.embedded.supervisor import connection_url
from torture.plan import Who

_COMMAND = "from entrepot.cli import main; main()"
AGAIN_AFTER = 0.1
"""Seconds until a server that ended is started again: what systemd does where it is not told otherwise."""


class House(Server):
    """One server that is kept up. `starts` counts how often it was started, `failed` how often that came to nothing."""

    starts = failed = 0
    _up = True

    @property
    def database_url(self) -> str:
        """Where its database answers, as seen from here, whatever file systems the server sees."""
        if "--database-url" in self.arguments:
            return self.arguments[self.arguments.index("--database-url") + 1]
        return connection_url(self.seen(self.data_dir / "socket"))

    def seen(self, path: Path) -> Path:
        """A path of the server's, as seen from here."""
        return Path(f"/proc/{self._main().pid}/root{path}") if self._within else path

    async def keep(self) -> None:
        """Start it again whenever it has ended, until cancelled."""
        while True:
            process = self._process
            if process is not None:
                await process.wait()
            await asyncio.sleep(AGAIN_AFTER)
            self.starts += 1
            self._up = False
            try:
                await self.start()
                self._up = True
            except RuntimeError:
                self.failed += 1

    @property
    def is_up(self) -> bool:
        """Whether it runs, and its last start was a success."""
        return self._up and self._process is not None and self._process.returncode is None

    def processes(self, who: Who) -> list[psutil.Process]:
        """Those of a kind that live now."""
        found: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess, RuntimeError):
            master = self._main()
            found = [master] if who == "master" else list(_below(master, who))
        return sorted(found, key=lambda each: each.pid)

    def memory_of_workers(self) -> int:
        """Resident bytes of the processes that answer: the largest one's."""
        sizes = [0]
        for each in self.processes("worker") or self.processes("master"):
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes.append(each.memory_info().rss)
        return max(sizes)

    def kill(self) -> None:
        """End whatever is left of it, at once."""
        with contextlib.suppress(psutil.NoSuchProcess, RuntimeError):
            for each in [self._main(), *self._main().children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        self._process = None


def _below(master: psutil.Process, who: Who) -> Iterator[psutil.Process]:
    for child in master.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if _kind(child, master) == who:
                yield child


def _kind(child: psutil.Process, master: psutil.Process) -> Who | None:
    """What a process of the server is; None for what is none of ours to hit."""
    line = " ".join(child.cmdline())
    if child.name() == "postgres":
        if child.ppid() == master.pid:
            return "postmaster"
        return "backend" if "[local]" in line else "helper"
    return "worker" if "spawn_main" in line else None


async def apply(house: House, *worlds: dict[str, Any], url: str | None = None) -> None:
    """Make the worlds by the command line of the release that serves; `url` where its database is reached otherwise."""
    for number, world in enumerate(worlds):
        file = house.log.with_name(f"{house.data_dir.name}-{number}.json")
        file.write_bytes(msgspec.json.encode(world))
        await command(house, "apply", str(file), "--database-url", url or house.database_url)


async def command(house: House, *words: str) -> None:
    """Run one command of the release that serves. Raises `RuntimeError` where it fails."""
    process = await asyncio.create_subprocess_exec(house.python, "-c", _COMMAND, *words, stdout=DEVNULL)
    if await process.wait():
        raise RuntimeError(f"entrepot {words[0]} failed")


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Connection]:
    """A connection to the server's database, for the length of a block."""
    connection = await connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def kept(house: House) -> AsyncGenerator[House]:
    """The server for the length of a block, started again whenever it ends; stopped in good order at the end."""
    await house.start()
    keeping = asyncio.create_task(house.keep())
    try:
        yield house
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await house.stop()
    finally:
        keeping.cancel()
        house.kill()
