"""What came in at the doors and what was answered, as the integration log keeps it: without secrets."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from entrepot.doors.kit import Request
from entrepot.integration_log.entries import NOBODY
from entrepot.integration_log.writer import RequestLog
from entrepot.sandbox.requests import BadRequestError, NotFoundError
from entrepot.store.connections import Connection

MOST: Final = 500
USUAL: Final = 100
PATIENCE: Final = 5.0
"""Seconds for which what was observed last is waited for until it is written."""

_FILTERS: Final = ("door", "operation", "outcome", "request_id")
_NAMES = "select id, name from workspaces where sandbox"
_READ = """
select workspace, at, door, operation, outcome, status, request_id, orders, micros, entry from request_log
where workspace = any($1) and ($2::text is null or door = $2)
  and (($3::text is null or operation = $3) and ($4::text is null or outcome = $4) or exists (
    select from json_array_elements(entry::json -> 'calls') call
    where call ->> 'operation' = $3 and ($4::text is null or call ->> 'outcome' = $4)
  ))
  and ($5::text is null or request_id = $5)
  and ($6::boolean is null or (outcome <> 'ok') = $6)
order by at desc, id desc limit $7
"""
_CLEAR = "delete from request_log where workspace = any($1)"


class JournalOffError(Exception):
    """The server keeps no integration log."""


class Journal:
    """The requests of one server's sandbox. `log` is None where none are kept."""

    def __init__(self) -> None:
        self.log: RequestLog | None = None

    async def settle(self) -> None:
        """Return once all that was answered so far is written. Raises TimeoutError, and JournalOffError."""
        if self.log is None:
            raise JournalOffError
        async with asyncio.timeout(PATIENCE):
            await self.log.settle()

    async def read(self, connection: Connection, request: Request) -> list[dict[str, Any]]:
        """The latest that the query wants, in the order in which they came. Raises BadRequestError, NotFoundError."""
        query = request.query
        names = await _workspaces(connection, query.get("workspace"))
        wanted = [query.get(name) for name in _FILTERS]
        values = [*wanted, _failed(query.get("failed")), _limit(query.get("limit"))]
        rows = await connection.fetch(_READ, list(names), *values)
        return [_shown(names, *tuple(row)) for row in reversed(rows)]

    async def clear(self, connection: Connection, workspace: str | None) -> None:
        """Forget what came, of one workspace or of all. Raises NotFoundError."""
        await connection.execute(_CLEAR, list(await _workspaces(connection, workspace)))


async def _workspaces(connection: Connection, name: str | None) -> dict[int, str | None]:
    """The numbers that are looked at; requests of which nobody knows the workspace are among those of all."""
    known: dict[int, str | None] = {row[0]: row[1] for row in await connection.fetch(_NAMES)}
    if name is None:
        return {NOBODY: None, **known}
    if name not in known.values():
        raise NotFoundError("there is no workspace of this name")
    return {number: each for number, each in known.items() if each == name}


def _failed(text: str | None) -> bool | None:
    if text not in (None, "true", "false"):
        raise BadRequestError("?failed: true or false is expected")
    return None if text is None else text == "true"


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise BadRequestError(f"?limit: a whole number from 1 to {MOST} is expected")
    return int(text)


def _shown(names: dict[int, str | None], workspace: int, at: Any, *columns: Any) -> dict[str, Any]:
    door, operation, outcome, status, request_id, orders, micros, entry = columns
    kept = msgspec.json.decode(entry)
    return {
        "request_id": request_id,
        "at": at,
        "workspace": names[workspace],
        "account": kept.get("caller"),
        "door": door,
        "operation": operation,
        "method": kept["method"],
        "path": kept["path"],
        "query": kept.get("query", {}),
        "headers": kept.get("headers", {}),
        "request": _body(kept.get("request")),
        "status": status,
        "outcome": outcome,
        "reply_headers": kept.get("reply_headers", {}),
        "reply": _body(kept.get("reply")),
        "calls": kept.get("calls", []),
        "commands": kept.get("commands", []),
        "orders": orders,
        "seconds": micros / 1_000_000,
    }


def _body(kept: dict[str, Any] | None) -> Any:
    """A body's JSON, or its text where it is none or was cut; None where none is kept."""
    text = kept.get("text") if kept else None
    if not isinstance(text, str):
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
