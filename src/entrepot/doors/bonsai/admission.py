"""Who calls: the API key of browsers and the private key of back ends (decision bonsai auth)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from entrepot.doors.bonsai.failures import FORMS, Row, render_all
from entrepot.doors.kit import Reply, Request, Services
from entrepot.doors.kit.admission import Admitted, basic, caller_of
from entrepot.failures import Unauthenticated
from entrepot.store.credentials.directory import Caller

API_KEY = "bonsai:api-key"
PRIVATE_KEY = "bonsai:private-key"

Admission = Callable[[Request], Awaitable[Caller | Reply]]

PRIVATE_ROW: Row = (
    FORMS["AuthorizationRefused"],
    lambda _: {"authentication_expected": "Authorization header"},
)


def by_api_key(services: Services) -> Admission:
    """Admit the bearer of a live or test API key."""

    async def admit(request: Request) -> Caller | Reply:
        caller = await caller_of(services, API_KEY, request.header("api-key"))
        return _admitted(caller, request)

    return admit


def by_private_key(services: Services) -> Admission:
    """Admit the bearer of a private key: `Basic` and base64 of the key, with or without a colon at its end."""

    async def admit(request: Request) -> Caller | Reply:
        caller = await caller_of(services, PRIVATE_KEY, _private_key(request))
        if isinstance(caller, Unauthenticated):
            return render_all((caller,), PRIVATE_ROW)
        return _admitted(caller, request)

    return admit


def _admitted(caller: Admitted, request: Request) -> Caller | Reply:
    if isinstance(caller, Caller):
        request.caller = caller
        return caller
    return render_all((caller,))


def _private_key(request: Request) -> str | None:
    key = basic(request.header("authorization"))
    return None if key is None else key.removesuffix(":")
