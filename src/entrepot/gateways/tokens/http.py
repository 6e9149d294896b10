"""Token validation over HTTP, as the contract defines it (Bonsai, U2): a request to the account's endpoint.

The account chose the URL, so that it is not trusted: the host is resolved once, every answer is checked, and
the connection goes to a checked address, so that a second answer of the resolver cannot lead elsewhere.
"""

import asyncio
import ssl
from collections.abc import Sequence
from functools import cache
from typing import Literal

import httpx
import msgspec

from entrepot.gateways.tokens.addresses import Resolve, is_public, resolve
from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAnswer, TokenQuery, Valid

LIMIT_SECONDS = 5.0
MAX_REPLY_BYTES = 64 * 1024
MAX_ADDRESSES = 4


class PartnerEndpoint(msgspec.Struct, frozen=True):
    """Where and how an account's tokens are validated. Its `repr` holds neither address nor key."""

    method: Literal["GET", "POST"]
    url: str
    api_key: str
    allow_private: bool = False

    def __repr__(self) -> str:
        return "PartnerEndpoint(<redacted>)"


class _Verdict(msgspec.Struct):
    valid: bool


_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(_Verdict).decode


class HttpTokenValidator:
    """Asks an endpoint once per token: no retry, no redirect, no proxy, `limit_seconds` in all."""

    in_process: bool = False

    def __init__(
        self,
        endpoint: PartnerEndpoint,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._limit = limit_seconds
        self._resolve = resolve
        self._tls = tls

    async def validate(self, query: TokenQuery) -> TokenAnswer:
        """Ask the endpoint; a 4xx or `{"valid": false}` is a no, and what is not an answer is no verdict."""
        try:
            async with asyncio.timeout(self._limit):
                return await self._ask(_request(self._endpoint, query))
        except TimeoutError:
            return NoVerdict("no reply within the time limit")
        except httpx.TransportError as error:
            return NoVerdict(f"the connection failed: {type(error).__name__}")
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return NoVerdict("the endpoint's URL or key cannot be used")
        except OSError:
            return NoVerdict("the endpoint's host was not found")

    async def _ask(self, request: httpx.Request) -> TokenAnswer:
        url = request.url
        if url.scheme not in ("http", "https") or not url.host:
            return NoVerdict("the endpoint's URL is not one of http or https")
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._resolve(url.raw_host.decode("ascii"), port)
        if not addresses:
            return NoVerdict("the endpoint's host was not found")
        if not self._endpoint.allow_private and not all(map(is_public, addresses)):
            return NoVerdict("the endpoint's host has an address that is not allowed")
        return await self._send_to_first(addresses[:MAX_ADDRESSES], request)

    async def _send_to_first(self, addresses: Sequence[str], request: httpx.Request) -> TokenAnswer:
        """Try the addresses in turn until one connects: before that nothing has been asked."""
        *others, last = addresses
        for address in others:
            try:
                return await self._send(address, request)
            except httpx.ConnectError:
                continue
        return await self._send(last, request)

    async def _send(self, address: str, request: httpx.Request) -> TokenAnswer:
        """Send the request to one address, under the name of its host for both `Host` and TLS.

        The transport is used bare: a client would log the URL, and with it the token of a GET.
        """
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={"sni_hostname": request.url.raw_host.decode("ascii")},
        )
        async with httpx.AsyncHTTPTransport(verify=self._tls or _public_tls(), trust_env=False) as transport:
            response = await transport.handle_async_request(pinned)
            try:
                return await _verdict(response)
            finally:
                await response.aclose()


def _request(endpoint: PartnerEndpoint, query: TokenQuery) -> httpx.Request:
    headers = {
        "API-Key": endpoint.api_key,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "entrepot",
    }
    if endpoint.method == "GET":
        return httpx.Request(
            "GET", httpx.URL(endpoint.url).copy_merge_params({"token": query.token}), headers=headers
        )
    body = {
        "token": query.token,
        "currency": query.currency,
        "amounts": query.amounts,
        "externalOrderId": query.external_order_id,
    }
    headers["Content-Type"] = "application/json"
    return httpx.Request("POST", endpoint.url, headers=headers, content=_encode(body))


async def _verdict(response: httpx.Response) -> TokenAnswer:
    if response.is_client_error:
        return Invalid()
    if not response.is_success:
        return NoVerdict(f"the partner answered with status {response.status_code}")
    body = await _read(response)
    if body is None:
        return NoVerdict("the partner's reply is too long")
    if not body.strip():
        return Valid()
    try:
        return Valid() if _decode(body).valid else Invalid()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return NoVerdict("the partner's reply cannot be read")


async def _read(response: httpx.Response) -> bytes | None:
    """Read the body as it was sent, so that none can unpack to more than the limit; None if it is longer."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            return None
    return bytes(body)


@cache
def _public_tls() -> ssl.SSLContext:
    """Trust the public authorities; made once, since to read their list takes a while."""
    return httpx.create_ssl_context(trust_env=False)
