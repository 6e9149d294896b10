"""Faults on the caller's own line, on the real server: what a client sees, and what the house did meanwhile."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from entrepot.cli.run.demo import apply_demo
from entrepot.doors.bonsai.demo import MUG, order
from entrepot.doors.walmart.demo import tries
from entrepot.sandbox.wrapped.line import GARBAGE, MISSING
from tests.support.server import Server, running_server

BROKEN = (httpx.ReadError, httpx.RemoteProtocolError)
"""A client that was still sending when the reset came hears of it there, and then of an end."""
TOKEN = ("/walmart/v3/token", {"Authorization": "Basic ZGVtby1tY3M6ZGVtby1tY3Mtc2VjcmV0"})


@pytest.fixture(scope="module")
async def filled(module_database_url: str) -> str:
    await apply_demo(module_database_url)
    return module_database_url


@pytest.fixture(scope="module")
def server(filled: str, open_folder: Path) -> Iterator[Server]:
    with running_server(open_folder / "line.log", "--sandbox", "--database-url", filled) as running:
        yield running


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, verify=False, timeout=120) as client:
        client.post("/sandbox/reset").raise_for_status()
        yield client


def fault(http: httpx.Client, kind: str, target: str = "line:bonsai", **more: Any) -> int:
    reply = http.post("/sandbox/faults", json={"target": target, "kind": kind, **more})
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


def place(http: httpx.Client) -> httpx.Response:
    body = order(MUG)
    return http.post("/bonsai/orders/V1/submit", json=body, headers={"API-Key": "demo-api-key"})


def orders(http: httpx.Client) -> int:
    return sum(bool(each["orders"]) for each in http.get("/sandbox/requests").json()["requests"])


def raw(server: Server, path: str = "/bonsai/nothing") -> bytes:
    """All that comes over a connection until it ends in good order."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=120) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        came = b""
        while more := line.recv(65536):
            came += more
        return came


@pytest.mark.parametrize("kind", ["refuse", "timeout"])
def test_a_connection_is_reset_and_nothing_was_done(http: httpx.Client, kind: str) -> None:
    more: dict[str, Any] = {"delay": 0} if kind == "timeout" else {}
    fault(http, kind, **more)
    with pytest.raises(BROKEN):
        place(http)
    assert orders(http) == 0
    assert place(http).status_code == 200


@pytest.mark.parametrize("kind", ["refuse", "drop"])
def test_the_end_is_a_reset(server: Server, http: httpx.Client, kind: str) -> None:
    fault(http, kind)
    with pytest.raises(ConnectionResetError):
        raw(server)


def test_an_answer_is_lost_and_the_order_stands(http: httpx.Client) -> None:
    fault(http, "drop")
    with pytest.raises(BROKEN):
        place(http)
    assert orders(http) == 1


@pytest.mark.parametrize("kind", ["half", "length"])
def test_an_answer_ends_before_its_length(http: httpx.Client, kind: str) -> None:
    fault(http, kind)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        place(http)
    assert orders(http) == 1
    assert place(http).status_code == 200


def test_a_wrong_length_promises_more_than_comes(server: Server, http: httpx.Client) -> None:
    fault(http, "length")
    head, _, body = raw(server).partition(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % (len(body) + MISSING) in head


def test_what_comes_is_no_http(server: Server, http: httpx.Client) -> None:
    fault(http, "garbage", count=2)
    assert raw(server) == GARBAGE
    with pytest.raises(httpx.RemoteProtocolError):
        place(http)
    assert orders(http) == 0


def test_bytes_trickle_and_are_the_same_bytes(http: httpx.Client) -> None:
    true = http.get("/bonsai/nothing").content
    number = fault(http, "trickle", delay=0.2)
    assert len(http.get("/bonsai/nothing").content) == len(true)
    assert (
        http.get("/sandbox/faults").json()["faults"][-1] | {"id": number, "hits": 1}
        == (http.get("/sandbox/faults").json()["faults"][-1])
    )


def test_a_caller_that_leaves_before_his_request_is_whole_breaks_nothing(
    server: Server, http: httpx.Client
) -> None:
    fault(http, "half")
    address = urlsplit(server.url)
    head = "POST /bonsai/orders/V1/submit HTTP/1.1\r\nHost: localhost\r\nAPI-Key: demo-api-key\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=120) as line:
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode())
        while not http.get("/sandbox/faults").json()["faults"][0]["hits"]:
            pass
    assert http.post("/sandbox/reset").status_code == 200  # which waits until nothing of it is under way
    assert place(http).status_code == 200
    assert "Traceback" not in server.log.read_text("utf-8")


