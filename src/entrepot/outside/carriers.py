"""What carriers tell: `POST /carriers/<uuid of the channel>/events`, signed as our own events are.

`Entrepot-Signature` is `t=<Unix seconds>,v1=<hex>`, where `v1` is the HMAC-SHA256 of `<Unix seconds>.<body>` under the
channel's `carrier.secret`, and `t` is no more than five minutes from the real time. Then each event answers for itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, cast
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.types import ASGIApp

from entrepot.domain.kernel.commands import Refused
from entrepot.doors.kit import (
    BODIES,
    Answer,
    Door,
    Endpoint,
    Observer,
    Reply,
    Request,
    Resource,
    Router,
    decode_json,
    encode,
)
from entrepot.engine.batches.engine import Outcome
from entrepot.engine.carriers.events import CarrierEvents, NotRead, Told
from entrepot.engine.clock import real_now
from entrepot.failures import (
    BodyBeyondLimits,
    Failure,
    MalformedBody,
    TemporaryFailure,
    Unauthenticated,
    UnknownRoute,
)
from entrepot.failures.service import Unavailable
from entrepot.gateways.carriers.port import CarrierEvent
from entrepot.gateways.events.signed import SIGNATURE_HEADER
from entrepot.store.connections import FAULTS, Pool
from entrepot.store.credentials.directory import Caller, Directory, carrier_key

MOST_EVENTS: Final = 1_000
LONGEST: Final = 18
"""Digits before or after the point beyond which nothing is a quantity."""
TOLERANCE: Final = 300
"""Seconds by which a signature may be older or newer than the real time."""
_SIGNATURE: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", re.ASCII)
_STATUS: Final = {
    "body-beyond-limits": 400,
    "malformed-body": 400,
    "method-not-allowed": 405,
    "payload-too-large": 413,
    "request-timeout": 408,
    "unauthenticated": 401,
    "unavailable": 503,
    "unknown-route": 404,
    "unsupported-content-coding": 415,
}

_Number: TypeAlias = Annotated[int, Meta(ge=1, le=2**53 - 1)]
_Short: TypeAlias = Annotated[str, Meta(max_length=255)]
_Place: TypeAlias = Annotated[int, Meta(ge=1, le=32_767)]
_Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Units(msgspec.Struct, frozen=True):
    """Units of a line, as their merchant counts them."""

    line: _Place
    quantity: int | Decimal

    @property
    def written(self) -> str:
        """The quantity as text; one that is beyond all bounds is left to be refused."""
        exact = Decimal(self.quantity)
        return format(exact, "f") if exact.is_finite() and abs(exact.adjusted()) <= LONGEST else "no number"


class _Event(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    id: Annotated[str, Meta(min_length=1, max_length=255)]
    at: _Moment | None = None
    lines: Annotated[tuple[Units, ...], Meta(max_length=1_000)] = ()


class OrderTold(_Event, frozen=True, kw_only=True):
    """Something that happened to an order, by its number."""

    order: _Number
    status: Annotated[str, Meta(min_length=1, max_length=255)]
    part: _Place | None = None
    carrier: _Short = ""
    service: _Short = ""
    tracking: _Short = ""
    tracking_url: Annotated[str, Meta(max_length=2_000)] = ""
    note: Annotated[str, Meta(max_length=1_000)] = ""


class ReturnTold(_Event, frozen=True, rename={"number": "return"}, kw_only=True):
    """Something that happened to a return, by its id."""

    number: _Number
    status: Literal["in_transit", "at_center", "received"]


class CarrierRoutes:
    """The one operation, for the carriers of all workspaces. `now` is the real time."""

    def __init__(
        self,
        events: CarrierEvents,
        reads: Pool,
        observe: Observer,
        *,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._events = events
        self._directory = Directory(reads)
        self._now = now
        self._door = Door("carriers", _render, observe)

    def app(self) -> ASGIApp:
        """The route as an ASGI app."""
        post = {"POST": Endpoint(self._door, "events", self._take, keeps=BODIES)}
        return Router(self._door, [Resource("/{channel}/events", post)])

    async def _take(self, request: Request) -> Answer:
        caller = await self._caller(request.params["channel"])
        if caller is None or isinstance(caller, Failure):
            return caller or UnknownRoute()
        request.channel = caller.name  # so far only as somebody claims
        secret = caller.settings.carrier.secret
        if not is_signed(request.header(SIGNATURE_HEADER), secret.encode(), request.body, self._now()):
            return Unauthenticated("unknown")
        request.caller = caller
        told = _listed(request.body)
        if isinstance(told, Failure):
            return told
        return await self._told(caller, told)

    async def _caller(self, name: str) -> Caller | Failure | None:
        """The channel, if it has a carrier that calls."""
        if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name, re.ASCII):
            return None
        key = carrier_key(UUID(name))
        try:
            caller = (await self._directory.load([key])).get(key)
        except FAULTS:
            return Unavailable(1)
        if caller is None or caller.settings.carrier.gateway != "http":
            return None
        return caller if caller.settings.carrier.secret else None

    async def _told(self, caller: Caller, told: Sequence[object]) -> Answer:
        read = [_read(each) for each in told]
        good = [Told(caller.channel, event) for event in read if isinstance(event, CarrierEvent)]
        try:
            outcomes = iter(await self._events.take(caller.workspace, good))
        except FAULTS:
            return Unavailable(1)
        answers = [
            _answered(next(outcomes)) if isinstance(event, CarrierEvent) else _malformed(event)
            for event in read
        ]
        named = [
            {"id": event.id if isinstance(event, CarrierEvent) else None, **answer}
            for event, answer in zip(read, answers, strict=True)
        ]
        return Reply(200, encode({"events": named}))


def is_signed(header: str | None, secret: bytes, body: bytes, now: datetime) -> bool:
    """Whether the header is the signature of this body under the secret, made within five minutes of now."""
    found = _SIGNATURE.fullmatch(header or "")
    if found is None or abs(int(found[1]) - now.timestamp()) > TOLERANCE:
        return False
    expected = hmac.new(secret, b"%d.%b" % (int(found[1]), body), "sha256").hexdigest()
    return hmac.compare_digest(expected, found[2])


def _listed(body: bytes) -> Sequence[object] | Failure:
    decoded: object = decode_json(body, exact=True)
    if isinstance(decoded, Failure):
        return decoded
    told = cast("dict[str, object]", decoded).get("events") if isinstance(decoded, dict) else None
    if not isinstance(told, list):
        return MalformedBody('An object with the list "events" is expected.')
    events = cast("list[object]", told)
    if len(events) > MOST_EVENTS:
        return MalformedBody(f"The list holds more than {MOST_EVENTS} events.")
    return events


def _read(told: object) -> CarrierEvent | str:
    """The event, or what is wrong with it."""
    of_return = isinstance(told, dict) and "return" in told
    try:
        event = msgspec.convert(told, ReturnTold if of_return else OrderTold)
    except msgspec.ValidationError as error:
        return str(error)
    lines = tuple((each.line, each.written) for each in event.lines)
    if isinstance(event, ReturnTold):
        return CarrierEvent(event.id, "return", event.number, event.status, event.at, lines=lines)
    return CarrierEvent(
        event.id,
        "order",
        event.order,
        event.status,
        event.at,
        event.part,
        event.carrier,
        event.service,
        event.tracking,
        event.tracking_url,
        event.note,
        lines,
    )


def _answered(outcome: Outcome | NotRead) -> dict[str, Any]:
    if isinstance(outcome, NotRead):
        return _malformed(outcome.reason)
    if not isinstance(outcome, Refused):
        return {"outcome": "accepted"}
    failure = outcome.failures[0]
    if isinstance(failure, TemporaryFailure):
        return {"outcome": "again", "failure": failure.name, "title": failure.title}
    context = msgspec.to_builtins(failure)
    return {"outcome": "refused", "failure": failure.name, "title": failure.title, "context": context}


def _malformed(fault: str) -> dict[str, Any]:
    return {"outcome": "malformed", "title": fault}


def _render(failure: Failure, _: Request) -> Reply:
    return Reply(_STATUS.get(failure.name, 500), encode({"error": "; ".join(_sentences(failure))}))


def _sentences(failure: Failure) -> Iterator[str]:
    yield failure.title
    if isinstance(failure, MalformedBody | BodyBeyondLimits):
        yield failure.reason
