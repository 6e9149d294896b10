"""Connections to PostgreSQL: what we use of them, and how each use of the database sets them up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, cast

import asyncpg

from entrepot.store.lanes import lane
from entrepot.store.patience import patient
from entrepot.store.places import Place, narrowed
from entrepot.store.plans import counted, forget_in_time
from entrepot.store.primary import reach
from entrepot.store.silence import USUAL, Kind, Limits, SurePool, make_sure, watched


class Transaction(Protocol):
    """A transaction that is started and ended by hand, or held by `async with`."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def commit(self) -> None:
        """Make it durable."""
        ...

    async def rollback(self) -> None:
        """Undo it."""
        ...

    async def __aenter__(self) -> object: ...

    async def __aexit__(self, *error: object) -> object: ...


class Connection(Protocol):
    """What we use of an asyncpg connection, whose package has no types of its own."""

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """All rows of a statement."""
        ...

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row, or None."""
        ...

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the first row, or None."""
        ...

    def parts(self, query: str, *args: Any, size: int) -> AsyncGenerator[list[Any]]:
        """The rows of a statement from a cursor, so many at a time, within a transaction."""
        ...

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement for its effect."""
        ...

    def transaction(self, **options: Any) -> Transaction:
        """A transaction, not yet begun."""
        ...

    def is_closed(self) -> bool:
        """Whether it is of no more use."""
        ...

    def terminate(self) -> None:
        """Drop it at once."""
        ...

    async def close(self) -> None:
        """Take leave of the server."""
        ...


class LaneConnection(Connection, Protocol):
    """A lane's, or a simulated vendor's: its transactions take a round trip less at either end.

    `shard` ends the names of the functions of the shard that its next batch is of, where the database is spread.
    """

    shard: str

    async def ahead(self, query: str, *args: object) -> None:
        """Let a statement that answers no rows travel ahead of the next one, which raises what this one does."""
        ...

    @property
    def spread(self) -> bool:
        """Whether the database's tables were spread over nodes when it connected."""
        ...

    @property
    def whole(self) -> bool:
        """Whether it is to a cluster on which the database's tables were not spread then."""
        ...

    async def beside(self, place: Place) -> LaneConnection:
        """A connection of the same kind to another node of the same cluster."""
        ...


C = TypeVar("C", bound=Connection)
C_co = TypeVar("C_co", bound=Connection, covariant=True)


class PoolOf(Protocol[C_co]):
    """A pool of connections."""

    def acquire(self) -> AbstractAsyncContextManager[C_co]:
        """A connection for the length of a block."""
        ...

    async def close(self) -> None:
        """Close every connection once it is given back."""
        ...


Pool: TypeAlias = PoolOf[Connection]
LanePool: TypeAlias = PoolOf[LaneConnection]


_COMMON = {
    "timezone": "UTC",
    "jit": "off",
    "application_name": "entrepot",
    # One that strikes while a commit waits for the standby would end the wait and report a success. Ours hangs up.
    "statement_timeout": "0",
    # What asks several shards of a node asks them one after the other, over the one connection that a cluster keeps
    # for the next time: making more costs it more than all that we ask so often. Elsewhere this means nothing.
    "citus.max_adaptive_executor_pool_size": "1",
}

