"""From an exchange to the row that is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from entrepot.doors.kit import Exchange, encode
from entrepot.doors.kit.observing.keeps import COMMON_HEADERS, NOTHING, Keeps
from entrepot.integration_log.known_secrets import HIDDEN, KnownSecrets, is_secret
from entrepot.integration_log.masking import (
    LONGEST,
    LONGEST_READ,
    Body,
    hide,
    kept,
    opened,
    opened_calls,
)
from entrepot.observe.redaction import redact_text

NOBODY: Final = 0
"""The workspace of requests whose caller nobody knows."""
LONGEST_TEXT: Final = 500
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode
MOST_CALLS: Final = 100
_SHORT: Final = 200
"""Headers and paths of no more characters are remembered without what was secret in them."""

COLUMNS: Final = (
    "workspace", "at", "id", "channel", "door", "operation", "outcome", "status", "request_id", "orders", "micros",
    "entry",
)  # fmt: skip
"""In the order of a row."""


class Row(NamedTuple):
    """One row of the table."""

    workspace: int
    at: datetime
    id: UUID
    channel: int | None
    door: str
    operation: str
    outcome: str
    status: int
    request_id: str
    orders: list[int]
    micros: int
    entry: str


class Call(msgspec.Struct, frozen=True):
    """One call of a message."""

    operation: str
    outcome: str
    micros: int


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """One command that the request came to."""

    name: str
    order: int | None = None
    refused: str | None = None


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of an exchange beside the columns by which it is found."""

    method: str
    path: str
    caller: str | None = None
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    reply_headers: dict[str, str] = {}
    request: Body | None = None
    reply: Body | None = None
    calls: list[Call] = []
    commands: list[Command] = []
    mapped: Any = None
    """Which version of which mapping was at work, what the request became by it, and where each field came from."""


def size_of(exchange: Exchange) -> int:
    """About how many bytes an exchange holds while it waits."""
    reply = exchange.reply
    return 4_000 + len(exchange.request.body) + (len(reply.body) if reply else 0)


def row_of(exchange: Exchange, at: datetime, number: UUID) -> Row:
    """What is kept of an exchange that came in at this moment of real time."""
    request, reply, caller = exchange.request, exchange.reply, exchange.caller
    return Row(
        caller.workspace if caller else NOBODY,
        at,
        number,
        caller.channel if caller else None,
        exchange.door,
        exchange.operation,
        outcome_of(exchange),
        reply.status if reply else 0,
        request.id,
        exchange.orders,
        int(exchange.seconds * 1_000_000),
        encode(_entry(exchange)).decode(),
    )


def outcome_of(exchange: Exchange) -> str:
    """The exchange's own outcome; of a message that went well, that of its first call that did not."""
    outcome, calls = exchange.outcome, exchange.request.calls
    if outcome != "ok" or not calls:
        return outcome
    return next((each.outcome for each in calls if each.outcome != "ok"), "ok")


def _entry(exchange: Exchange) -> Entry:
    request, reply, keeps = exchange.request, exchange.reply, exchange.keeps or NOTHING
    caller = request.caller
    bodies = caller is None or caller.settings.log_bodies
    secrets = KnownSecrets()
    query = _pairs(request.scope.get("query_string", b""))
    _learn(exchange, query, keeps, secrets)
    mapped = _mapped(exchange, keeps, secrets) if bodies else None
    asked, told = _bodies(exchange, keeps if bodies else _without_bodies(keeps), secrets)
    return Entry(
        request.scope.get("method", "GET"),
        _path(exchange, keeps, secrets),
        exchange.channel,
        _query(query, keeps, secrets),
        _headers(request.scope["headers"], keeps, secrets),
        _headers(reply.headers if reply else (), keeps, secrets),
        asked,
        told,
        [Call(each.operation, each.outcome, int(each.seconds * 1e6)) for each in request.calls[:MOST_CALLS]],
        [Command(each.name, each.order, each.refused) for each in request.commands],
        None if mapped is None else msgspec.Raw(secrets.written(mapped).encode()),
    )


