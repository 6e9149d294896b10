"""The line to one sandbox's control plane: requests with JSON, and what is wrong in the server's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import httpx

LIMIT: Final = 120.0
"""Seconds for which an answer is waited for: longer than anything that the control plane may wait for itself."""


class ControlPlaneError(Exception):
    """The control plane refused something, or there is none; `status` is None where nobody answered."""

    def __init__(self, status: int | None, text: str) -> None:
        self.status = status
        super().__init__(text)


class Line:
    """Requests to `/sandbox` under one URL. For one thread at a time."""

    def __init__(self, url: str) -> None:
        # Where no test asks for a server, nobody waits until this is loaded.
        import httpx

        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=f"{self.url}/sandbox", trust_env=False, timeout=LIMIT)

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """What is read there. Raises ControlPlaneError."""
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What comes of this. Raises ControlPlaneError."""
        return self.send("POST", path, body=body)

    def delete(self, path: str) -> None:
        """Do away with what is there. Raises ControlPlaneError."""
        self.send("DELETE", path)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """The answer's JSON, None where it has none. Raises ControlPlaneError."""
        import httpx

        try:
            reply = self._client.request(method, path, params=query, json=body)
        except httpx.TransportError as error:
            raise ControlPlaneError(None, f"nobody answers at {self.url}: {error}") from error
        if not reply.is_success:
            raise ControlPlaneError(reply.status_code, f"{method} /sandbox{path}: {_said(reply)}")
        return reply.json() if reply.content else None

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def _said(reply: httpx.Response) -> str:
    """What is wrong. What does not say so in a sandbox's manner is no sandbox."""
    try:
        return str(reply.json()["error"])
    except (ValueError, TypeError, KeyError):
        return f"{reply.status_code}; this server is no sandbox"
