"""Of several servers the one that takes writes: whichever a failover has made it.

All of them are asked at once, so that one that says nothing holds nobody up for long; the driver by itself would spend
the whole time on the first. Of two that take writes the one on the later timeline was promoted last; the other is an
old primary that is back and does not know that it was replaced. A process that has met the later one never goes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import asyncpg
import structlog

from entrepot.store.places import Place, narrowed, places_of, wants_writes

_asyncpg: Any = asyncpg
_log = structlog.stdlib.get_logger("entrepot.database")

_TIMELINE: Final = "select pg_walfile_name(pg_current_wal_lsn())"
"""The name of the file that is being written begins with the timeline, as eight hexadecimal digits."""

GRACE: Final = 0.5
"""Seconds for which others may still answer once a server that writes was found. While a process has met none yet, it
waits for each of them as long as for one alone."""

_latest: dict[str, int] = {}
"""The latest timeline that this process has met, by URL."""
_told: set[tuple[Place, int]] = set()


class StandbyError(ConnectionError):
    """The server only follows another one."""


class ReplacedError(ConnectionError):
    """The only server that takes writes is one that was replaced."""


class _Found(NamedTuple):
    timeline: int
    place: Place
    connection: Any


async def reach(url: str, **options: Any) -> Any:
    """A driver's connection to the server that takes writes; `options` are the driver's, `timeout` for each server.

    Raises `FAULTS`. Where only one server is named, it is that one, whatever it does.
    """
    places = places_of(url)
    if len(places) > 1:
        return (await _search(url, places, options)).connection
    # Of a session that only reads the driver would say that its server does not write.
    session = {"target_session_attrs": "primary"} if wants_writes(url) else {}
    return await _asyncpg.connect(url, **session, **options)


async def one_server(url: str, timeout: float) -> str:  # noqa: ASYNC109
    """The URL of that server alone, for programs that are to stay with it. Raises `FAULTS`."""
    places = places_of(url)
    if len(places) < 2:
        return url
    found = await _search(url, places, {"timeout": timeout})
    found.connection.terminate()
    return narrowed(url, found.place)


async def _search(url: str, places: Sequence[Place], options: dict[str, Any]) -> _Found:
    asked = [asyncio.create_task(_ask(url, place, options)) for place in places]
    chosen: _Found | None = None
    try:
        chosen = await _choose(asked, _latest.get(url))
        _latest[url] = max(chosen.timeline, _latest.get(url, 0))
        return chosen
    finally:
        await _leave(asked, chosen)


async def _ask(url: str, place: Place, options: dict[str, Any]) -> _Found:
    connection = await _asyncpg.connect(
        url, host=place.host, port=place.port, target_session_attrs="any", **options
    )
    try:
        async with asyncio.timeout(options.get("timeout")):
            if getattr(connection.get_settings(), "in_hot_standby", "off") == "on":
                raise StandbyError(f"{place.host} is a standby")
            return _Found(await _timeline(connection), place, connection)
    except BaseException:
        connection.terminate()
        raise


async def _timeline(connection: Any) -> int:
    """The server's timeline; 0 where it does not tell its users."""
    try:
        return int((await connection.fetchval(_TIMELINE))[:8], 16)
    except (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.UndefinedFunctionError,
        asyncpg.FeatureNotSupportedError,
    ):
        return 0


async def _choose(asked: Sequence[asyncio.Task[_Found]], known: int | None) -> _Found:
    """The server on the latest timeline, of those that answer. `known` is the latest that was met before."""
    waiting, found = set(asked), list[_Found]()
    while waiting:
        patience = None if known is None or not found else GRACE
        done, waiting = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        found += [each.result() for each in done if each.exception() is None]
        if not done:
            break
    if not found:
        raise _telling(asked)
    last = max(found, key=lambda each: each.timeline)
    _tell([each for each in found if each.timeline < max(last.timeline, known or 0)])
    if last.timeline < (known or 0):
        raise ReplacedError(f"{last.place.host} was replaced by another server, which cannot be reached")
    return last


def _telling(asked: Sequence[asyncio.Task[_Found]]) -> BaseException:
    """Why none can be had. What a server says of us, as of a wrong password, tells more than that another is away."""
    faults = [fault for each in asked if (fault := each.exception()) is not None]
    return min(faults, key=lambda fault: not isinstance(fault, asyncpg.PostgresError))


def _tell(replaced: Sequence[_Found]) -> None:
    """Say once of each server that was replaced that it is there and writes."""
    for each in replaced:
        if (each.place, each.timeline) not in _told:
            _told.add((each.place, each.timeline))
            _log.error(
                "a database server that was replaced takes writes; it is not used",
                host=each.place.host,
                port=each.place.port,
                timeline=each.timeline,
            )


async def _leave(asked: Sequence[asyncio.Task[_Found]], chosen: _Found | None) -> None:
    """Take leave of the others, whatever has become of asking them."""
    for task in asked:
        task.cancel()
    for each in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(each, _Found) and each is not chosen:
            each.connection.terminate()
