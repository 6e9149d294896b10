"""For all suites in these folders: somebody whom webhooks can be sent to."""

import hmac
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass(frozen=True)
class Webhook:
    """One message as it arrived."""

    delivery: str
    attempt: int
    signature: str
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        """Whether whoever sent it knows the secret."""
        at, _, digest = self.signature.removeprefix("t=").partition(",v1=")
        expected = hmac.new(secret.encode(), f"{at}.".encode() + self.body, sha256).hexdigest()
        return hmac.compare_digest(digest, expected)


class Inbox:
    """A server that takes webhooks, answers each with 200, and keeps them for the test."""

    def __init__(self) -> None:
        arrived: queue.Queue[Webhook] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                arrived.put(
                    Webhook(
                        self.headers["Entrepot-Delivery"],
                        int(self.headers["Entrepot-Attempt"]),
                        self.headers["Entrepot-Signature"],
                        body,
                    )
                )

            def log_message(self, *_: object) -> None:
                pass

        self._arrived = arrived
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/webhooks"

    def next(self) -> Webhook:
        """The next message, waited for."""
        return self._arrived.get(timeout=60)

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Nobody else's: what another test was told does not arrive here."""
    made = Inbox()
    yield made
    made.close()
