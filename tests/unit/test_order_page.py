"""What happened to an order is told in words, and a number is money only where it is money."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.cli.operate.history import history
from entrepot.domain.orders.records import OrderEvent
from entrepot.domain.orders.whole_units import Scales

KINDS = (
    "placed",
    "recorded",
    "edited",
    "acknowledged",
    "sent",
    "tracked",
    "delivered",
    "cancelled",
    "expired",
    "refunded",
    "payment-set",
    "payment-captured",
    "payment-cancelled",
    "return-opened",
    "return-in_transit",
    "return-at_center",
    "return-received",
    "return-inspected",
    "return-cancelled",
)


def told(kind: str, **data: Any) -> list[str]:
    event = OrderEvent(order=7, seq=1, at=datetime(2026, 3, 1, tzinfo=UTC), kind=kind, data=data)
    return [
        str(next(iter(column.cells))) for column in history((event,), "SEK", lambda _: Scales({})).columns
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_has_words(kind: str) -> None:
    words = told(kind)[2]
    assert words[0].isupper()
    assert " " in words


def test_a_refund_and_its_payment_are_named_by_their_ids_and_only_its_amount_is_money() -> None:
    shown = told("refunded", refund=1_000_044, payment=12, amount=24_900, reason="broken")[3]
    assert shown == "refund 1000044; payment 12; amount 249.00 SEK; reason broken"


def test_that_nothing_is_left_of_an_order_is_said_in_words() -> None:
    shown = told("cancelled", reason="r", lines=[{"no": 1, "quantity": 2}], value=500, ended=True)[3]
    assert shown.endswith("value 5.00 SEK; nothing is left of the order")
    assert "True" not in shown
