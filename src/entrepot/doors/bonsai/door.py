"""The manifest of the Bonsai door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.domain.placing.checks import METHODS
from entrepot.doors.bonsai.settings import CURRENCIES, BonsaiSettings
from entrepot.doors.manifest import KeyKind, Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.bonsai.app import Bonsai

    return Bonsai(services).app()


def _failures() -> DoorFailures:
    from entrepot.doors.bonsai.replies.telling import CODES

    return CODES


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.bonsai.demo import tries

    return tries(url)


MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tries=_tries,
    first="'{url}/bonsai/products/?ids=c68yvyl5s1ienexavdwntb1dr&currency=USD' -H 'API-Key: demo-api-key'",
    title="the Bonsai orders API",
    description="/openapi.json",
    keys={
        "live": KeyKind("bonsai:api-key", "live"),
        "test": KeyKind("bonsai:api-key", "test"),
        "private": KeyKind("bonsai:private-key", "live"),
    },
    settings=BonsaiSettings,
    currencies=frozenset(CURRENCIES),
    payment_methods=METHODS,
)
"""A private key sees its account's live and test orders alike (decision bonsai auth, test mode, U21)."""
