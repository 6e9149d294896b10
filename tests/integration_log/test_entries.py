"""What a row of the integration log says of an exchange."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from entrepot.doors.kit import Call, Exchange, Keeps, Reply
from entrepot.doors.kit.observing.calls import Done, Mapped, Moved
from entrepot.failures.orders import OrderUnknown
from entrepot.integration_log.entries import Entry, outcome_of, row_of
from entrepot.integration_log.known_secrets import HIDDEN
from tests.integration_log.exchanging import caller, exchange

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = UUID(int=1)


def entry_of(told: Exchange) -> Entry:
    return msgspec.json.decode(row_of(told, AT, ID).entry, type=Entry)


def test_a_row_names_workspace_channel_operation_outcome_orders_and_duration() -> None:
    told = exchange(who=caller(), reply=Reply(404, b"{}", failure=OrderUnknown("1")))
    told.request.commands += [Done("ShipUnits", 41, None), Done("ShipUnits", 41, "order-unknown")]
    row = row_of(told, AT, ID)
    assert row[:11] == (
        7, AT, ID, 8, "sample", "submit", "order-unknown", 404, "r1", [41], 10_000,
    )  # fmt: skip
    assert [each.refused for each in entry_of(told).commands] == [None, "order-unknown"]


def test_whoever_is_unknown_is_workspace_0() -> None:
    row = row_of(exchange(), AT, ID)
    assert (row.workspace, row.channel) == (0, None)


def test_of_headers_and_query_only_what_is_allowed_is_kept() -> None:
    keeps = Keeps(headers=frozenset({"wm_svc"}), query=frozenset({"limit"}))
    headers = [
        (b"authorization", b"Bearer s3cret"),
        (b"api-key", b"s3cret"),
        (b"user-agent", b"u"),
        (b"wm_svc", b"w"),
    ]
    entry = entry_of(exchange(keeps=keeps, headers=headers, query=b"limit=5&auth=s3cret&x=%s3cret"))
    assert entry.headers == {"user-agent": "u", "wm_svc": "w"}
    assert entry.query == {"limit": "5", "auth": HIDDEN, "x": HIDDEN}


def test_a_key_where_none_belongs_is_hidden() -> None:
    key = "sk_live_" + "aB-_" * 10
    keeps = Keeps(query=frozenset({"limit"}))
    headers = [(b"user-agent", f"client {key}".encode()), (b"x-request-id", key.encode())]
    entry = entry_of(
        exchange(keeps=keeps, headers=headers, path=f"/orders/{key}/", query=f"limit={key}&{key}=1".encode())
    )
    assert entry.path == f"/orders/{HIDDEN}/"
    assert entry.query == {"limit": HIDDEN, HIDDEN: HIDDEN}
    assert entry.headers == {"user-agent": f"client {HIDDEN}", "x-request-id": HIDDEN}


def test_secret_parts_of_a_path_are_hidden() -> None:
    told = exchange(keeps=Keeps(path=frozenset({"token"})), path="/labels/s3cret/file")
    told.request.scope["path_params"] = {"token": "s3cret"}
    assert entry_of(told).path == f"/labels/{HIDDEN}/file"


@pytest.mark.parametrize("keeps", [None, Keeps()])
def test_without_a_declaration_only_the_size_is_kept(keeps: Keeps | None) -> None:
    entry = entry_of(exchange(keeps=keeps))
    assert entry.request is not None
    assert (entry.request.size, entry.request.text) == (7, None)


def test_an_account_may_be_kept_without_bodies() -> None:
    told = exchange(who=caller(log_bodies=False))
    told.request.mapped = lambda: Mapped("orders", 3, {"a": 1})
    entry = entry_of(told)
    assert entry.request is not None
    assert entry.reply is not None
    assert (entry.request.text, entry.reply.text, entry.mapped) == (None, None, None)


def test_what_a_mapping_made_of_the_body_is_kept_with_where_it_came_from() -> None:
    told = exchange(who=caller())
    moved = Moved(
        "/items/0/sku_code", None, "Details[].InventoryID", missing=True, meant="/Details/0/InventoryId"
    )
    told.request.mapped = lambda: Mapped("orders", 3, {"order_number": "1"}, (moved,), ("/extra",))
    mapped = msgspec.convert(entry_of(told).mapped, Mapped)
    assert (mapped.version, mapped.body, mapped.moved, mapped.dropped) == (
        3, {"order_number": "1"}, (moved,), ("/extra",),
    )  # fmt: skip


def test_the_outcome_of_a_message_is_that_of_its_first_call_that_failed() -> None:
    told = exchange()
    told.request.calls += [
        Call("A.a", None, "ok", 0),
        Call("A.b", None, "not-found", 0),
        Call("A.c", None, "x", 0),
    ]
    assert outcome_of(told) == "not-found"
    assert [each.outcome for each in entry_of(told).calls] == ["ok", "not-found", "x"]


@pytest.mark.parametrize("path", ["/\x00", "/é", "/\ud800", "/" + "x" * 5_000])
def test_odd_paths_can_be_written(path: str) -> None:
    entry = entry_of(exchange(path=path.encode("utf-8", "replace").decode().replace("\0", "\ufffd")))
    assert len(entry.path) <= 500


SECRET = "sk_live_a-secret-of-the-caller"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-api-key", SECRET.encode())],
        [(b"authorization", b"Bearer " + SECRET.encode())],
        [(b"authorization", b"Basic " + base64.b64encode(b"client:" + SECRET.encode()))],
        [(b"wm_sec.access_token", SECRET.encode())],
        [(b"cookie", b"a=b; session=" + SECRET.encode())],
    ],
)
def test_what_lets_the_caller_in_is_hidden_wherever_it_is_repeated(
    headers: list[tuple[bytes, bytes]],
) -> None:
    told = exchange(
        who=caller(),
        keeps=Keeps(request=(), reply=(), query=frozenset({"cursor"})),
        headers=[*headers, (b"user-agent", f"curl {SECRET}".encode())],
        path=f"/orders/{SECRET}",
        query=f"cursor={SECRET}&{SECRET}=1".encode(),
        body=json.dumps({"notes": f"my key is {SECRET}"}).encode(),
        reply=Reply(400, json.dumps({"message": f"Invalid cursor: '{SECRET}'"}).encode()),
    )
    moved = Moved(SECRET, SECRET, "a -> b")
    told.request.mapped = lambda: Mapped(
        "orders", 3, {"notes": SECRET, "n": Decimal("1.10")}, (moved,), (SECRET,)
    )
    kept = row_of(told, AT, ID).entry
    assert SECRET not in kept
    assert "my key is [hidden]" in kept
    assert '"n":1.10' in kept


def test_a_secret_of_the_reply_is_hidden_in_the_request_too() -> None:
    told = exchange(
        body=b'{"a":"the-new-token"}', reply=Reply(200, b'{"token":"the-new-token"}'), who=caller()
    )
    assert "the-new-token" not in row_of(told, AT, ID).entry


def test_a_secret_of_an_url_is_hidden_in_whatever_way_it_is_written() -> None:
    told = exchange(
        query=b"auth=a%2Flong%2Fsecret", body=b'{"link":"https://x?auth=a%2Flong%2Fsecret"}', who=caller()
    )
    kept = row_of(told, AT, ID).entry
    assert "long%2Fsecret" not in kept
    assert "https://x?auth=[hidden]" in kept
