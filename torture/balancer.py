"""A load balancer before several servers, as callers meet it: each request goes to the next one that is there."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from torture.house import House


class Balancer(httpx.AsyncBaseTransport):
    """Takes servers in turn. Only where nobody takes the connection is another one asked: nothing is sent twice."""

    def __init__(self, houses: Sequence[House], limits: httpx.Limits) -> None:
        self._houses = houses
        self._inner = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer by whoever is there. Raises `httpx.ConnectError` where nobody is."""
        self._turn += 1
        urls = [httpx.URL(each.url) for each in self._houses if each.url]
        fault = httpx.ConnectError("no server was started")
        for number in range(len(urls)):
            url = urls[(self._turn + number) % len(urls)]
            request.url = request.url.copy_with(host=url.host, port=url.port)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError as error:
                fault = error
        raise fault

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()
