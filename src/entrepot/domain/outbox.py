"""The outbox: what somebody outside is to be told or paid because of what happened here, kept until it is done."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any, Literal

from entrepot.domain.state import Record

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due at once: deliveries are timed by the real clock, which no rule knows."""


class Delivery(Record, frozen=True):
    """One message about one subject to one listener. Later ones of the same pair wait for it.

    `subject` is the id, unique in the workspace, of what the message is about: an order, a customer; what waits for
    nothing, such as a mail, takes an id of its own. `listener` names a handler and its object (`payout:<merchant>`).
    `due_at` is real time: when to try (next), the end of the lease while somebody tries, the end once delivered.
    The first try sets `give_up_at`; `error` says what the last one came to.
    """

    subject: int
    listener: str
    seq: int
    payload: dict[str, Any]
    created_at: datetime
    due_at: datetime = AT_ONCE
    tries: int = 0
    state: Literal["waiting", "delivered", "parked"] = "waiting"
    give_up_at: datetime | None = None
    error: str = ""

    @property
    def key(self) -> Hashable:
        """Subject, listener and number."""
        return (self.subject, self.listener, self.seq)
