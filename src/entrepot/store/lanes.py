"""Connections on which what needs no answer of its own travels ahead of the next statement, in its round trip.

The driver waits for each answer before it sends the next statement, and PostgreSQL does not ask for that: it runs what
arrives in order, and after a fault it passes over everything up to the end of the trip. So BEGIN travels with the first
question of a batch, and what is written with its COMMIT, which never comes to pass where the writing failed. The
engine's lanes have such connections, and the simulated vendors.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

import asyncpg

from entrepot.store.places import Place
from entrepot.store.silence import Limits, watched

_BEGIN: Final = "begin"
_COMMIT: Final = "commit"
_ROLLBACK: Final = "rollback"
_EXECUTE: Final = b"E" + struct.pack("!i", 9) + b"\0" + struct.pack("!i", 0)
"""Run what was bound last, to its end."""
_NULL: Final = struct.pack("!i", -1)
_TEXTS: Final = (str, bytes, int, float, Decimal, UUID, date)
"""Types whose values PostgreSQL reads as Python writes them, bytes but for their head."""


class _Lane(asyncpg.Connection):  # pyright: ignore[reportUntypedBaseClass, reportMissingTypeArgument]
    """Mixed into a connection that is watched."""

    _within: Callable[[Awaitable[Any]], Awaitable[Any]]
    _pool_release_ctr: int

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepared: dict[str, Any] = {}
        self._names: dict[str, bytes] = {}
        self._waiting: list[tuple[str, tuple[object, ...]]] = []
        self.shard = ""
        self.spread = False
        self._beside: Callable[[Place], Awaitable[Any]] | None = None

    def learn(self, spread: bool, beside: Callable[[Place], Awaitable[Any]]) -> None:
        """Of the cluster: whether its tables are spread, and how to get to another of its nodes."""
        self.spread, self._beside = spread, beside

    @property
    def whole(self) -> bool:
        """Whether it is to a cluster on which the database's tables were not spread then."""
        return self._beside is not None and not self.spread

    async def beside(self, place: Place) -> Any:
        """A connection of the same kind to another node of the same cluster. Raises `FAULTS`."""
        if self._beside is None:
            raise ConnectionError("the database has one server")
        return await self._beside(place)

    async def ahead(self, query: str, *args: object) -> None:
        """Let a statement that answers no rows travel ahead of the next one, which raises what this one does."""
        self._waiting.append((query, args))

    def forget(self) -> None:
        """Let nothing travel that still waits."""
        self._waiting = []

    async def fetch(self, query: str, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        _, rows = await self._run(query, args)
        return rows

    async def fetchrow(self, query: str, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        _, rows = await self._run(query, args)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        _, rows = await self._run(query, args)
        return rows[0][0] if rows else None

    async def execute(self, query: str, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if args:
            statement, _ = await self._run(query, args)
            return statement.get_statusmsg()
        await self._catch_up()
        return await super().execute(query)

    def transaction(self, **options: Any) -> Any:
        """A transaction that begins with its first statement; there is none within another."""
        plain = bool(options) or self.is_closed() or self.is_in_transaction()
        return super().transaction(**options) if plain else _Riding(self)

    async def _run(self, query: str, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """A statement that ran, with its rows."""
        # All are prepared first: preparing is a round trip of its own, and what waits must not get into it.
        statement = await self._ready(query)
        messages = [_bound(await self._name(each), given) for each, given in self._waiting]
        self._waiting = []
        if messages and not self.is_closed():
            self._transport.write(b"".join(messages))
        return statement, await self._within(statement.fetch(*args))

    async def _ready(self, query: str) -> Any:
        if query not in self._prepared:
            self._prepared[query] = await self._within(self.prepare(query))
        return self._prepared[query]

    async def _name(self, query: str) -> bytes:
        """By what the server knows a statement; asking it of the driver each time takes five calls."""
        if query not in self._names:
            self._names[query] = (await self._ready(query)).get_name().encode()
        return self._names[query]

    def _on_release(self, stacklevel: int = 1) -> None:
        """Statements stay good where the connection goes back to its pool: they are its own, and no borrower's."""
        known = self._pool_release_ctr
        cast("Any", super())._on_release(stacklevel)
        self._pool_release_ctr = known

    async def _catch_up(self) -> None:
        """Run what waits by itself, ahead of a statement with which it cannot travel."""
        waiting, self._waiting = self._waiting, []
        for query, args in waiting:
            await super().execute(query, *args)


class _Riding:
    """A transaction of a lane."""

    def __init__(self, connection: _Lane) -> None:
        self._connection = connection

    async def start(self) -> None:
        """Begin, with the next statement."""
        await self._connection.ahead(_BEGIN)

    async def commit(self) -> None:
        """Make it durable, with what travels ahead."""
        await self._connection.fetch(_COMMIT)

    async def rollback(self) -> None:
        """Undo it."""
        self._connection.forget()
        if not self._connection.is_closed() and self._connection.is_in_transaction():
            await self._connection.execute(_ROLLBACK)

    async def __aenter__(self) -> object:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> object:
        await (self.commit() if error[0] is None else self.rollback())
        return None


def lane(limits: Limits, on_silence: Callable[[], None] | None = None) -> type[Any]:
    """The class of such connections with these limits; `on_silence` is told when one is dropped."""
    return type("Lane", (_Lane, watched(limits, on_silence)), {"__slots__": ()})


def _bound(name: bytes, values: Sequence[object]) -> bytes:
    """The messages that run a prepared statement with these values, as texts; what it answers comes as text too."""
    given = b"".join(map(_given, values))
    body = b"\0" + name + b"\0" + struct.pack("!hh", 0, len(values)) + given + struct.pack("!h", 0)
    return b"B" + struct.pack("!i", len(body) + 4) + body + _EXECUTE


def _given(value: object) -> bytes:
    """A value as PostgreSQL reads it: its length, and its text."""
    if value is None:
        return _NULL
    if not isinstance(value, _TEXTS):
        raise TypeError(f"{type(value).__name__} has no text that PostgreSQL reads")
    text = rf"\x{value.hex()}" if isinstance(value, bytes) else str(value)
    return struct.pack("!i", len(encoded := text.encode())) + encoded