def secrets_of(exchange: Exchange) -> KnownSecrets:
    """The secrets of an exchange, as far as they are known by their places."""
    keeps, secrets = exchange.keeps or NOTHING, KnownSecrets()
    _learn(exchange, _pairs(exchange.request.scope.get("query_string", b"")), keeps, secrets)
    _bodies(exchange, keeps, secrets)
    return secrets


def _learn(exchange: Exchange, query: Iterable[tuple[str, str]], keeps: Keeps, secrets: KnownSecrets) -> None:
    """Take note of what stands beside the bodies and lets somebody in."""
    for name, value in exchange.request.scope["headers"]:
        if _lets_in(name):
            secrets.add_header(value.decode("latin-1"))
    for name, value in query:
        if name not in keeps.query and is_secret(name):
            secrets.add(value)
    for name in keeps.path:
        secrets.add(exchange.request.params.get(name))


@lru_cache(4096)
def _lets_in(header: bytes) -> bool:
    return is_secret(header.decode("latin-1"))


def _mapped(exchange: Exchange, keeps: Keeps, secrets: KnownSecrets) -> Any:
    """What a mapping made of the body, without its secrets; nothing of a body that is itself not kept."""
    request = exchange.request
    if request.mapped is None or keeps.request is None or len(request.body) > LONGEST_READ:
        return None
    told = request.mapped()
    text = encode(told.body)
    if len(text) > LONGEST:
        return msgspec.structs.replace(told, body=f"more than {LONGEST} bytes")
    # Of a copy: what was mapped is not ours alone.
    return msgspec.structs.replace(told, body=hide(_decode(text), (), secrets))


def _without_bodies(keeps: Keeps) -> Keeps:
    return msgspec.structs.replace(keeps, request=None, reply=None, calls=None)


def _bodies(exchange: Exchange, keeps: Keeps, secrets: KnownSecrets) -> tuple[Body | None, Body | None]:
    request, reply = exchange.request.body, exchange.reply.body if exchange.reply else b""
    if keeps.calls is not None:
        asked = opened_calls(request, keeps, secrets, reply=False)
        told = opened_calls(reply, keeps, secrets, reply=True, of=request)
    else:
        asked, told = opened(request, keeps.request, secrets), opened(reply, keeps.reply, secrets)
    # Only now all secrets are known, those of the reply too.
    return kept(asked, secrets), kept(told, secrets)


def _path(exchange: Exchange, keeps: Keeps, secrets: KnownSecrets) -> str:
    path = exchange.request.path
    for name in keeps.path:
        if value := exchange.request.params.get(name):
            path = path.replace(str(value), HIDDEN)
    return _clean(path, secrets)[:LONGEST_TEXT]


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    if not encoded:
        return []
    try:
        return parse_qsl(encoded[:8_192].decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return []


def _query(pairs: Iterable[tuple[str, str]], keeps: Keeps, secrets: KnownSecrets) -> dict[str, str]:
    """Allowed parameters with their values; of others only that they were there."""
    return {
        _clean(name, secrets)[:100]: _clean(value, secrets)[:LONGEST_TEXT] if name in keeps.query else HIDDEN
        for name, value in pairs
    }


def _headers(headers: Sequence[tuple[bytes, bytes]], keeps: Keeps, secrets: KnownSecrets) -> dict[str, str]:
    if not headers:
        return {}
    shown = _shown(keeps.headers)
    return {
        shown[name]: _redacted(secrets.without(value.decode("latin-1")))[:LONGEST_TEXT]
        for name, value in headers
        if name in shown
    }


@lru_cache(512)
def _shown(headers: frozenset[str]) -> dict[bytes, str]:
    """The names of headers that are kept, as they arrive."""
    return {name.encode("latin-1"): name for name in COMMON_HEADERS | headers}


def _redacted(text: str) -> str:
    """Without keys that stand in it by mistake. The headers and paths of most requests are the same."""
    return _redacted_before(text) if len(text) <= _SHORT else redact_text(text)


_redacted_before: Final = lru_cache(1024)(redact_text)


def _clean(text: str, secrets: KnownSecrets) -> str:
    """A text without the secrets of this exchange, and without keys of others that stand in it by mistake."""
    return _redacted(secrets.without(text))
