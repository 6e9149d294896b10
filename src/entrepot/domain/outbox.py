"""The outbox: what somebody outside is to be told or paid because of an order, kept until it is done."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any, Literal

from entrepot.domain.state import Record

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due at once: deliveries are timed by the real clock, which no rule knows."""


class Delivery(Record, frozen=True):
    """One message of an order to one listener. Later ones of the same pair wait for it.

    `listener` names a handler and its object (`payout:<merchant>`); `due_at` is real time.
    """

    order: int
    listener: str
    seq: int
    payload: dict[str, Any]
    created_at: datetime
    due_at: datetime = AT_ONCE
    tries: int = 0
    state: Literal["waiting", "delivered", "parked"] = "waiting"

    @property
    def key(self) -> Hashable:
        """Order, listener and number."""
        return (self.order, self.listener, self.seq)
