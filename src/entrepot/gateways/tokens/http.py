"""Token validation over HTTP, in the form of our own (decision bonsai U2): a request to the account's endpoint."""

import ssl

import msgspec

from entrepot.domain.channels.accounts import ExternalApi
from entrepot.gateways.http.addresses import Resolve, resolve
from entrepot.gateways.http.client import LIMIT_SECONDS, GuardedClient, NoReply, Reply
from entrepot.gateways.http.keyed import OF_THE_REQUEST
from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAnswer, TokenQuery, Valid


class _Verdict(msgspec.Struct):
    valid: bool


_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(_Verdict).decode

_OF_THE_REQUEST = OF_THE_REQUEST | {401, 407}
"""Statuses that speak of our key, of time or of too many requests, and not of the token."""
_UNUSABLE = NoVerdict("the endpoint's URL, method or key cannot be used")


class HttpTokenValidator:
    """Asks an endpoint once per token, `limit_seconds` in all. The account chose the URL: it is not trusted."""

    in_process: bool = False

    def __init__(
        self,
        endpoint: ExternalApi,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._client = GuardedClient(limit_seconds=limit_seconds, resolve=resolve, tls=tls)

    async def validate(self, query: TokenQuery) -> TokenAnswer:
        """Ask the endpoint; a 4xx or `{"valid": false}` is a no, and what is not an answer is no verdict.

        A 4xx that speaks of the request and not of the token is none either: 401, 407, 408, 425, 429.
        """
        endpoint = self._endpoint
        if endpoint.method not in ("GET", "POST"):
            return _UNUSABLE
        posts = endpoint.method == "POST"
        headers = {"API-Key": endpoint.api_key}
        reply = await self._client.send(
            endpoint.method,
            endpoint.url,
            headers=headers | {"Content-Type": "application/json"} if posts else headers,
            params=None if posts else {"token": query.token},
            content=_body(query) if posts else None,
            allow_private=endpoint.allow_private,
        )
        return NoVerdict(reply.reason) if isinstance(reply, NoReply) else _verdict(reply)


def _body(query: TokenQuery) -> bytes:
    return _encode(
        {
            "token": query.token,
            "currency": query.currency,
            "amounts": query.amounts,
            "externalOrderId": query.external_order_id,
        }
    )


def _verdict(reply: Reply) -> TokenAnswer:
    if 400 <= reply.status < 500 and reply.status not in _OF_THE_REQUEST:
        return Invalid()
    if not 200 <= reply.status < 300:
        return NoVerdict(f"the partner answered with status {reply.status}")
    if reply.body is None:
        return NoVerdict("the partner's reply is too long")
    if not reply.body.strip():
        return Valid()
    try:
        return Valid() if _decode(reply.body).valid else Invalid()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return NoVerdict("the partner's reply cannot be read")