def test_the_head_alone_has_no_body(server: Server, http: httpx.Client) -> None:
    fault(http, "trickle", delay=0)
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=120) as line:
        line.sendall(b"HEAD /bonsai/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        came = b""
        while more := line.recv(65536):
            came += more
    assert came.startswith(b"HTTP/1.1 404 ")
    assert came.endswith(b"\r\n\r\n")


def test_a_silent_line_is_let_go_when_its_fault_is_lifted_by_a_reset(
    http: httpx.Client, server: Server
) -> None:
    fault(http, "timeout", delay=120)
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=120) as line:
        line.sendall(b"GET /bonsai/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not http.get("/sandbox/faults").json()["faults"][0]["hits"]:
            pass
        assert http.post("/sandbox/reset").status_code == 200
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_only_the_door_and_the_paths_that_were_named_are_hit(http: httpx.Client) -> None:
    fault(http, "refuse", "line:walmart", path="/v3/token", count=9)
    assert place(http).status_code == 200
    assert http.get("/walmart/v3/nothing").status_code == 404
    with pytest.raises(BROKEN):
        http.post(TOKEN[0], headers=TOKEN[1], data={"grant_type": "client_credentials"})


def test_after_so_many_orders_it_is_too_many_in_the_doors_own_words(http: httpx.Client) -> None:
    fault(http, "busy", "rule:PlaceOrder", skip=2, delay=7)
    replies = [place(http) for _ in range(4)]
    assert [each.status_code for each in replies] == [200, 200, 503, 200]
    assert replies[2].headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"target": "line:bonsai", "kind": "error"}, "/kind: line:bonsai can have"),
        ({"target": "line:nobody", "kind": "refuse"}, "/target: there is no line:nobody"),
        ({"target": "line:bonsai", "kind": "trickle"}, "/delay: trickle needs it"),
        ({"target": "line:bonsai", "kind": "refuse", "workspace": "north"}, "/workspace: on the line"),
        ({"target": "connection:reads", "kind": "refuse", "path": "/x"}, "/path: only a line"),
    ],
)
def test_what_a_line_cannot_have_is_refused(http: httpx.Client, order: dict[str, str], said: str) -> None:
    reply = http.post("/sandbox/faults", json=order)
    assert (reply.status_code, said in reply.json()["error"]) == (400, True), reply.text


def test_too_many_is_a_429_where_the_api_documents_one(http: httpx.Client) -> None:
    _, sold = tries("")[0].commands
    token = http.post(TOKEN[0], headers=TOKEN[1], data={"grant_type": "client_credentials"}).json()[
        "access_token"
    ]
    body = json.loads(sold.partition("-d '")[2].removesuffix("'"))
    fault(http, "busy", "rule:TakeOrder", delay=7)
    headers = {"WM_SEC.ACCESS_TOKEN": token}
    replies = [
        http.post("/walmart/v3/fulfillment/orders-fulfillments", json=body, headers=headers) for _ in range(2)
    ]
    assert [each.status_code for each in replies] == [429, 200], [each.text for each in replies]
    assert replies[0].headers["retry-after"] == "7"
    assert "REQUEST_THRESHOLD_VIOLATED" in replies[0].text


UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SHOP = "/textalk/backend/jsonrpc/v1?webshop=22222&language=en"
SIGN_UP = {"info": {"email": "ada@example.com"}, "password": "a good password"}


def ask(socket: ClientConnection, method: str = "Article.get", *params: object) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or [101, {"uid": True}]}
    socket.send(json.dumps(call))


