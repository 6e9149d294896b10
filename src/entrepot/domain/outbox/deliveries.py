"""The outbox: what somebody outside is to be told or paid because of what happened here, kept until it is done."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.service import DeliveryNotParked, DeliveryNotRepeatable

EVENT = "event:"
"""How the listeners of events are named."""

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due at once: deliveries are timed by the real clock, which no rule knows."""


class Delivery(Record, frozen=True):
    """One message about one subject to one listener. Later ones of the same pair wait for it.

    `subject` is the id, unique in the workspace, of what the message is about: an order, a customer; what waits for
    nothing, such as a mail, takes an id of its own. `listener` names a handler and its object (`payout:<merchant>`).
    `due_at` is real time: when to try (next), the end of the lease while somebody tries, the end once delivered.
    The first try sets `give_up_at`; `error` says what the last one came to. Messages about a subject that share a
    `stream` go one after the other by `place`, whatever listener they are to; most are in none.
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
    stream: str = ""
    place: int = 0

    @property
    def key(self) -> tuple[int, str, int]:
        """Subject, listener and number."""
        return (self.subject, self.listener, self.seq)

    @property
    def name(self) -> str:
        """As an operator names it: subject, listener and number."""
        return f"{self.subject}/{self.listener}/{self.seq}"


class _OfDelivery(Command, frozen=True):
    """What is done about one message. The result is the `Delivery`."""

    subject: int
    listener: str
    seq: int

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The message."""
        del view
        return ((Delivery, self._key),) if stage is Stage.ROW else ()

    @property
    def _key(self) -> Hashable:
        return (self.subject, self.listener, self.seq)

    @property
    def _name(self) -> str:
        return f"{self.subject}/{self.listener}/{self.seq}"


class RetryDelivery(_OfDelivery, frozen=True):
    """Bring back a message that was given up: it is due at once, and has all its time again.

    Messages of the same pair that are waiting wait for it again.
    """

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse one that is not there, or was not given up."""
        del now, ids
        found = view.get(Delivery, self._key)
        if found is None or found.state != "parked":
            return refused(DeliveryNotParked(self._name))
        again = msgspec.structs.replace(found, state="waiting", due_at=AT_ONCE, tries=0, give_up_at=None)
        return Decided(again, Changes((again,)))


class ResendDelivery(_OfDelivery, frozen=True):
    """Tell an event once more that its listener has: under the same id, as one more try of the same message.

    Of other messages nothing is kept once they arrived, and money is not paid twice.
    """

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is not there, has not arrived, or is no event."""
        del now, ids
        found = view.get(Delivery, self._key)
        if (
            found is None
            or found.state != "delivered"
            or not found.payload
            or not self.listener.startswith(EVENT)
        ):
            return refused(DeliveryNotRepeatable(self._name))
        again = msgspec.structs.replace(found, state="waiting", due_at=AT_ONCE, give_up_at=None)
        return Decided(again, Changes((again,)))
