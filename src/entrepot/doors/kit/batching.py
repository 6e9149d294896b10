"""One load for all look-ups of one turn of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextvars import Context
from math import inf
from typing import Generic, TypeVar

from entrepot.store.connections import Connection
from entrepot.store.sharing import Bill, SharedPool

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TickBatcher(Generic[K, V]):
    """Collects the keys that are asked for within one turn of the loop and loads them together.

    Nothing is cached: a key asked for in the next turn is loaded again, so that what was revoked meanwhile
    is gone. An error of `load` reaches all who wait for that load; a caller who gives up stops only himself.

    While `at_once` loads are under way whoever asks shares the next one, which begins when one of them has ended.
    """

    def __init__(self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], at_once: float = inf) -> None:
        self._load = load
        self._at_once = at_once
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._loads: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        """The value of `key`, or None when `load` does not give one; raises what `load` raises."""
        loop = asyncio.get_running_loop()
        if not self._waiting and len(self._loads) < self._at_once:
            loop.call_soon(self._start)
        future: asyncio.Future[V | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        return await future

    def _start(self) -> None:
        if not self._waiting or len(self._loads) >= self._at_once:
            return  # a load that has ended was quicker to begin it
        waiting, self._waiting = self._waiting, {}
        # The loop keeps only a weak reference to a task. It is nobody's in particular: many callers share it.
        task = asyncio.get_running_loop().create_task(self._answer(waiting), context=Context())
        self._loads.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._loads.discard(task)
        if self._waiting:
            self._start()

    async def _answer(self, waiting: dict[K, list[asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._load(list(waiting))
        except asyncio.CancelledError:
            for future in _open(waiting):
                future.cancel()
            raise
        except Exception as error:
            for future in _open(waiting):
                future.set_exception(error)
            return
        for key, futures in waiting.items():
            for future in futures:
                if not future.done():
                    future.set_result(found.get(key))


def by_workspace(
    reads: SharedPool, load: Callable[[Connection, int, list[K]], Awaitable[Mapping[K, V]]]
) -> Callable[[list[tuple[int, K]]], Awaitable[Mapping[tuple[int, K], V]]]:
    """The load of names in several workspaces, each asked by itself, over one connection.

    It raises what `load` raises.
    """

    async def loaded(names: list[tuple[int, K]]) -> Mapping[tuple[int, K], V]:
        wanted: dict[int, list[K]] = {}
        for workspace, name in names:
            wanted.setdefault(workspace, []).append(name)
        found: dict[tuple[int, K], V] = {}
        async with reads.acquire(Bill(len(names))) as connection:
            for workspace, own in wanted.items():
                rows = await load(connection, workspace, own)
                found |= {(workspace, name): value for name, value in rows.items()}
        return found

    return loaded


def _open(waiting: Mapping[K, list[asyncio.Future[V | None]]]) -> list[asyncio.Future[V | None]]:
    return [future for futures in waiting.values() for future in futures if not future.done()]
