"""The client of the control plane, against a server whose answers are known beforehand."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from entrepot.testing import ControlPlaneError, Entrepot
from entrepot.testing.client import RESETS


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Generator[tuple[Entrepot, list[str]]]:
    """A client, and what was asked of a server that gives these answers in turn."""
    asked, coming = list[str](), iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            status, body = next(coming)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client = Entrepot(f"http://127.0.0.1:{server.server_port}/")
    try:
        yield client, asked
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()


BUSY = (503, b'{"error": "work under way does not end"}')


def test_what_is_under_way_is_waited_for_before_a_test_begins() -> None:
    with answering(BUSY, BUSY, (200, b'{"reset": true}')) as (client, asked):
        client.reset()
        assert asked == ["/sandbox/reset"] * 3


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ([BUSY] * RESETS, 503, "work under way does not end"),
        ([(409, b'{"error": "not made in a sandbox: north"}')], 409, "not made in a sandbox"),
        ([(404, b"Not Found")], 404, "this server is no sandbox"),
    ],
)
def test_what_waiting_does_not_help_is_said(
    answers: Iterable[tuple[int, bytes]], status: int, said: str
) -> None:
    with answering(*answers) as (client, _), pytest.raises(ControlPlaneError, match=said) as refused:
        client.reset()
    assert refused.value.status == status


def test_a_server_that_is_not_there_is_named() -> None:
    with answering() as (client, _):
        pass
    with pytest.raises(ControlPlaneError, match=r"nobody answers at http://127\.0\.0\.1"):
        Entrepot(client.base_url).reset()
