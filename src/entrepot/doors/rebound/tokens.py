"""The token endpoint: an access token for a client's id and secret (RFC 6749), refused in that standard's own words."""

from __future__ import annotations

from typing import Final

from entrepot.doors.kit import (
    CHALLENGE,
    NOTHING,
    Answer,
    Door,
    Endpoint,
    Header,
    Reply,
    Request,
    Services,
    encode,
)
from entrepot.doors.kit.admission import AccessTokens, client_of, token_request
from entrepot.doors.rebound.settings import CLIENT
from entrepot.failures import (
    Failure,
    Internal,
    Overloaded,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
)
from entrepot.failures.access import GrantTypeUnsupported, TooManyTries
from entrepot.store.credentials.directory import Caller

_NO_CACHE: Final[Header] = (b"pragma", b"no-cache")
_CHALLENGE: Final[Header] = (CHALLENGE, b'Basic realm="rebound", charset="UTF-8"')
_ERRORS: Final[dict[type[Failure], tuple[int, str]]] = {
    Unauthenticated: (401, "invalid_client"),
    GrantTypeUnsupported: (400, "unsupported_grant_type"),
    Unavailable: (503, "temporarily_unavailable"),
    Overloaded: (503, "temporarily_unavailable"),
    TooManyTries: (429, "temporarily_unavailable"),
    Internal: (500, "server_error"),
    RequestTimeout: (408, "invalid_request"),
}
SAID: Final = frozenset(_ERRORS)
ERRORS: Final = frozenset(name for _, name in _ERRORS.values()) | {"invalid_request"}


def render(failure: Failure, _: Request) -> Reply:
    """A refusal of the token endpoint."""
    status, error = _ERRORS.get(type(failure), (400, "invalid_request"))
    headers = (_NO_CACHE, _CHALLENGE) if status == 401 else (_NO_CACHE,)
    return Reply(status, encode({"error": error}), headers, failure=failure)


def token_endpoint(services: Services, door: Door, access: AccessTokens) -> Endpoint:
    """The operation that gives out tokens."""

    async def grant(request: Request) -> Answer:
        asked = token_request(request)
        if isinstance(asked, Failure):
            return asked
        caller = await client_of(services, CLIENT, asked, request.client)
        if not isinstance(caller, Caller):
            return caller
        request.caller = caller
        granted = await access.grant(caller)
        if isinstance(granted, Failure):
            return granted
        body = {
            "access_token": granted.token,
            "token_type": "Bearer",
            "expires_in": int(granted.lifetime.total_seconds()),
        }
        return Reply(200, encode(body), (_NO_CACHE,))

    return Endpoint(door, "token", grant, keeps=NOTHING)
