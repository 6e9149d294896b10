"""Who calls: the API key of browsers and the private key of back ends (contract, `Auth`)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import datetime

from entrepot.doors.bonsai.failures import FORMS, Row, render_all
from entrepot.doors.kit import Reply, Request, Services
from entrepot.failures import Unauthenticated, Unavailable
from entrepot.store.connections import FAULTS
from entrepot.store.credentials.directory import Caller, credential_key

API_KEY = "bonsai:api-key"
PRIVATE_KEY = "bonsai:private-key"

Admission = Callable[[Request], Awaitable[Caller | Reply]]

_PRIVATE_ROW: Row = (
    FORMS["AuthorizationRefused"],
    lambda _: {"authentication_expected": "Authorization header"},
)


def by_api_key(services: Services) -> Admission:
    """Admit the bearer of a live or test API key."""

    async def admit(request: Request) -> Caller | Reply:
        caller = await _caller(services, API_KEY, request.header("api-key"))
        return _admitted(caller, request)

    return admit


def by_private_key(services: Services) -> Admission:
    """Admit the bearer of a private key: `Basic` and base64 of the key, with or without a colon at its end."""

    async def admit(request: Request) -> Caller | Reply:
        caller = await _caller(services, PRIVATE_KEY, _basic(request.header("authorization")))
        if isinstance(caller, Unauthenticated):
            return render_all((caller,), _PRIVATE_ROW)
        return _admitted(caller, request)

    return admit


async def _caller(
    services: Services, kind: str, secret: str | None
) -> Caller | Unauthenticated | Unavailable:
    if not secret:
        return Unauthenticated("missing")
    try:
        caller = await services.callers.get(credential_key(kind, secret))
    except FAULTS:
        return Unavailable(1)
    if caller is None:
        return Unauthenticated("unknown")
    return caller if _current(caller, services.clock.now()) else Unauthenticated("expired")


def _current(caller: Caller, now: datetime) -> bool:
    return caller.expires_at is None or caller.expires_at > now


def _admitted(caller: Caller | Unauthenticated | Unavailable, request: Request) -> Caller | Reply:
    if isinstance(caller, Caller):
        request.channel = caller.name
        return caller
    return render_all((caller,))


def _basic(header: str | None) -> str | None:
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        # As bytes: of a text that is not ASCII the decoder raises another error.
        key = base64.b64decode(value.strip(" \t").encode("latin-1"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return key.removesuffix(":")
