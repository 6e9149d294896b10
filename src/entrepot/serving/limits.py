"""How much of a process's sockets and memory callers may take before anybody knows who they are."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from entrepot.serving.turnstile import Turnstile
from entrepot.store.sharing import subscriber

HEAD_BYTES: Final = 32_000
"""The largest head of a request: its first line and all its headers."""
URL_BYTES: Final = 8_000
"""The longest URL, as it stands in the first line of a request: what every server should take (RFC 9110, 4.1)."""
HEAD_SECONDS: Final = 10
"""How long a head may take from its first byte to its last."""
STALL_SECONDS: Final = 60
"""How long a peer may take nothing of an answer that waits for it."""
HANDSHAKE_HEADERS: Final = 128
HANDSHAKE_LINE: Final = 8_190
"""What the library for WebSockets takes of a handshake: so many headers, and lines so long, without their ends."""
SOCKET_MESSAGE: Final = 16_000_000
"""The largest message on a WebSocket: more than any door takes, so that it is the door that says so."""
MOST_FRAGMENTS: Final = 10_000
"""Of so many frames a message may consist."""
PARSED_AT_ONCE: Final = 8_192
"""So many bytes from a WebSocket are parsed in one turn of the loop: a frame may have as few as six."""
_NOWHERE: Final = "0.0.0.0"  # noqa: S104  (of a peer that has no address)


class Census:
    """The open connections of one process, counted by address. Those of a trusted proxy are of many callers."""

    def __init__(self, most: int, most_per_address: int, proxies: Sequence[str]) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._proxies = [ipaddress.ip_network(proxy) for proxy in proxies]
        self._origins: dict[object, str] = {}
        self._counts = Counter[str]()
        self.turnstile = Turnstile()
        """In which turn of the loop what they say is looked at."""

    def admit(self, connection: object, address: str) -> bool:
        """Count a connection; False where it is one too many, which is not counted."""
        origin = "" if self._is_proxy(address) else subscriber(address or _NOWHERE)
        if len(self._origins) >= self._most or (origin and self._counts[origin] >= self._most_per_address):
            return False
        self._origins[connection] = origin
        self._counts[origin] += 1
        return True

    def origin(self, connection: object) -> str:
        """Whose a connection is; empty for those of proxies, which are of many callers."""
        return self._origins.get(connection, "")

    def dismiss(self, connection: object) -> None:
        """Forget a connection that has ended, if it was counted."""
        origin = self._origins.pop(connection, None)
        if origin is None:
            return
        self._counts[origin] -= 1
        if not self._counts[origin]:
            del self._counts[origin]

    def _is_proxy(self, address: str) -> bool:
        return bool(self._proxies) and any(_parsed(address) in proxy for proxy in self._proxies)


@lru_cache(4096)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(address.partition("%")[0] or _NOWHERE)
    return getattr(found, "ipv4_mapped", None) or found
