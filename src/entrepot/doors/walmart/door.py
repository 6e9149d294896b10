"""The manifest of the Walmart door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.manifest import KeyKind, Manifest
from entrepot.doors.walmart.settings import CLIENT, WalmartSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.walmart.app import Walmart

    return Walmart(services).app()


def _failures() -> DoorFailures:
    from entrepot.doors.walmart.openapi.telling import CODES

    return CODES


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.walmart.demo import tries

    return tries(url)


MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tries=_tries,
    first=(
        "{url}/walmart/v3/token -H 'Authorization: Basic ZGVtby1tY3M6ZGVtby1tY3Mtc2VjcmV0' "
        "-H 'Accept: application/json' -d grant_type=client_credentials"
    ),
    title="the Walmart MCS API",
    description="/openapi.json",
    keys={
        "client": KeyKind(CLIENT, "live", pair=True),
        "test-client": KeyKind(CLIENT, "test", pair=True),
    },
    settings=WalmartSettings,
)
