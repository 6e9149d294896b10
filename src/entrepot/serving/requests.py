"""Reading requests off connections, within limits of size, time and number."""

from __future__ import annotations

import re
from asyncio import TimerHandle
from functools import lru_cache
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrepot.serving import refusals
from entrepot.serving.limits import (
    HANDSHAKE_HEADERS,
    HANDSHAKE_LINE,
    HEAD_BYTES,
    HEAD_SECONDS,
    STALL_SECONDS,
    URL_BYTES,
    Census,
)
from entrepot.serving.lines import Incoming, Outgoing

TRANSPORT: Final = "entrepot.transport"
"""Under this name of a request's extensions is the transport that it came over."""

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LINE_OVERHEAD: Final = len(b": \r\n")
_FIRST_LINE_OVERHEAD: Final = len(b"GET  HTTP/1.1\r\n\r\n")


@lru_cache(1024)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


class RequestReader(HttpToolsProtocol):
    """Uvicorn's protocol, which says no before a head has cost anything.

    A head is counted as it is parsed and, while a line of it is still incomplete, by what has come without any being
    parsed: the parser keeps an unfinished line. Once a request is refused nothing more is read of the connection.
    """

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._census: Census = config.census
        self._refusal = refusals.BROKEN
        self._deaf = False
        self._in_head = False
        self._size = 0
        self._unparsed = 0
        self._unseen = b""
        self._origin = ""
        self._running: RequestResponseCycle | None = None
        self._idle_since: float | None = None
        self._timer: TimerHandle | None = None
        self._stalled: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection, unless there are too many."""
        super().connection_made(transport)
        if self._census.admit(transport, self.client[0] if self.client else ""):
            self._origin = self._census.origin(transport)
            self._wait()
        else:
            self._deaf = True
            transport.write(refusals.with_id(refusals.CROWDED))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection's place."""
        self._census.dismiss(self.transport)
        self._unseen = b""
        self._stop_waiting()
        self._stop_timer()
        self._stop_stall()
        super().connection_lost(exc)
        if self._running is not None:  # of several requests only the last is known above
            self._running.disconnected = True
            self._running.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle

        def asked(scope: Any, _receive: Any, _send: Any) -> Any:
            return app(scope, Incoming(cycle), Outgoing(cycle))

        super()._start_asgi_task(cycle, asked)

    def pause_writing(self) -> None:
        """The peer does not take what it asked for; it has a while to begin."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer takes it."""
        self._stop_stall()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse what came, or refuse it: now, or in a later turn where many connections of one address speak."""
        if self._deaf:
            return
        if self._unseen:
            self._unseen += data
            self.transport.pause_reading()
        elif self._census.turnstile.passes(self._origin):
            self._parse(data)
        else:
            self._unseen = data
            self._census.turnstile.wait(self._origin, self._see)

    def eof_received(self) -> None:
        """The peer says no more; what it said counts."""
        self._see()

    def _see(self) -> None:
        data, self._unseen = self._unseen, b""
        if not data or self._deaf or self.transport.is_closing():
            return
        if not self.flow.read_paused:
            self.transport.resume_reading()
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        self._unparsed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserInvalidMethodError:
            self._refuse(refusals.NO_SUCH_METHOD)
        except httptools.HttpParserError:
            self._refuse(self._refusal)
        else:
            self._look_at_the_rest()

    def on_message_begin(self) -> None:
        """A head begins; from now on it is on its time."""
        self._unset_keepalive_if_required()
        self._in_head, self._size, self._unparsed = True, _FIRST_LINE_OVERHEAD, 0
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: cast("Any", self.transport)}

    def on_url(self, url: bytes) -> None:
        """Keep a part of the URL."""
        super().on_url(url)
        self._size += len(url)
        self._unparsed = 0
        if len(self.url) > URL_BYTES:
            self._fail(refusals.LONG_URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but none that comes after the body: it must not be able to replace one that was read."""
        # Spelt out, since this runs for every line of every request.
        self._size += len(name) + len(value) + _LINE_OVERHEAD
        self._unparsed = 0
        if self._size > HEAD_BYTES:
            self._fail(refusals.LARGE_HEAD)
        if self._in_head:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Hand the request over, if its head is one."""
        self._in_head, self._size, self._unparsed = False, 0, 0
        self._stop_timer()
        hosts = [value for name, value in self.headers if name == b"host"]
        right = len(hosts) == 1 and _is_host(hosts[0].strip(b" \t"))
        # HTTP/1.0 knew no such header.
        if not right and (hosts or self._parser.get_http_version() == "1.1"):
            self._fail(refusals.NO_HOST)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._unparsed = 0
        super().on_message_complete()

    @property
    def _parser(self) -> httptools.HttpRequestParser:
        return cast("httptools.HttpRequestParser", self.parser)

    def _upgrade(self) -> None:
        """Hand the connection over to the protocol for WebSockets; any other upgrade is not offered."""
        self._stop_timer()
        self._stop_waiting()
        if not self._should_upgrade():
            self._unsupported_upgrade_warning()
        elif len(self.headers) > HANDSHAKE_HEADERS or self._longest_line() > HANDSHAKE_LINE:
            self._refuse(refusals.LARGE_HEAD)
        else:
            self.handle_websocket_upgrade()

    def _longest_line(self) -> int:
        return max(len(name) + len(value) + len(b": ") for name, value in self.headers)

    def _fail(self, refusal: bytes) -> None:
        """Have the parser, which calls, stop with an error that stands for this refusal."""
        self._refusal = refusal
        raise ValueError

    def _look_at_the_rest(self) -> None:
        if self._size + self._unparsed > HEAD_BYTES:
            self._refuse(refusals.LARGE_HEAD)
        elif self._in_head and self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _too_late(self) -> None:
        self._timer = None
        self._refuse(refusals.SLOW)

    def _refuse(self, refusal: bytes) -> None:
        """Say why and hear no more; after the answers that are still owed the connection closes without a word."""
        self._deaf = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self._owes_answers():
            self.cycle.keep_alive = False
            return
        if (cycle := self._unanswered()) is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self.flow.resume_reading()
        self.transport.write(refusals.with_id(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(refusals.LINGER_SECONDS, self.transport.close)

    def _owes_answers(self) -> bool:
        cycle = self._unanswered()
        return cycle is not None and (bool(self.pipeline) or cycle.response_started or not cycle.more_body)

    def _unanswered(self) -> RequestResponseCycle | None:
        """The newest request, while its answer is not complete."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return None if cycle is None or cycle.response_complete else cycle

    def on_response_complete(self) -> None:
        """Start the request that came meanwhile, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._wait()

    def _wait(self) -> None:
        """Wait for a request, the first as long as the next one.

        A timer that is there goes on: one set anew for every request costs more than one that finds, when its time has
        come, that there is nothing to close.
        """
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_in(self.timeout_keep_alive)

    def _look_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it has waited long enough; else look again when it will have."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_in(left)
        else:
            super().timeout_keep_alive_handler()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _stop_waiting(self) -> None:
        self._idle_since = None
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _stop_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
