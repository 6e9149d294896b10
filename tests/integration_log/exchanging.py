"""Exchanges made by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.doors.kit import BODIES, Exchange, Keeps, Reply, Request
from entrepot.integration_log.partitions import tend
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Caller


def caller(workspace: int = 7, channel: int = 8, **settings: Any) -> Caller:
    return Caller(workspace, channel, "live", 9, None, "main", ChannelSettings(**settings))


async def tended(connection: Connection, now: datetime, keep: timedelta) -> None:
    """Make all partitions that are missing, and drop those whose time is over."""
    while await tend(connection, now, keep):
        pass


def exchange(
    *,
    request_id: str = "r1",
    who: Caller | None = None,
    body: bytes = b'{"a":1}',
    reply: Reply | None = None,
    keeps: Keeps | None = BODIES,
    path: str = "/orders",
    query: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
    operation: str = "submit",
    door: str = "sample",
) -> Exchange:
    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": query, "headers": headers or [],
    }  # fmt: skip
    request = Request(scope, known_as=request_id)
    request.body, request.caller = body, who
    return Exchange(door, operation, request, reply or Reply(200, b'{"b":2}'), 0.01, keeps)
