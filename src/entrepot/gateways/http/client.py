"""The guarded client: one request, one reply, to a URL that is not trusted.

The host is resolved once, every answer is checked, and the connection goes to a checked address, so that a second
answer of the resolver cannot lead elsewhere.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from functools import cache

import httpx
import msgspec

from entrepot.gateways.http.addresses import ForbiddenAddressError, Resolve, admitted, resolve
from entrepot.gateways.http.transport import DEFAULT_PORTS, pinned

LIMIT_SECONDS = 5.0
MAX_REPLY_BYTES = 64 * 1024

_LAST_PORT = 65_535


class Reply(msgspec.Struct, frozen=True):
    """What came back. `body` is None for one that is too long; that of anything but a 2xx is not read."""

    status: int
    body: bytes | None


class NoReply(msgspec.Struct, frozen=True):
    """Nothing that is a reply came back. `reason` is for the operator; it holds no secret and no address.

    `reached` is false where the other side was certainly not asked.
    """

    reason: str
    reached: bool = True


class GuardedClient:
    """Asks once: no retry, no redirect, no proxy, `limit_seconds` in all; every failure is an answer."""

    def __init__(
        self,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limit = limit_seconds
        self._max_reply = max_reply_bytes
        self._resolve = resolve
        self._tls = tls

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        allow_private: bool = False,
        status_only: bool = False,
    ) -> Reply | NoReply:
        """Send a request; `params` join those of the URL. Private addresses are refused unless allowed."""
        try:
            async with asyncio.timeout(self._limit):
                request = _request(method, url, headers, params, content)
                return await self._ask(request, allow_private, status_only)
        except TimeoutError:
            return NoReply("no reply within the time limit")
        except httpx.TransportError as error:
            reached = not isinstance(error, httpx.ConnectError)
            return NoReply(f"the connection failed: {type(error).__name__}", reached)
        except (httpx.InvalidURL, ValueError):
            return NoReply("the endpoint's URL, method or key cannot be used", reached=False)
        except ForbiddenAddressError:
            return NoReply("the endpoint's host has an address that is not allowed", reached=False)
        except OSError:
            return NoReply("the endpoint's host was not found", reached=False)

    async def _ask(self, request: httpx.Request, allow_private: bool, status_only: bool) -> Reply | NoReply:
        url = request.url
        port = DEFAULT_PORTS.get(url.scheme, 0) if url.port is None else url.port
        if url.scheme not in DEFAULT_PORTS or not url.host or not 1 <= port <= _LAST_PORT:
            return NoReply("the endpoint's URL is not one of http or https", reached=False)
        host = url.raw_host.decode("ascii")
        addresses = await admitted(host, port, private=allow_private, resolve=self._resolve)
        return await self._send_to_first(addresses, request, status_only)

    async def _send_to_first(
        self, addresses: Sequence[str], request: httpx.Request, status_only: bool
    ) -> Reply:
        """Try the addresses in turn until one connects: before that nothing has been asked."""
        *others, last = addresses
        for address in others:
            try:
                return await self._send(address, request, status_only)
            except httpx.ConnectError:
                continue
        return await self._send(last, request, status_only)

    async def _send(self, address: str, request: httpx.Request, status_only: bool) -> Reply:
        """Send the request to one address. The transport is used bare: a client would log the URL with its secrets."""
        async with httpx.AsyncHTTPTransport(verify=self._tls or _public_tls(), trust_env=False) as transport:
            response = await transport.handle_async_request(pinned(request, address))
            try:
                wanted = response.is_success and not status_only
                return Reply(response.status_code, await _read(response, self._max_reply) if wanted else b"")
            finally:
                await response.aclose()


def _request(
    method: str, url: str, headers: Mapping[str, str], params: Mapping[str, str] | None, content: bytes | None
) -> httpx.Request:
    """Write the request. Raises ValueError or httpx.InvalidURL for settings that make none."""
    target = httpx.URL(url).copy_merge_params(params) if params else httpx.URL(url)
    common = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "entrepot"}
    return httpx.Request(method, target, headers={**headers, **common}, content=content)


async def _read(response: httpx.Response, most: int) -> bytes | None:
    """Read the body as it was sent, so that none can unpack to more than the limit; None if it is longer."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


@cache
def _public_tls() -> ssl.SSLContext:
    """Trust the public authorities; made once, since to read their list takes a while."""
    return httpx.create_ssl_context(trust_env=False)
