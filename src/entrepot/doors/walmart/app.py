"""The Walmart MCS door: its groups of routes put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.doors.kit import Resource, Router, Services, with_missing
from entrepot.doors.kit.describing.served import described
from entrepot.doors.kit.headers import header
from entrepot.doors.manifest import Missing
from entrepot.doors.walmart.admission import access_tokens
from entrepot.doors.walmart.openapi import API
from entrepot.doors.walmart.reads import Reads
from entrepot.doors.walmart.routes.group import Routes, door
from entrepot.doors.walmart.routes.items import ItemRoutes
from entrepot.doors.walmart.routes.orders import OrderRoutes
from entrepot.doors.walmart.routes.promises import PromiseRoutes
from entrepot.doors.walmart.routes.returns import ReturnRoutes
from entrepot.doors.walmart.routes.status import StatusRoutes
from entrepot.doors.walmart.routes.storefronts import StorefrontRoutes
from entrepot.doors.walmart.routes.tokens import TokenRoutes
from entrepot.doors.walmart.voices import GATEWAY

GROUPS: Final[tuple[type[Routes], ...]] = (
    TokenRoutes,
    StorefrontRoutes,
    ItemRoutes,
    PromiseRoutes,
    OrderRoutes,
    StatusRoutes,
    ReturnRoutes,
)
"""In the order in which their paths are tried."""
CORRELATION: Final = b"wm_qos.correlation_id"
LONGEST_CORRELATION: Final = 128


class Walmart:
    """The operations of the door."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def app(self, missing: Iterable[Missing] = ()) -> ASGIApp:
        """The door as an ASGI app. `missing` is what the vendor has beyond it."""
        tokens, reads = access_tokens(self.services), Reads(self.services)
        shared = door(self.services, GATEWAY)
        resources = [each for group in GROUPS for each in group(self.services, tokens, reads).resources()]
        description = described(shared, API)
        resources.append(Resource("/openapi.json", {"GET": description}))
        return _correlated(Router(shared, with_missing(shared, resources, missing), slash_optional=True))


def _correlated(app: ASGIApp) -> ASGIApp:
    """The app, whose replies carry the caller's correlation id back."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        given = header(scope, CORRELATION) if scope["type"] == "http" else None
        plain = given is not None and 0 < len(given) <= LONGEST_CORRELATION and _is_visible(given)
        await app(scope, receive, _with_header(send, given) if given and plain else send)

    return answered


def _is_visible(text: bytes) -> bool:
    """Whether these are visible ASCII characters, which any header may carry."""
    return all(0x21 <= byte <= 0x7E for byte in text)


def _with_header(send: Send, value: bytes) -> Callable[[Message], Any]:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (CORRELATION, value)]
        await send(message)

    return sent
