"""Open WebSockets, and when a silent one counts as dead."""

from asyncio import TimerHandle
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from entrepot.doors.kit.body import IN_FLIGHT
from entrepot.serving.limits import MOST_FRAGMENTS, PARSED_AT_ONCE, STALL_SECONDS, Census
from entrepot.serving.refusals import LINGER_SECONDS
from entrepot.serving.requests import TRANSPORT


class WatchedSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose peer is pinged once it has said nothing for the interval of pings, and not before.

    Whatever comes shows that the peer is there, a pong or not: there are clients that answer no ping, and take one for
    the answer to their call. The socket is closed when nothing has come for as long again after a ping.
    """

    heard_at = 0.0
    _deaf = False
    _unparsed = b""
    _fragments = _gathered = _held = 0
    _waits = False
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
        self._unparsed = b""
        self._hold(0)
        self._census.dismiss(self.transport)
        self._stop_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that the peer is there, and parse what it says: much of it in steps, so that others have a turn."""
        if self._deaf:
            return
        self.heard_at = self.loop.time()
        if self._unparsed:
            self._unparsed += data
        elif not self.handshake_initiated:
            self._parse(data)  # which began with the head of a request
        elif not self._census.turnstile.passes(self._origin):
            self._unparsed = data
            self._carry_on()
        elif len(data) <= PARSED_AT_ONCE:
            self._parse(data)
        else:
            self._unparsed = data
            self._go_on()

    def handle_text(self, event: Frame) -> None:
        """A message begins."""
        self._fragments, self._gathered = 1, len(event.data)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """A message begins."""
        self._fragments, self._gathered = 1, len(event.data)
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """It goes on."""
        self._fragments += 1
        self._gathered += len(event.data)
        super().handle_cont(event)

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

    async def receive(self) -> Any:
        """The next message, or the end; what came after it is parsed from here on."""
        message = await super().receive()
        self._carry_on()
        return message

    async def send(self, message: Any) -> None:
        """Send, and wait until the peer has taken most of it: till then it is its sender's, and counted as his.

        A handshake answered by an HTTP response is complete, which uvicorn else takes for a fault.
        """
        await super().send(message)
        if self.close_sent:  # then nobody takes what comes, and the peer's word that it heard is waited for
            self._carry_on()
        await self.writable.wait()
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    @property
    def _census(self) -> Census:
        return cast("Any", self.config).census

    @property
    def _origin(self) -> str:
        return self._census.origin(self.transport)

    def _go_on(self) -> None:
        self._waits = False
        data, self._unparsed = self._unparsed[:PARSED_AT_ONCE], self._unparsed[PARSED_AT_ONCE:]
        if data:
            self._parse(data)
        self._carry_on()

    def _carry_on(self) -> None:
        """Parse the rest in another turn, and read more only then; neither while a message waits to be taken."""
        if self._deaf or self.read_paused or self.transport.is_closing():
            return
        if not self._unparsed:
            self.transport.resume_reading()
            return
        self.transport.pause_reading()
        if not self._waits:
            self._waits = True
            self._census.turnstile.wait(self._origin, self._go_on)

    def _parse(self, data: bytes) -> None:
        super().data_received(data)
        held = len(cast("Any", self.conn).reader.buffer) + (self._gathered if self.frames else 0)
        if held != self._held and not self._hold(held):
            self._give_up(CloseCode.TRY_AGAIN_LATER)
        elif self.frames and self._fragments > MOST_FRAGMENTS:
            self._give_up(CloseCode.MESSAGE_TOO_BIG)

    def _hold(self, size: int) -> bool:
        """Count what is here of a message that is not whole; False where there is no room for it."""
        origin = self._origin
        IN_FLIGHT.give_back(self._held, origin)
        self._held = size if IN_FLIGHT.take(size, origin) else 0
        return self._held == size

    def _give_up(self, code: CloseCode) -> None:
        """Say why and hear no more; a connection closed at once may take the reason with it."""
        self._deaf, self._unparsed, self.frames = True, b"", []
        cast("Any", self.conn).reader.buffer.clear()
        self._hold(0)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.conn.send_close(code)
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _stop_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _silence_left(self) -> float:
        return self.heard_at + (self.ping_interval or 0) - self.loop.time()
