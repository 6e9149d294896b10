"""Connections to a database that may fall silent: every use ends, and what went dead is dropped.

After a failover that nobody was told of, established connections lead nowhere: no answer, no error. A statement then
has a limit on our side, and with it goes the connection; asking the server to cancel would wait on the same silence.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

import asyncpg
import msgspec

from entrepot.store.arrays import teach_arrays
from entrepot.store.primary import reach

T = TypeVar("T")

_TCP: Final = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 10_000,
}
"""An idle connection whose other end is gone is found within half a minute; the last is in milliseconds."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long each use of a connection may take, in seconds; together less than the 30 in which callers are answered.

    `acquire` is for a place in the pool, `statement` for one statement or commit, `release` for what a cancelled
    statement still has to say before its connection is given up.
    """

    connect: float = 5
    acquire: float = 10
    statement: float = 10
    release: float = 2


USUAL: Final = Limits()


class _Watched(asyncpg.Connection):  # pyright: ignore[reportUntypedBaseClass, reportMissingTypeArgument]
    """A connection that is dropped where a statement takes longer than its limit."""

    limits: Limits
    on_silence: Callable[[], None] | None = None

    async def execute(self, query: str, *args: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109
        return await self._within(super().execute(query, *args, timeout=timeout))

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._within(super().fetch(query, *args, **options))

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._within(super().fetchrow(query, *args, **options))

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._within(super().fetchval(query, *args, **options))

    async def parts(self, query: str, *args: Any, size: int) -> AsyncGenerator[Any]:
        """The rows of a statement from a cursor, so many at a time, within a transaction."""
        cursor = await self._within(super().cursor(query, *args))
        while rows := await self._within(cursor.fetch(size)):
            yield rows

    async def close(self, *, timeout: Any = None) -> None:  # noqa: ASYNC109
        with suppress(TimeoutError):  # it is given up, and what was done is done
            await super().close(timeout=timeout or self.limits.release)

    async def _within(self, work: Awaitable[T]) -> T:
        timer = asyncio.get_running_loop().call_later(self.limits.statement, self._overdue)
        try:
            return await work
        except AttributeError as fault:
            # Where a connection ends between preparing and running a statement, the driver finds its protocol gone.
            if cast("Any", self).is_closed():
                raise asyncpg.ConnectionDoesNotExistError("the connection was closed") from fault
            raise
        finally:
            timer.cancel()

    def _drop(self) -> None:
        """Give the connection up; whoever waits on it learns that it was closed."""
        cast("Any", self).terminate()
        if self.on_silence is not None:
            self.on_silence()

    _overdue = _drop


def watched(limits: Limits, on_silence: Callable[[], None] | None = None) -> type[Any]:
    """The class of connections with these limits; `on_silence` is told when one is dropped."""
    told = None if on_silence is None else staticmethod(on_silence)
    return type("Connection", (_Watched,), {"limits": limits, "on_silence": told, "__slots__": ()})


Kind = Callable[[Limits, Callable[[], None]], type[Any]]
Begin = Callable[[Any], Awaitable[None]]


def watch_peer(connection: Any) -> None:
    """Have the system find out that the other end of a connection is gone. Not every system can."""
    peer: socket.socket | None = connection._transport.get_extra_info("socket")
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _TCP.items():
        option = getattr(socket, name, None)
        if option is not None:
            peer.setsockopt(socket.IPPROTO_TCP, option, value)


def make_sure(connection: Any) -> None:
    """What every new connection is given: the system watches its other end, and it asks for no types."""
    watch_peer(connection)
    teach_arrays(connection)


class SurePool:
    """A pool whose every use ends. When one of its connections is dropped, the others are not used again either.

    `kind` makes the class of its connections, as `watched` does.
    """

    def __init__(self, limits: Limits, kind: Kind = watched) -> None:
        self._limits = limits
        self._kind = kind
        self._pool: Any = None

    async def open(self, url: str, *, init: Begin | None = None, **settings: Any) -> None:
        """Connect; `init` is done with each new connection. Raises what asyncpg raises."""

        async def begin(connection: Any) -> None:
            make_sure(connection)
            if init is not None:
                await init(connection)

        self._pool = await cast("Any", asyncpg).create_pool(
            url,
            connect=reach,
            timeout=self._limits.connect,
            connection_class=self._kind(self._limits, self._distrust),
            init=begin,
            **settings,
        )

    def acquire(self) -> AbstractAsyncContextManager[Any]:
        """A connection for the length of a block. Raises TimeoutError where none is free for too long."""
        return self._lent()

    async def close(self) -> None:
        """Close every connection, those in use after a moment too."""
        try:
            async with asyncio.timeout(self._limits.statement):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def _lent(self) -> AsyncGenerator[Any]:
        connection = await self._pool.acquire(timeout=self._limits.acquire)
        try:
            yield connection
        finally:
            with suppress(TimeoutError):
                await self._pool.release(connection, timeout=self._limits.release)

    def _distrust(self) -> None:
        asyncio.get_running_loop().create_task(self._pool.expire_connections())
