"""Letting browsers on other origins call a resource."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Send

from entrepot.doors.kit.headers import Header
from entrepot.doors.kit.messages import Reply


class CorsPolicy:
    """Which origin may call with which methods and headers, and which reply headers it may read.

    Credentials are never allowed, so `*` is a safe origin for operations that take a key in a header.
    """

    def __init__(
        self, origin: str, methods: Sequence[str], headers: Sequence[str], exposed: Sequence[str] = ()
    ) -> None:
        self._on_all = _headers(
            {
                "access-control-allow-origin": origin,
                "access-control-expose-headers": ", ".join(exposed),
                "vary": "" if origin == "*" else "Origin",
            }
        )
        self._on_preflight = _headers(
            {
                "access-control-allow-methods": ", ".join(methods),
                "access-control-allow-headers": ", ".join(headers),
                "access-control-max-age": "86400",
            }
        )

    def preflight(self) -> Reply:
        """The answer to OPTIONS; `on_replies` adds the rest."""
        return Reply(204, headers=self._on_preflight)

    @property
    def added(self) -> tuple[Header, ...]:
        """What every reply has beside its own headers, errors included."""
        return self._on_all

    def on_replies(self, send: Send) -> Send:
        """A `send` that adds the policy's headers to whatever reply goes through it, errors included."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._on_all]
            await send(message)

        return with_headers


def _headers(values: dict[str, str]) -> tuple[Header, ...]:
    return tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in values.items() if value)
