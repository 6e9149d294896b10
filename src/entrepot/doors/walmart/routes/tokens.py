"""Access tokens (decision walmart auth): POST /v3/token and GET /v3/token/detail."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from entrepot.doors.kit import Answer, Reply, Request, Resource, encode
from entrepot.doors.kit.admission import Granted, client_of, token_request
from entrepot.doors.walmart.admission import token_of
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.settings import CLIENT
from entrepot.doors.walmart.voices import TOKENS
from entrepot.failures import Failure, Unauthenticated
from entrepot.store.credentials.directory import Caller

_REFUSED: Final = re.compile(r"\s*q=0(\.0*)?\s*")
"""A quality of zero says that a kind is not accepted (RFC 9110, 12.4.2)."""
_XML: Final = b"application/xml; charset=utf-8"
_DOCUMENT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><OAuthTokenDTO><accessToken>{}</accessToken>'
    "<tokenType>Bearer</tokenType><expiresIn>{}</expiresIn></OAuthTokenDTO>"
)


class TokenRoutes(Routes):
    """The operations on access tokens."""

    def resources(self) -> list[Resource]:
        """Getting a token, and looking at one."""
        return [
            Resource("/v3/token", {"POST": self.open("token", TOKENS, self.grant)}),
            Resource("/v3/token/detail", {"GET": self.guarded("token-detail", TOKENS, self.detail)}),
        ]

    async def grant(self, request: Request) -> Answer:
        """A token for a client's id and secret."""
        wanted = token_request(request, in_query=True)
        if isinstance(wanted, Failure):
            return wanted
        caller = await client_of(self.services, CLIENT, wanted, request.client)
        if isinstance(caller, Failure):
            return caller
        request.caller = caller
        granted = await self.tokens.grant(caller)
        return granted if isinstance(granted, Failure) else _granted(granted, request)

    async def detail(self, request: Request, caller: Caller) -> Answer:
        """What the token that the request carries is good for."""
        times = await self.tokens.times(token_of(request) or "")
        if times is None:
            return Unauthenticated("unknown")
        issued, _ = times
        expires = caller.expires_at or times[1]
        told = {"expire_at": _milliseconds(expires), "issued_at": _milliseconds(issued)}
        return Reply(
            200, encode({**told, "is_valid": True, "is_channel_match": True, "scopes": _scopes(caller)})
        )


def _granted(granted: Granted, request: Request) -> Reply:
    seconds = int(granted.lifetime.total_seconds())
    if _wants_xml(request.header("accept") or ""):
        document = _DOCUMENT.format(granted.token, seconds).encode()
        return Reply(200, document, media_type=_XML)
    body = {"access_token": granted.token, "token_type": "Bearer", "expires_in": seconds}
    return Reply(200, encode(body))


def _wants_xml(accept: str) -> bool:
    """Whether nothing but XML is accepted."""
    entries = [entry.split(";") for entry in accept.lower().split(",") if entry.strip()]
    kinds = [entry[0].strip() for entry in entries if not any(map(_REFUSED.fullmatch, entry[1:]))]
    return bool(kinds) and all(kind in ("application/xml", "text/xml") for kind in kinds)


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def _scopes(caller: Caller) -> dict[str, Any]:
    """What the account may do, in the vendor's areas; of those that are not here nothing."""
    settings = caller.settings
    areas = ("reports", "shipping", "price", "lagtime", "feeds", "rules", "content")
    return {
        **dict.fromkeys(areas, "no_access"),
        "item": "full_access" if settings.may_edit_catalogue else "view_only",
        "inventory": "full_access" if settings.may_set_stock else "view_only",
        "orders": "full_access",
        "returns": "full_access",
    }
