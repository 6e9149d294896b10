"""The manifest of the Textalk door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.manifest import KeyKind, Manifest, WebshopDoor
from entrepot.doors.textalk.caller.tokens import ADMINISTRATOR, AUTH, WEBSHOP
from entrepot.doors.textalk.wire.settings import SHORTEST_PASSWORD, WebshopSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try
    from entrepot.engine.deliveries.events import Body


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.textalk.app import Textalk

    return Textalk(services).app()


def _failures() -> DoorFailures:
    from entrepot.doors.textalk.transport.telling import CODES

    return CODES


def _tells() -> Body:
    from entrepot.doors.textalk.shop.events import body

    return body


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.textalk.demo import tries

    return tries(url)


MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tells=_tells,
    tries=_tries,
    first=(
        "'{url}/textalk/backend/jsonrpc/v1?webshop=22222&language=en' "
        """-d '{{"jsonrpc": "2.0", "id": 1, "method": "Article.list", "params": [{{"uid": true, "name": true}}]}}'"""
    ),
    title="the Textalk webshop API",
    description="/openrpc.json",
    sockets=True,
    keys={"auth": KeyKind(AUTH, "live")},
    settings=WebshopSettings,
    numbers={"uid": WEBSHOP},
    sends_mail=True,
    webshop=WebshopDoor(administrators=ADMINISTRATOR, shortest_password=SHORTEST_PASSWORD),
)
"""A shop is found by its number, which is no secret (decision textalk context parameters)."""
