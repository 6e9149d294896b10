"""The manifest of the ReBound door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.manifest import KeyKind, Manifest
from entrepot.doors.rebound.settings import CLIENT, ReboundSettings, settings_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try
    from entrepot.engine.deliveries.events import Body


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.rebound.app import Rebound

    return Rebound(services).app()


def _failures() -> DoorFailures:
    from entrepot.doors.rebound.telling import CODES

    return CODES


def _tells() -> Body:
    from entrepot.doors.rebound.replies.notices import body

    return body


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.rebound.demo import tries

    return tries(url)


MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tells=_tells,
    tries=_tries,
    first=(
        "{url}/rebound/oauth/token -H 'Authorization: Basic ZGVtby1yZXR1cm5zOmRlbW8tcmV0dXJucy1zZWNyZXQ=' "
        "-d grant_type=client_credentials"
    ),
    title="the ReBound Order API v2",
    description="/openapi.json",
    keys={"client": KeyKind(CLIENT, "live", pair=True), "test-client": KeyKind(CLIENT, "test", pair=True)},
    settings=ReboundSettings,
    stock_modes=frozenset({"record"}),
    events={"tracking": "return.advanced", "refund": "return.refundable"},
    faults=settings_faults,
)
"""Both are pairs `id:secret`, for which a client gets access tokens."""
