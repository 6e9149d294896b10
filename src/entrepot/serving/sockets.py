"""Open WebSockets, and when a silent one counts as dead."""

from asyncio import TimerHandle
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from entrepot.serving.limits import STALL_SECONDS, Census
from entrepot.serving.requests import TRANSPORT


class WatchedSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose peer is pinged once it has said nothing for the interval of pings, and not before.

    Whatever comes shows that the peer is there, a pong or not: there are clients that answer no ping, and take one for
    the answer to their call. The socket is closed when nothing has come for as long again after a ping.
    """

    heard_at = 0.0
    _stalled: TimerHandle | None = None

    async def run_asgi(self) -> None:
        """Serve it; under its name the scope has the transport, as that of a request does."""
        cast("Any", self.scope)["extensions"][TRANSPORT] = self.transport
        await super().run_asgi()

    def pause_writing(self) -> None:
        """The peer does not take what it asked for; it has a while to begin."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer takes it."""
        self._stop_stall()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection's place among those of the process."""
        census: Census = cast("Any", self.config).census
        census.dismiss(self.transport)
        self._stop_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that the peer is there."""
        self.heard_at = self.loop.time()
        super().data_received(data)

    def send_keepalive_ping(self) -> None:
        """Ping, unless something came since; then the silence begins anew."""
        left = self._silence_left()
        if left > 0:
            self.ping_timer = self.loop.call_later(left, self.send_keepalive_ping)
        else:
            super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """Close, unless something came since the ping."""
        if self.heard_at < self.ping_sent_at:
            super().keepalive_timeout()
        else:
            self.pong_timer = self.pending_ping_payload = None
            self.send_keepalive_ping()

    async def send(self, message: Any) -> None:
        """Send, and wait until the peer has taken most of it: till then it is its sender's, and counted as his.

        A handshake answered by an HTTP response is complete, which uvicorn else takes for a fault.
        """
        await super().send(message)
        await self.writable.wait()
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def _stop_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _silence_left(self) -> float:
        return self.heard_at + (self.ping_interval or 0) - self.loop.time()
