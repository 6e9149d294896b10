"""The servers of a database, where they run on this machine: what they use of its processors."""

from __future__ import annotations

from typing import Final

import psutil

from entrepot.store.connections import connect
from entrepot.store.places import Place, narrowed
from entrepot.store.upkeep.distribution import is_spread, nodes_of

_WHERE: Final = "select pg_backend_pid(), coalesce(inet_server_addr() = inet_client_addr(), true)"


async def postmasters(url: str) -> list[int]:
    """The first process of each server, the coordinator's first; none where one of them is on another machine."""
    connection = await connect(url)
    try:
        nodes = await nodes_of(connection) if await is_spread(connection) else []
    finally:
        await connection.close()
    urls = [narrowed(url, Place(node.host, node.port)) for node in nodes] or [url]
    found = [await _postmaster(each) for each in urls]
    return [each for each in found if each is not None] if None not in found else []


def seconds(postmaster: int) -> float:
    """Processor time of a server so far, with that of its processes that have ended."""
    first = psutil.Process(postmaster)
    ended = first.cpu_times()
    living = sum(map(own, first.children(recursive=True)))
    return own(first) + living + ended.children_user + ended.children_system


def own(process: psutil.Process) -> float:
    """Processor time of one process; none of one that has just ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


async def _postmaster(url: str) -> int | None:
    connection = await connect(url)
    try:
        pid, here = await connection.fetchrow(_WHERE)
        return _above(pid) if here else None
    finally:
        await connection.close()


def _above(pid: int) -> int | None:
    try:
        parent = psutil.Process(pid).parent()
    except psutil.NoSuchProcess:  # in a container it has another number
        return None
    return parent.pid if parent is not None and "postgres" in parent.name() else None
