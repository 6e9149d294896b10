"""The control plane described in OpenAPI 3.1, at `/sandbox/openapi.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from entrepot import __version__
from entrepot.sandbox.after_sale import ORDER_STEPS, RETURN_STEPS
from entrepot.sandbox.beginning.snapshots import Snapshot
from entrepot.sandbox.beginning.states import SnapshotOrder
from entrepot.sandbox.clock import ClockOrder
from entrepot.sandbox.register import FaultOrder
from entrepot.sandbox.requests import schema
from entrepot.sandbox.sent.deliveries import ResendOrder
from entrepot.sandbox.wrapped.quotas import QuotaOrder

Json = dict[str, Any]

_PLACEHOLDER: Final = re.compile(r"\{(\w+)(:int)?\}")
_OBJECT: Final[Json] = {"type": "object"}
_ERROR: Final[Json] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What is wrong, in words."}},
}
_CLOCK: Final[Json] = {
    "type": "object",
    "required": ["now", "offset", "frozen"],
    "properties": {
        "now": {"type": "string", "format": "date-time"},
        "offset": {"type": "string", "format": "duration"},
        "frozen": {"type": "boolean"},
    },
}
_SNAPSHOT: Final = schema(Snapshot)
_SNAPSHOTS: Final[Json] = {
    "type": "object",
    "required": ["snapshots"],
    "properties": {"snapshots": {"type": "array", "items": _SNAPSHOT}},
}
_REASONS: Final = {
    400: "The body or the query is wrong.",
    401: "The header API-Key is missing.",
    404: "What the path or the query names is not there.",
    408: "Something still goes on.",
    409: "It is refused, or not possible in this database.",
    503: "The database does not answer, or work under way does not end.",
}


class Described(NamedTuple):
    """One operation: what it is for, what it takes, its answer, and the statuses with which it refuses."""

    method: str
    path: str
    summary: str
    answer: tuple[int, Json | None] = (200, _OBJECT)
    body: Json | None = None
    query: tuple[str, ...] = ()
    refuses: tuple[int, ...] = (503,)


def _after_the_sale() -> Iterator[Described]:
    refuses = (400, 404, 409, 503)
    for step in ORDER_STEPS:
        path = f"/orders/{{order}}/{step}"
        yield Described("POST", path, f"{step} an order", body=_OBJECT, query=("workspace",), refuses=refuses)
    opened = (201, _OBJECT)
    yield Described("POST", "/returns", "open a return", opened, _OBJECT, ("workspace",), refuses)
    for step in RETURN_STEPS:
        path = f"/returns/{{id:int}}/{step}"
        yield Described("POST", path, f"{step} a return", body=_OBJECT, query=("workspace",), refuses=refuses)


OPERATIONS: Final = (
    Described("GET", "/world", "what stands here, with keys and ids"),
    Described(
        "POST", "/reset", "begin anew, or one workspace", query=("workspace",), refuses=(400, 404, 409, 503)
    ),
    Described("GET", "/snapshots", "the snapshots that there are", (200, _SNAPSHOTS)),
    Described(
        "POST",
        "/snapshots",
        "keep what stands here, of one workspace or of all, under a name",
        (201, _SNAPSHOT),
        schema(SnapshotOrder),
        refuses=(400, 409, 503),
    ),
    Described("DELETE", "/snapshots/{name}", "forget a snapshot", (204, None), refuses=(404, 503)),
    Described(
        "POST",
        "/snapshots/{name}/restore",
        "have stand here what a snapshot holds",
        (200, _SNAPSHOT),
        refuses=(404, 409, 503),
    ),
    Described("GET", "/clock", "the time of business rules", (200, _CLOCK), refuses=()),
    Described(
        "POST", "/clock", "set, advance, freeze the clock", (200, _CLOCK), schema(ClockOrder), refuses=(400,)
    ),
    Described("GET", "/faults", "the faults, and the targets that can have some", refuses=()),
    Described("POST", "/faults", "order a fault", (201, _OBJECT), schema(FaultOrder), refuses=(400, 503)),
    Described("DELETE", "/faults", "lift all faults", (204, None), refuses=()),
    Described("DELETE", "/faults/{number:int}", "lift one fault", (204, None), refuses=(404,)),
    Described("GET", "/quotas", "how many requests doors take", refuses=()),
    Described(
        "POST", "/quotas", "let a door take only so many", (201, _OBJECT), schema(QuotaOrder), refuses=(400,)
    ),
    Described("DELETE", "/quotas", "lift all quotas", (204, None), refuses=()),
    Described("DELETE", "/quotas/{number:int}", "lift one quota", (204, None), refuses=(404,)),
    Described("GET", "/idle", "wait until nothing goes on", query=("wait",), refuses=(400, 408, 503)),
    Described(
        "GET",
        "/deliveries",
        "messages that wait, arrived, or were given up",
        query=("workspace", "state", "listener"),
        refuses=(400, 404, 503),
    ),
    Described(
        "POST",
        "/deliveries/resend",
        "tell an event again that has arrived",
        body=schema(ResendOrder),
        query=("workspace",),
        refuses=(400, 404, 409, 503),
    ),
    Described(
        "GET",
        "/mailbox",
        "the mails that were sent",
        query=("workspace", "to", "wait"),
        refuses=(400, 404, 503),
    ),
    Described(
        "GET",
        "/requests",
        "what came in at the doors, and what became of it",
        query=("workspace", "door", "operation", "outcome", "request_id", "failed", "limit"),
        refuses=(400, 404, 503),
    ),
    Described(
        "DELETE", "/requests", "forget what came in", (204, None), query=("workspace",), refuses=(404, 503)
    ),
    Described("GET", "/explain/{request_id}", "why a request was refused", refuses=(404,)),
    *_after_the_sale(),
    Described(
        "GET",
        "/partner/{workspace}/validate",
        "whether a token pays",
        query=("token",),
        refuses=(400, 401, 404, 503),
    ),
    Described(
        "POST", "/partner/{workspace}/validate", "the same", body=_OBJECT, refuses=(400, 401, 404, 503)
    ),
    Described("GET", "/openapi.json", "this description", refuses=()),
)


@cache
def document() -> bytes:
    """The description, as JSON."""
    paths: dict[str, Json] = {}
    for each in OPERATIONS:
        shown = _PLACEHOLDER.sub(r"{\1}", f"/sandbox{each.path}")
        paths.setdefault(shown, {})[each.method.lower()] = _operation(each)
    info = {"title": "Entrepôt's sandbox", "version": __version__}
    return msgspec.json.encode({"openapi": "3.1.0", "info": info, "paths": paths})


def _operation(each: Described) -> Json:
    status, answer = each.answer
    replies = {str(status): _reply("It is done." if answer is None else "The answer.", answer)}
    replies |= {str(refused): _reply(_REASONS[refused], _ERROR) for refused in each.refuses}
    body = {"requestBody": {"content": {"application/json": {"schema": each.body}}}} if each.body else {}
    return {
        "operationId": re.sub(r"\W+", "-", f"{each.method} {each.path}").strip("-").lower(),
        "summary": each.summary,
        "parameters": [*_path_parameters(each.path), *map(_query_parameter, each.query)],
        "responses": replies,
        **body,
    }


def _path_parameters(path: str) -> Iterator[Json]:
    for name, whole in _PLACEHOLDER.findall(path):
        kind = {"type": "integer"} if whole else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": kind}


def _query_parameter(name: str) -> Json:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def _reply(meaning: str, shape: Json | None) -> Json:
    content = {} if shape is None else {"content": {"application/json": {"schema": shape}}}
    return {"description": meaning, **content}
