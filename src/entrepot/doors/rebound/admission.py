"""Who calls: the bearer of an access token that a client got for its id and secret."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from entrepot.doors.kit import Request, Services
from entrepot.doors.kit.admission import AccessTokens, bearer
from entrepot.failures import Failure, Unauthenticated
from entrepot.store.credentials.directory import Caller

LIFETIME: Final = timedelta(seconds=1_800)
_HEADER: Final = b"authorization"

Admission = Callable[[Request], Awaitable[Caller | Failure]]


def tokens(services: Services) -> AccessTokens:
    """The access tokens of this door."""
    return AccessTokens(services, "rebound:access-token", "rbt_", LIFETIME)


def by_token(access: AccessTokens) -> Admission:
    """Admit the bearer of an access token, in the one header where it belongs and nowhere else."""

    async def admit(request: Request) -> Caller | Failure:
        given = [name for name, _ in request.scope["headers"] if name == _HEADER]
        if len(given) > 1:
            return Unauthenticated("malformed")
        caller = await access.caller(bearer(request.header("authorization")))
        if isinstance(caller, Caller):
            request.caller = caller
        return caller

    return admit
