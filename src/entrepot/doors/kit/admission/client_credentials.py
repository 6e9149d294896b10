"""Requests for an access token by client credentials (RFC 6749, 2.3.1, 3.2 and 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec

from entrepot.doors.kit.admission.callers import Admitted, caller_of
from entrepot.doors.kit.admission.secrets import basic
from entrepot.doors.kit.messages import Request
from entrepot.doors.kit.services import Services
from entrepot.engine.guesses import CLIENT, OF_NO_WORKSPACE, Guess
from entrepot.failures import Failure, Unauthenticated, UnsupportedMediaType
from entrepot.failures.access import GrantTypeUnsupported, TokenRequestInvalid
from entrepot.store.credentials.directory import Caller

CLIENT_CREDENTIALS: Final = "client_credentials"
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_PARAMETERS: Final = 50


class TokenRequest(msgspec.Struct, frozen=True):
    """Who asks for a token: `id:secret`, as a pair is stored."""

    pair: str

    def __repr__(self) -> str:
        return "TokenRequest(<redacted>)"


def token_request(request: Request, *, in_query: bool = False) -> TokenRequest | Failure:
    """What the request asks for, or what is wrong with it: the client first, then the kind of grant.

    `in_query`: parameters may stand in the query too, as some clients send them; the form's come first. Unknown
    parameters are passed over (RFC 6749, 3.2).
    """
    form = _parameters(request, in_query=in_query)
    if isinstance(form, Failure):
        return form
    pair = _client(request, form)
    if isinstance(pair, Failure):
        return pair
    grant = form.get("grant_type")
    if not grant:
        return TokenRequestInvalid("grant_type is missing.")
    if grant != CLIENT_CREDENTIALS:
        return GrantTypeUnsupported(grant[:100])
    return TokenRequest(pair)


async def client_of(
    services: Services, kind: str, asked: TokenRequest, address: str | None
) -> Admitted | Failure:
    """The client that asks, if its secret is right and not too many were tried for it from this address."""
    guess = Guess(CLIENT, f"{kind}\0{asked.pair.partition(':')[0]}", address or "")
    caller = await caller_of(services, kind, asked.pair)
    if isinstance(caller, Caller):
        return await services.guesses.admit(OF_NO_WORKSPACE, guess) or caller
    if isinstance(caller, Unauthenticated):
        return await services.guesses.count(OF_NO_WORKSPACE, guess) or caller
    return caller


def _parameters(request: Request, *, in_query: bool) -> Mapping[str, str] | Failure:
    if request.body and request.media_type != _FORM:
        return UnsupportedMediaType(request.media_type)
    form = _pairs(request.body)
    if isinstance(form, Failure) or not in_query:
        return form
    query = _pairs(request.scope["query_string"])
    return query if isinstance(query, Failure) else {**query, **form}


def _pairs(encoded: bytes) -> Mapping[str, str] | Failure:
    """Parameters with a value, each of which may be there once (RFC 6749, 3.2)."""
    try:
        text = encoded.decode("ascii")
        pairs = parse_qsl(text, encoding="utf-8", errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return TokenRequestInvalid("The parameters are no form in UTF-8, or too many.")
    if len({name for name, _ in pairs}) < len(pairs):
        return TokenRequestInvalid("A parameter is there twice.")
    return dict(pairs)


def _client(request: Request, form: Mapping[str, str]) -> str | Failure:
    header = request.header("authorization")
    in_form = form.get("client_secret") is not None
    if header is None:
        client, secret = form.get("client_id"), form.get("client_secret")
        return f"{client}:{secret}" if client and secret else Unauthenticated("missing")
    if in_form:
        return TokenRequestInvalid("The client's secret is there twice, in Authorization and in the form.")
    pair = basic(header)
    if pair is None or ":" not in pair:
        return Unauthenticated("malformed")
    # Both halves may be form-encoded (2.3.1). Many clients send them as they are, so a plus stays a plus: a secret has
    # no blanks.
    client, _, secret = pair.partition(":")
    return f"{unquote(client)}:{unquote(secret)}"
