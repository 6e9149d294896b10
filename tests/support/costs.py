"""What a request costs where no clock is asked: round trips to the database, statements, and calls of our functions."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import CodeType, FrameType, SimpleNamespace
from typing import Any, NamedTuple

import asyncpg

import entrepot

_OURS = entrepot.__path__[0]
_connection: Any = asyncpg.Connection
_ROWS = re.compile(r"_rows(_\d+)?\(")
"""A lane's function, or that of one shard."""


class Cost(NamedTuple):
    """Round trips and statements, those inside lanes' functions too, and calls of functions that are ours."""

    trips: int
    statements: int
    calls: int


class _Count:
    trips = 0
    statements = 0
    calls = 0


_now = _Count()


class _Counting(_connection):
    async def ahead(self, query: str, *args: Any) -> None:
        _now.statements += _statements(query, args)
        await super().ahead(query, *args)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        _sent(query, args)
        return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        _sent(query, args)
        return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        _sent(query, args)
        return await super().fetchval(query, *args, **options)

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        _sent(query, args)
        return await super().execute(query, *args, **options)


def _sent(query: str, args: tuple[Any, ...]) -> None:
    _now.trips += 1
    _now.statements += _statements(query, args)


def _statements(query: str, args: tuple[Any, ...]) -> int:
    """A lane's function runs one for each kind of row that it finds or writes."""
    return 1 + (len(json.loads(args[1])) if args and _ROWS.search(query) else 0)


def _counting(options: dict[str, Any]) -> dict[str, Any]:
    given: Any = options.get("connection_class", _connection)

    class Counting(_Counting, given):
        """Both at once."""

    return {**options, "connection_class": Counting}


async def _connect(*args: Any, **options: Any) -> Any:
    return await asyncpg.connect(*args, **_counting(options))


def _create_pool(*args: Any, **options: Any) -> Any:
    return asyncpg.create_pool(*args, **_counting(options))


counted = SimpleNamespace(connect=_connect, create_pool=_create_pool)
"""Put in place of asyncpg where connections are made."""


@contextmanager
def counting() -> Generator[list[Cost]]:
    """Counts until the end of the block; then the list has the cost."""
    told: list[Cost] = []
    ours: dict[CodeType, bool] = {}

    def called(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            code = frame.f_code
            if code not in ours:
                ours[code] = code.co_filename.startswith(_OURS)
            _now.calls += ours[code]

    _now.trips = _now.statements = _now.calls = 0
    sys.setprofile(called)
    try:
        yield told
    finally:
        sys.setprofile(None)
        told.append(Cost(_now.trips, _now.statements, _now.calls))
