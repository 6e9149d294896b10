"""What the sandbox's requests may say, and what is said of those that may not."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.domain.placing.place import PlaceOrder
from entrepot.engine import Clock
from entrepot.sandbox.clock import duration, set_clock
from entrepot.sandbox.requests import BadRequestError, read_fault
from entrepot.sandbox.targets import rule_target

RIGHT = {"target": rule_target(PlaceOrder), "kind": "error"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, '/: "target" is a required property; /: "kind" is a required property'),
        ({**RIGHT, "cuont": 1}, "'cuont' was unexpected"),
        ({**RIGHT, "count": 0}, "/count: the value is less than the minimum of 1"),
        ({**RIGHT, "count": 1.5}, "/count: the value is not of type"),
        ({**RIGHT, "lasts": None}, "/lasts: the value is not of type"),
        ({**RIGHT, "kind": "explode"}, "/kind: the value is not one of"),
        ({**RIGHT, "target": "rule:NoSuchCommand"}, "/target: there is no rule:NoSuchCommand"),
        ({**RIGHT, "kind": "slow"}, "/kind: rule:PlaceOrder can have error"),
        ({**RIGHT, "at": "commit"}, "/at: only connection:engine"),
        ({**RIGHT, "delay": 1}, "/delay: only slow and timeout wait"),
        ({"target": "cards.confirm", "kind": "slow"}, "/delay: slow needs it"),
        ({**RIGHT, "channel": "demo"}, "/channel: its workspace is needed too"),
        (
            {"target": "cards.confirm", "kind": "drop", "workspace": "north", "channel": "demo"},
            "/channel: conn",
        ),
        ({"target": "connection:reads", "kind": "refuse", "workspace": "north"}, "/workspace: reads share"),
        ([RIGHT], "the value is not of type"),
    ],
)
def test_what_is_wrong_with_a_fault_is_named(body: object, error: str) -> None:
    with pytest.raises(BadRequestError) as raised:
        read_fault(json.dumps(body).encode())
    assert error in str(raised.value)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"target":"\\u0000"}', b"[" * 5000, b"1e999", b"NaN"])
def test_a_broken_body_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_fault(body)
    with pytest.raises(BadRequestError):
        set_clock(Clock(), body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"offset": "+3d", "now": "2030-01-01T00:00:00Z"},
        {"offset": "3 days"},
        {"offset": ""},
        {"offset": "+"},
        {"offset": "P1M"},
        {"offset": "+999999w"},
        {"now": "2030-01-01T00:00:00"},
        {"now": "0001-01-01T00:00:00+14:00"},
        {"now": "9999-12-31T00:00:00Z"},
        {"offset": 3},
        {"today": "+3d"},
        {"advance": "+1h", "offset": "+3d"},
        {"advance": "soon"},
        {"advance": "+40000d"},
        {"advance": "P999999999D"},
        {"frozen": "yes"},
    ],
)
def test_a_wrong_time_leaves_the_clock_as_it_is(body: object) -> None:
    clock = Clock()
    with pytest.raises(BadRequestError, match=r"^/"):
        set_clock(clock, json.dumps(body).encode())
    assert clock.offset == timedelta()


def test_a_frozen_clock_stands_until_it_is_moved_or_let_go() -> None:
    clock = Clock()
    set_clock(clock, b'{"now": "2030-12-24T18:00:00Z", "frozen": true}')
    stands = datetime(2030, 12, 24, 18, tzinfo=UTC)
    assert (clock.now(), clock.now(), clock.frozen) == (stands, stands, True)
    set_clock(clock, b'{"advance": "+1h"}')
    assert clock.now() == stands + timedelta(hours=1)
    set_clock(clock, b'{"now": "2031-01-01T00:00:00Z"}')
    assert clock.now() == datetime(2031, 1, 1, tzinfo=UTC)
    set_clock(clock, b'{"frozen": false}')
    assert not clock.frozen
    assert clock.now() >= datetime(2031, 1, 1, tzinfo=UTC)


def test_a_running_clock_is_put_forward_from_where_it_is() -> None:
    clock = Clock()
    for _ in range(2):
        set_clock(clock, b'{"advance": "+1d"}')
    assert clock.offset == timedelta(days=2)
    set_clock(clock, b'{"offset": "0s"}')
    assert clock.offset == timedelta()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+3d", timedelta(days=3)),
        ("2w", timedelta(weeks=2)),
        ("-1h30m", -timedelta(minutes=90)),
        ("P3DT12H", timedelta(days=3.5)),
        ("-PT5M", -timedelta(minutes=5)),
        ("0s", timedelta()),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "+", "3", "d3", "P", "1y", "1d2d", "٣d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadRequestError):
        duration(text)
