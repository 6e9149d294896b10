"""The integration log's pages: the list, and one entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from entrepot.console.filters import SPANS, Filters, microseconds, place_of, place_text, read_filters, wanted
from entrepot.console.rendering import page, templates
from entrepot.engine.clock import real_now
from entrepot.failures import catalogue
from entrepot.store.connections import Connection, Pool
from entrepot.store.queries.operations.operators import EVERYWHERE, Proof
from entrepot.store.queries.operations.request_log import PAGE, Full, Line, Wanted, find_entry, list_entries
from entrepot.store.queries.workspaces import workspace_by_name

NOBODY: Final = "~nobody"
"""How the view of requests is called whose caller is not known, as no workspace can be; it is the whole server's."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = 2**53
_WORKSPACES: Final = "select id, name from workspaces order by name limit 1000"
_ONE: Final = "select id, name from workspaces where id = $1"
_CHANNELS: Final = "select id, door, name from channels where workspace = $1 order by door, name limit 1000"
_ORDER: Final = "select state, external_id, placed_at from orders where workspace = $1 and id = $2"


class Sight(msgspec.Struct, frozen=True):
    """What an operator is looking at: the workspaces that are theirs, one of them, and its channels."""

    workspaces: Mapping[str, int]
    name: str
    workspace: int
    channels: Mapping[int, str]


class LogPages:
    """The pages of the log. Whose workspace is not the operator's does not exist."""

    def __init__(self, reads: Pool, dropped: Callable[[], int]) -> None:
        self._reads = reads
        self._dropped = dropped

    async def list(self, request: Request, proof: Proof) -> Response:
        """The entries that fit the filters, newest first."""
        filters = read_filters(request.query_params)
        after = place_of(request.query_params.get("after", ""))
        async with self._reads.acquire() as connection:
            sight = await self.sight(connection, proof, filters.workspace)
            now = real_now()
            asked, faults = wanted(filters, sight.workspace, now)
            lines = await list_entries(connection, asked, after)
        more = (
            filters.address("/console/log", after=place_text(lines[PAGE - 1])) if len(lines) > PAGE else None
        )
        seen = microseconds(lines[0].at if lines else now)
        shown = [_shown(each, sight) for each in lines[:PAGE]]
        return page(
            "log.html",
            proof=proof,
            sight=sight,
            filters=filters,
            faults=faults,
            lines=shown,
            more=more,
            first=filters.address("/console/log") if after else None,
            live=None if after or faults else filters.address("/console/log/live", seen=str(seen)),
            spans=SPANS,
            failures=sorted(catalogue()),
            dropped=self._dropped(),
            nobody=NOBODY,
        )

    async def entry(self, request: Request, proof: Proof) -> Response:
        """One entry: raw beside mapped beside outcome."""
        workspace, at, number = (request.path_params[name] for name in ("workspace", "at", "number"))
        if at > _LARGEST or workspace > 2**63 - 1 or proof.operator.workspace not in (EVERYWHERE, workspace):
            raise HTTPException(404)
        async with self._reads.acquire() as connection:
            found = await find_entry(connection, workspace, _EPOCH + timedelta(microseconds=at), number)
            if found is None:
                raise HTTPException(404)
            sight = await self.sight(connection, proof, await _name(connection, workspace))
            orders = [await _order(connection, sight, each) for each in found.line.orders[:10]]
        return page("entry.html", proof=proof, sight=sight, **_entry(found, sight), orders=orders)

    async def sight(self, connection: Connection, proof: Proof, name: str) -> Sight:
        """The workspace of this name, or the operator's first. Raises HTTPException for one that is not theirs."""
        everywhere = proof.operator.workspace == EVERYWHERE
        rows = await (
            connection.fetch(_WORKSPACES) if everywhere else connection.fetch(_ONE, proof.operator.workspace)
        )
        workspaces = {row[1]: row[0] for row in rows} | ({NOBODY: EVERYWHERE} if everywhere else {})
        name = name or next(iter(workspaces), "")
        if name not in workspaces and everywhere and (number := await workspace_by_name(connection, name)):
            workspaces[name] = number  # of more than can be offered
        if name not in workspaces:
            raise HTTPException(404)
        channels = await connection.fetch(_CHANNELS, workspaces[name])
        return Sight(workspaces, name, workspaces[name], {row[0]: f"{row[1]}/{row[2]}" for row in channels})


def row(line: Line, sight: Sight) -> str:
    """A line of the list as a piece of the page, for the live tail."""
    return templates().get_template("row.html").render(_shown(line, sight))


def _shown(line: Line, sight: Sight) -> dict[str, Any]:
    return {
        "line": line,
        "href": f"/console/log/{sight.workspace}/{microseconds(line.at)}/{line.id}",
        "partner": sight.channels.get(line.channel or 0, line.door),
    }


async def _name(connection: Connection, workspace: int) -> str:
    if workspace == EVERYWHERE:
        return NOBODY
    row = await connection.fetchrow(_ONE, workspace)
    return row[1] if row else NOBODY


async def _order(connection: Connection, sight: Sight, number: int) -> dict[str, Any]:
    """An order, and the last requests that were about it."""
    row = await connection.fetchrow(_ORDER, sight.workspace, number)
    asked = Wanted(workspace=sight.workspace, order=number)
    history = [_shown(each, sight) for each in await list_entries(connection, asked, None, 20)]
    more = Filters(workspace=sight.name, order=str(number)).address("/console/log")
    return {"number": number, "row": row, "history": history, "more": more}


def _entry(found: Full, sight: Sight) -> dict[str, Any]:
    failure = catalogue().get(found.line.outcome)
    return {
        "line": found.line,
        "entry": {"query": {}, "headers": {}, "calls": (), "commands": (), **found.entry},
        "partner": sight.channels.get(found.line.channel or 0, found.entry.get("caller") or "nobody"),
        "request": _body(found.entry.get("request")),
        "reply": _body(found.entry.get("reply")),
        "mapped": _mapped(found.entry.get("mapped")),
        "failure": failure,
        "same": Filters(workspace=sight.name, request_id=found.line.request_id).address("/console/log"),
    }


def _body(kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """A kept body with its text set out for reading."""
    if kept is None:
        return None
    return {"sha256": None, "why": "", "cut": False, **kept, "text": _set_out(kept.get("text"))}


def _mapped(kept: dict[str, Any] | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    moved = [
        {"source": None, "rule": "", "missing": False, "meant": None, "optional": False, **each}
        for each in kept.get("moved", ())
    ]
    body = kept.get("body")
    text = None if body is None else msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    return {"dropped": (), **kept, "moved": moved, "text": text}


def _set_out(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:  # of a long body only the beginning is there
        return text
