"""The guard as a transport of httpx, for clients of others: where a request goes is looked up and checked here."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Final

import httpx

from entrepot.gateways.http.addresses import Resolve, admitted, resolve

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def pinned(request: httpx.Request, address: str) -> httpx.Request:
    """The request to this address, under the name of its host for both `Host` and TLS."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends to checked addresses alone, by no proxy. Unless `private`, all must be of the open internet."""

    def __init__(self, *, private: bool, tls: ssl.SSLContext, resolve: Resolve = resolve) -> None:
        self._private = private
        self._resolve = resolve
        self._inner = httpx.AsyncHTTPTransport(verify=tls, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the first address that connects. Raises `httpx.ConnectError` where nobody was asked."""
        *others, last = await self._addresses(request)
        for address in others:
            try:
                return await self._inner.handle_async_request(pinned(request, address))
            except httpx.ConnectError:
                continue
        return await self._inner.handle_async_request(pinned(request, last))

    async def _addresses(self, request: httpx.Request) -> Sequence[str]:
        port = request.url.port or DEFAULT_PORTS.get(request.url.scheme, 0)
        try:
            host = request.url.raw_host.decode("ascii")
            return await admitted(host, port, private=self._private, resolve=self._resolve)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error), request=request) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()