@pytest.fixture
def visit(server: Server, http: httpx.Client) -> Iterator[ClientConnection]:
    """An open socket, on which one call was answered."""
    with connect(server.url.replace("http", "ws") + SHOP, proxy=None) as opened:
        ask(opened)
        assert json.loads(opened.recv(120))["result"] == {"uid": 101}
        yield opened


def signed_up(http: httpx.Client) -> bool:
    query = {"operation": "Customer.signup", "outcome": "ok"}
    return bool(http.get("/sandbox/requests", params=query).json()["requests"])


@pytest.mark.parametrize(
    ("kind", "delay", "done"),
    [
        ("refuse", None, False),
        ("timeout", 0, False),
        ("garbage", None, False),
        ("drop", None, True),
        ("half", None, True),
        ("length", None, True),
    ],
)
def test_a_socket_breaks_before_or_after_its_message_was_done(
    http: httpx.Client, visit: ClientConnection, kind: str, delay: float | None, done: bool
) -> None:
    fault(http, kind, "line:textalk", **({} if delay is None else {"delay": delay}))
    ask(visit, "Customer.signup", SIGN_UP, ["info"])
    with pytest.raises(ConnectionClosedError) as closed:
        visit.recv(120)
    # Bytes that are no frame are refused by the client; otherwise the line ends without a word.
    assert (closed.value.sent is not None and closed.value.sent.code == 1002) is (kind == "garbage")
    assert signed_up(http) is done


@pytest.mark.parametrize("kind", ["slow", "trickle"])
def test_a_slow_socket_brings_the_same_answer_and_lives_on(
    http: httpx.Client, visit: ClientConnection, kind: str
) -> None:
    fault(http, kind, "line:textalk", delay=0.2)
    for _ in range(2):
        ask(visit)
        assert json.loads(visit.recv(120)) == {"jsonrpc": "2.0", "id": 1, "result": {"uid": 101}}
    assert http.get("/sandbox/faults").json()["faults"][-1]["hits"] == 1


@pytest.mark.parametrize(("kind", "comes"), [("half", 0.5), ("length", 1)])
def test_a_frame_ends_before_its_length(server: Server, http: httpx.Client, kind: str, comes: float) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "Article.get", "params": [101, {"uid": True}]}
    answer = http.post(SHOP, json=call).content
    fault(http, kind, "line:textalk", skip=1)
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=120) as line:
        line.sendall(f"GET {SHOP} HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n".encode())
        came = b""
        while not came.endswith(b"\r\n\r\n"):
            came += line.recv(65536)
        # A client's frame is masked, here with nothing.
        frame = bytes((0x81, 0x80 | len(json.dumps(call)), 0, 0, 0, 0)) + json.dumps(call).encode()
        whole = bytes((0x81, len(answer))) + answer
        line.sendall(frame)
        came = b""
        while len(came) < len(whole):
            came += line.recv(65536)
        assert came == whole
        line.sendall(frame)
        came = b""
        while more := line.recv(65536):
            came += more
    promised = len(answer) + (MISSING if kind == "length" else 0)
    head = bytes((0x81, promised)) if promised < 126 else bytes((0x81, 126, 0, promised))
    assert came == head + answer[: int(len(answer) * comes)]


def test_only_sockets_of_the_door_and_its_path_are_hit(http: httpx.Client, visit: ClientConnection) -> None:
    fault(http, "refuse", "line:walmart", lasts=600)
    fault(http, "drop", "line:textalk", path="/elsewhere", lasts=600)
    ask(visit)
    assert json.loads(visit.recv(120))["result"] == {"uid": 101}


def test_a_silent_socket_is_let_go_when_its_fault_is_lifted(
    http: httpx.Client, visit: ClientConnection
) -> None:
    number = fault(http, "timeout", "line:textalk", delay=120)
    ask(visit)
    while not http.get("/sandbox/faults").json()["faults"][-1]["hits"]:
        pass
    http.delete(f"/sandbox/faults/{number}").raise_for_status()
    with pytest.raises(ConnectionClosedError):
        visit.recv(120)
