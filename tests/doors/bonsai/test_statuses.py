"""How far an order is, in the API's words: from its state, its lines' counters and its merchants' order ids."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.orders.records import Order, OrderLine, OrderPart, Person
from entrepot.doors.bonsai.openapi.replies import FULFILLMENT_STATUSES, PAYMENT_STATUSES
from entrepot.doors.bonsai.replies.statuses import order_status, payment_status, row_statuses
from tests.doors.bonsai.shop import NOW

_ORDER = Order(
    1, UUID(int=1), 1, "live", "placed", "", "paid", "USD", Person("a@example.com"), None, 0, 0, 0, 0, 0, 0, None,
    "stripe", None, None, NOW, NOW, 1, 1, {},
)  # fmt: skip


def order(**fields: Any) -> Order:
    return msgspec.structs.replace(_ORDER, **fields)


def line(no: int = 1, *, part: int = 1, refunded: int = 0, **counters: int) -> OrderLine:
    quantity = sum(counters.values())
    blank = OrderLine(
        1,
        no,
        no,
        part,
        UUID(int=no),
        no,
        no,
        "",
        "",
        100,
        quantity,
        0,
        0,
        True,
        True,
        new=0,
        refunded=refunded,
    )
    return msgspec.structs.replace(blank, **counters)


def parts(*merchant_order_ids: str | None) -> list[OrderPart]:
    return [OrderPart(1, no, None, "", name, 0, 0, "") for no, name in enumerate(merchant_order_ids, 1)]


@pytest.mark.parametrize(
    ("lines", "merchants", "whole", "rows"),
    [
        ([line(new=2)], [None], "payment successful", ["payment successful"]),
        ([line(acknowledged=2)], [None], "payment successful", ["payment successful"]),
        ([line(new=2)], ["M"], "sent to merchant", ["sent to merchant"]),
        (
            [line(new=2), line(2, part=2, new=1)],
            ["M", None],
            "payment successful",
            ["sent to merchant", "payment successful"],
        ),
        ([line(new=1, shipped=1)], ["M"], "Partially Fulfilled", ["Partially Fulfilled"]),
        (
            [line(shipped=2), line(2, part=2, new=1)],
            ["M", None],
            "Partially Fulfilled",
            ["fulfilled", "payment successful"],
        ),
        ([line(shipped=1, delivered=1)], ["M"], "fulfilled", ["fulfilled"]),
        ([line(delivered=1, return_initiated=1, returned=1)], ["M"], "fulfilled", ["fulfilled"]),
        ([line(shipped=1, cancelled=1)], ["M"], "fulfilled", ["fulfilled"]),
        ([line(new=1, cancelled=1)], ["M"], "sent to merchant", ["sent to merchant"]),
        ([line(shipped=1), line(2, cancelled=2)], ["M"], "fulfilled", ["fulfilled", "cancelled"]),
        ([line(cancelled=2)], ["M"], "cancelled", ["cancelled"]),
    ],
)
def test_placed_orders(
    lines: list[OrderLine], merchants: list[str | None], whole: str, rows: list[str]
) -> None:
    assert order_status(order(), parts(*merchants), lines) == whole
    assert row_statuses(order(), parts(*merchants), lines) == rows


@pytest.mark.parametrize(
    ("state", "reason", "word"),
    [
        ("pending", "", "pending"),
        ("cancelled", "", "cancelled"),
        ("cancelled", "shopper", "cancelled"),
        ("cancelled", "payment", "cancelled (payment)"),
        ("failed", "payment", "failed (payment)"),
        ("failed", "payment validation", "failed (payment validation)"),
        ("failed", "merchant", "failed (merchant)"),
        ("failed", "", "failed (unknown)"),
        ("failed", "anything", "failed (unknown)"),
    ],
)
def test_states_that_hold_for_all_rows(state: Any, reason: str, word: str) -> None:
    stopped, lines = order(state=state, reason=reason), [line(new=1), line(2, shipped=1)]
    assert order_status(stopped, parts(None), lines) == word
    assert row_statuses(stopped, parts(None), lines) == [word, word]


def test_rows_that_failed_for_stock_and_those_stopped_with_them() -> None:
    failed = order(state="failed", reason="inventory")
    lines = [line(cancelled=1), line(2, new=1)]
    assert order_status(failed, parts(None), lines) == "failed (inventory)"
    assert row_statuses(failed, parts(None), lines) == ["failed (inventory)", "failed (inventory - related)"]
    assert row_statuses(failed, parts(None), [line(new=1)]) == ["failed (inventory)"]


@pytest.mark.parametrize(
    ("payment_state", "refunded", "word"),
    [
        ("unpaid", 0, "unpaid"),
        ("pending", 0, "unpaid"),
        ("reserved", 0, "unpaid"),
        ("cancelled", 0, "unpaid"),
        ("paid", 0, "paid"),
        ("partially_refunded", 0, "paid"),
        ("partially_refunded", 1, "partially refunded"),
        ("partially_refunded", 2, "refunded"),
        ("refunded", 0, "refunded"),
        ("refunded", 1, "refunded"),
    ],
)
def test_payment_of_a_row(payment_state: Any, refunded: int, word: str) -> None:
    assert payment_status(order(payment_state=payment_state), line(new=2, refunded=refunded)) == word


@given(
    st.sampled_from(["pending", "placed", "cancelled", "failed"]),
    st.sampled_from(["", "payment", "payment validation", "merchant", "inventory"]),
    st.lists(
        st.fixed_dictionaries(
            {name: st.integers(0, 2) for name in ("new", "shipped", "delivered", "cancelled")}
        ).filter(lambda counters: sum(counters.values()) > 0),
        min_size=1,
        max_size=4,
    ),
)
def test_every_order_has_documented_words(state: Any, reason: str, counters: list[dict[str, int]]) -> None:
    lines = [line(no, **each) for no, each in enumerate(counters, 1)]
    words = row_statuses(order(state=state, reason=reason), parts("M"), lines)
    assert {order_status(order(state=state, reason=reason), parts("M"), lines), *words} <= set(
        FULFILLMENT_STATUSES
    )
    assert {payment_status(order(), each) for each in lines} <= set(PAYMENT_STATUSES)