_BY_KEY = {
    **_COMMON,
    # Where every access is by key, one generic plan per statement saves planning each of them anew. And it must be by
    # an index, since the plan stays: made while a table was small, another would read all of it once it has grown.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}

_ENGINE = {**_BY_KEY, "lock_timeout": "2000"}

ON_CLUSTERS = "select set_config('plan_cache_mode', 'auto', false) from pg_extension where extname = 'citus'"
"""Which node holds a workspace is known with its number alone, and what is due in all of them with the moment alone:
there a plan for any value cannot be had."""
_SPREAD = """
select set_config('citus.enable_manual_changes_to_shards', 'on', false),
  set_config('citus.enable_ddl_propagation', 'off', false) from pg_dist_partition limit 1
"""
"""A lane writes to shards by their own names, and what it makes for its connection concerns no other node."""

_READS = {**_COMMON, "statement_timeout": "5000", "default_transaction_read_only": "on"}

LANE_CONNECTIONS = 4
READ_CONNECTIONS = 4
BOOK_CONNECTIONS = 4
OUTBOX_CONNECTIONS = 2
LOG_CONNECTIONS = 1
CONSOLE_CONNECTIONS = 1
WORKER_CONNECTIONS = (
    LANE_CONNECTIONS
    + READ_CONNECTIONS
    + BOOK_CONNECTIONS
    + OUTBOX_CONNECTIONS
    + LOG_CONNECTIONS
    + CONSOLE_CONNECTIONS
)
"""The most that one worker process opens: one per lane of the engine, its reads, its simulated vendors, its outbox, its
integration log and its operators' sessions."""

FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What a database that does not answer as it should can raise; the third, on a connection that was cut while idle."""
_AWAY = frozenset({"08", "53", "57"})
"""Classes of SQLSTATE: no connection, no room, an operator's doing."""
_READ_ONLY = "25006"


def is_away(fault: BaseException) -> bool:
    """Whether the database cannot be had for now; any other of `FAULTS` is a statement that it refuses."""
    if isinstance(fault, asyncpg.PostgresError):
        state = str(getattr(fault, "sqlstate", "") or "")
        return state[:2] in _AWAY or state == _READ_ONLY
    return isinstance(fault, FAULTS)


async def connect(url: str, limits: Limits = USUAL, **settings: str) -> Connection:
    """A plain connection, for tools and start-up: a statement may take any time while the database works on it."""
    connection = await reach(
        url,
        server_settings={**_COMMON, **settings},
        timeout=limits.connect,
        connection_class=patient(url, limits),
    )
    make_sure(connection)
    return cast("Connection", connection)


async def connect_engine(url: str, limits: Limits = USUAL) -> LaneConnection:
    """A connection for one lane of the engine."""
    connection = await reach(
        url, server_settings=_ENGINE, timeout=limits.connect, connection_class=lane(limits)
    )
    make_sure(connection)
    if await connection.fetchval(ON_CLUSTERS):
        connection.learn(
            await connection.fetchval(_SPREAD) is not None, partial(_connect_beside, url, limits)
        )
    return cast("LaneConnection", connection)


async def _connect_beside(url: str, limits: Limits, place: Place) -> LaneConnection:
    connection = await connect_engine(narrowed(url, place), limits)
    # What a lane runs there names shards, which are tables like any other.
    await connection.execute("set plan_cache_mode = force_generic_plan")
    return connection


async def read_pool(url: str, size: int = READ_CONNECTIONS, limits: Limits = USUAL) -> Pool:
    """The small pool for reads; a statement may take five seconds."""
    return await _pool(
        url,
        limits,
        counted,
        min_size=1,
        max_size=size,
        server_settings=_READS,
        reset=_keep_as_it_is,
        setup=forget_in_time,
    )


async def _keep_as_it_is(_: object) -> None:
    """What uses such a pool leaves nothing behind on a connection, so giving it back costs no round trip."""


async def _for_nodes(connection: Any) -> None:
    await connection.execute(ON_CLUSTERS)


async def outbox_pool(url: str, size: int = OUTBOX_CONNECTIONS, limits: Limits = USUAL) -> Pool:
    """The outbox's pool, whose statements are by key as the engine's are."""
    return await _pool(
        url, limits, min_size=0, max_size=size, server_settings=_ENGINE, reset=_keep_as_it_is, init=_for_nodes
    )


async def write_pool(url: str, size: int = BOOK_CONNECTIONS, limits: Limits = USUAL) -> LanePool:
    """A pool of their own for simulated vendors, who keep books that outlive the platform's transactions."""
    return await _pool(
        url,
        limits,
        lane,
        min_size=0,
        max_size=size,
        server_settings=_BY_KEY,
        reset=_keep_as_it_is,
        init=_for_nodes,
    )


async def _pool(url: str, limits: Limits, kind: Kind = watched, **settings: Any) -> PoolOf[Any]:
    pool = SurePool(limits, kind)
    await pool.open(url, **settings)
    return pool


class OpenablePool(Generic[C]):
    """A pool that is made before there is an event loop, and opened by the application's start."""

    def __init__(self, make: Callable[[], Awaitable[PoolOf[C]]]) -> None:
        self._make = make
        self._pool: PoolOf[C] | None = None

    async def open(self) -> None:
        """Connect."""
        self._pool = await self._make()

    def acquire(self) -> AbstractAsyncContextManager[C]:
        """A connection for the length of a block. Raises `ConnectionError` before the pool is open."""
        if self._pool is None:
            raise ConnectionError("the pool is not open")
        return self._pool.acquire()

    async def close(self) -> None:
        """Close every connection; those of a database that is gone are gone with it."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(*FAULTS):
                await pool.close()


class LazyPool(OpenablePool[Connection]):
    """A pool that is opened by whoever needs it first."""

    def __init__(self, make: Callable[[], Awaitable[Pool]]) -> None:
        super().__init__(make)
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Connection]:
        async with self._opening:
            if self._pool is None:
                await self.open()
        async with super().acquire() as connection:
            yield connection

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for the length of a block."""
        return self._opened()
