"""Two PostgreSQL servers, one of which follows the other synchronously, and what a manager of such a pair does."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from entrepot.store.connections import FAULTS, Connection, connect
from entrepot.store.embedded.account import server_account
from entrepot.store.embedded.binaries import find_installation
from entrepot.store.embedded.folder import Folder, remove_socket_folder
from entrepot.store.embedded.process import PORT, start_server, stop_server
from entrepot.store.embedded.supervisor import DATABASE, SUPERUSER, connection_url, make_cluster

STANDBY = "standby"
_PATIENCE = 120.0
_PROBE = "select pg_logical_emit_message(true, 'probe', '')"
_STREAMS = "select count(*) > 0 from pg_stat_replication where state = 'streaming' and application_name = $1"
_WAITS = "select count(*) > 0 from pg_stat_activity where wait_event = 'SyncRep'"
_ORDERS = "select count(*) from batches"


class Node:
    """One server of the pair. It runs until it is killed or stopped; its socket's folder stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = Folder(folder, server_account())
        self._folder.prepare()
        self._installation = find_installation(self._folder.account, folder)
        self.socket = self._folder.make_socket_folder()
        self.url = connection_url(self.socket)
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """A new cluster with an empty database."""
        make_cluster(self._folder, self._installation)

    def copy(self, primary: Node) -> None:
        """Be a copy of the primary that follows it from here on, whatever was here."""
        shutil.rmtree(self._folder.cluster, ignore_errors=True)
        where = f"host={primary.socket} port={PORT} user={SUPERUSER} application_name={STANDBY}"
        options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--pgdata"]
        command = [str(self._installation.programs / "pg_basebackup"), "--dbname", where, *options]
        self._folder.cluster.mkdir(mode=0o700)
        self._folder.account.own(self._folder.cluster)
        done = self._folder.account.run([*command, str(self._folder.cluster)])
        if done.returncode:
            raise RuntimeError(f"no copy was made: {done.stderr[-2000:]}")

    def start(self) -> None:
        """Start it as what its folder says it is, and return when it answers."""
        self._process = start_server(self._folder, self._installation.programs, self.socket)

    def kill(self) -> None:
        """All of its processes at once, as where its machine fails."""
        process, self._process = self._process, None
        if process is not None:
            for each in _family(process.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()

    def stop(self) -> None:
        """Stop it in good order, for good."""
        process, self._process = self._process, None
        if process is not None:
            self.resume(process)
            stop_server(process.pid, lambda: process.poll() is not None)
        remove_socket_folder(self.socket)

    def freeze(self) -> None:
        """Let all of its processes stand still."""
        for each in _family(self._pid()):
            each.suspend()

    def resume(self, process: subprocess.Popen[bytes] | None = None) -> None:
        """Let them go on."""
        for each in _family(process.pid if process else self._pid()):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.resume()

    async def run(self, statement: str, *values: object) -> object:
        """The first value that it answers."""
        async with self._connected() as connection:
            return await connection.fetchval(statement, *values)

    async def until(self, statement: str, *values: object) -> None:
        """Wait until the answer is true."""
        async with asyncio.timeout(_PATIENCE), self._connected() as connection:
            while not await connection.fetchval(statement, *values):
                await asyncio.sleep(0.02)

    async def batches(self) -> int:
        """How many batches were ever written to it, and are kept."""
        return int(str(await self.run(_ORDERS)))

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        connection = await connect(self.url)
        try:
            yield connection
        finally:
            with contextlib.suppress(*FAULTS):
                await connection.close()

    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid


class Pair:
    """A primary and its synchronous standby, which change their parts. `url` names both, in one order for good."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o755, exist_ok=True)
        self.primary, self.standby = Node(folder / "a"), Node(folder / "b")
        hosts = ",".join(quote(str(each.socket), safe="/") for each in (self.primary, self.standby))
        which = "target_session_attrs=read-write"
        self.url = f"postgresql://{SUPERUSER}@/{DATABASE}?host={hosts}&port={PORT}&{which}"

    async def fail_over(self) -> None:
        """The primary falls, and the standby takes its place, alone for now."""
        await asyncio.to_thread(self.primary.kill)
        self.primary, self.standby = self.standby, self.primary
        await self.primary.run("select pg_promote(true, 60)")

    async def follow(self) -> None:
        """The other one begins to follow, and from then on every commit waits for it."""
        await asyncio.to_thread(self.standby.copy, self.primary)
        await asyncio.to_thread(self.standby.start)
        await self.primary.until(_STREAMS, STANDBY)
        await self._set(self.primary, f"alter system set synchronous_standby_names = '{STANDBY}'")
        while not await self._is_awaited():
            await asyncio.sleep(0.1)

    async def come_back(self) -> None:
        """The one that fell starts as what it was, waiting for nobody: both take writes now."""
        await asyncio.to_thread(self.standby.start)
        await self._set(self.standby, "alter system reset synchronous_standby_names")

    async def _set(self, node: Node, statement: str) -> None:
        await node.run(statement)
        await node.run("select pg_reload_conf()")

    async def _is_awaited(self) -> bool:
        """Whether commits wait for a standby that stands still: the setting reaches all processes by and by."""
        self.standby.freeze()
        probe = asyncio.create_task(self.primary.run(_PROBE))
        try:
            while not probe.done():
                if await self.primary.run(_WAITS):
                    return True
            return False
        finally:
            self.standby.resume()
            await probe


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


@asynccontextmanager
async def pair(folder: Path) -> AsyncGenerator[Pair]:
    """The pair for the length of a block, its database empty at the beginning."""
    both = Pair(folder)
    try:
        await asyncio.to_thread(both.primary.make)
        await asyncio.to_thread(both.primary.start)
        await both.follow()
        yield both
    finally:
        for each in (both.primary, both.standby):
            await asyncio.to_thread(each.stop)
