"""The Bonsai door: its operations and the paths under which they stand (matched in any case, contract I17)."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from starlette.types import ASGIApp

from entrepot.domain.placing import Placed
from entrepot.domain.state import Refused
from entrepot.doors.bonsai import commands, openapi, render, schemas
from entrepot.doors.bonsai.admission import by_api_key
from entrepot.doors.bonsai.checker import Body, Checked, check
from entrepot.doors.bonsai.failures import render as render_failure
from entrepot.doors.bonsai.failures import render_all
from entrepot.doors.kit import (
    Answer,
    Bodiless,
    CorsPolicy,
    Door,
    GuardedEndpoint,
    Reply,
    Request,
    Resource,
    Router,
    Services,
    content_type_is_json,
    decode_json,
    encode,
)
from entrepot.failures import Failure, UnsupportedMediaType
from entrepot.failures.orders import InvalidInput, ShippingAddressMissing
from entrepot.store.directory import Caller

BODY_LIMIT = 1_000_000
MAX_DEPTH = 20
CORS = CorsPolicy(
    origin="*",
    methods=("GET", "POST", "PATCH", "DELETE", "OPTIONS"),
    headers=("API-Key", "Content-Type"),
    exposed=("X-Request-Id", "Link", "Retry-After"),
)

T = TypeVar("T")


class Bonsai:
    """The operations of the door."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.door = Door("bonsai", render_failure, services.observe, BODY_LIMIT)

    def app(self) -> ASGIApp:
        """The door as an ASGI app."""
        keyed = by_api_key(self.services)
        submit = GuardedEndpoint(self.door, "submit", keyed, self.submit)
        description = Bodiless(self.door, "openapi", lambda _: Reply(200, _description()))
        return Router(
            self.door,
            [
                Resource("/orders/V1/submit", {"POST": submit}, CORS),
                Resource("/openapi.json", {"GET": description}),
            ],
            any_case=True,
            slash_optional=True,
        )

    async def submit(self, request: Request, caller: Caller) -> Answer:
        """Place and settle an order (POST /orders/V1/submit)."""
        checked = checked_body(request, schemas.SUBMIT_V1)
        if isinstance(checked, Failure):
            return checked
        body = checked.value
        if body is None or "shipping_address" not in body:
            return ShippingAddressMissing()
        command = commands.place_order(body, body["shipping_address"], caller)
        outcome = await self.services.engine.execute(caller.workspace, command)
        if isinstance(outcome, Placed):
            return Reply(200, encode({"data": render.submitted(outcome)}))
        return refusal(outcome)


def checked_body(request: Request, body: Body[T]) -> Checked[T] | Failure:
    """The request's body, decoded and checked; or why it cannot be used."""
    if not content_type_is_json(request.scope):
        return UnsupportedMediaType(request.media_type[:100])
    value = decode_json(request.body, MAX_DEPTH)
    if isinstance(value, Failure):
        return value
    checked = check(body, value)
    return InvalidInput(checked.faults) if checked.faults else checked


def refusal(outcome: object) -> Reply:
    """The reply to a command that was refused."""
    if not isinstance(outcome, Refused):
        raise TypeError(f"a command came to {type(outcome).__name__}")
    return render_all(outcome.failures)


@cache
def _description() -> bytes:
    return encode(openapi.document())
