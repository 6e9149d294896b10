"""Who calls: a client with an access token, which it gets for its id and secret (decision walmart auth)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from entrepot.doors.kit import Request, Services
from entrepot.doors.kit.admission import AccessTokens, bearer
from entrepot.failures import Failure
from entrepot.store.credentials.directory import Caller

LIFETIME: Final = timedelta(seconds=900)
_HEADER: Final = "wm_sec.access_token"


def access_tokens(services: Services) -> AccessTokens:
    """The door's access tokens."""
    return AccessTokens(services, "walmart:access-token", "wm_", LIFETIME)


def token_of(request: Request) -> str | None:
    """The token that a request carries: the vendor's own header comes first, then Bearer."""
    return request.header(_HEADER) or bearer(request.header("authorization"))


async def admitted(tokens: AccessTokens, request: Request) -> Caller | Failure:
    """The caller whose token the request carries; a Basic header beside it says nothing."""
    caller = await tokens.caller(token_of(request))
    if isinstance(caller, Caller):
        request.caller = caller
    return caller
