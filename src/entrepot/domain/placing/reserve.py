"""The two batches of an attempt: reserving before outside calls are made, and completing or releasing after them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from entrepot.domain.kernel.commands import Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.records import Order
from entrepot.domain.placing.attempts import Attempt, Draft, Reserved, begun, held_names
from entrepot.domain.placing.draft import OrderCommand
from entrepot.domain.placing.place import payable, reserve


class ReserveOrder(OrderCommand, frozen=True, kw_only=True):
    """Batch 1: the checks on locked rows, the holds, and the attempt with the whole draft."""

    lease_until: datetime
    intent: str | None = None
    request: str | None = None

    @property
    def ids(self) -> int:
        """The order's, its payment's, the attempt's, and one per line."""
        return 3 + len(self.basket.lines)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails, or reserve."""
        drafted = payable(self, view, now, ids)
        if not isinstance(drafted, Draft):
            return drafted
        attempt = self._attempt(drafted, now, ids)
        changes = Changes((attempt, *held_names(attempt)))
        reserve(drafted, view, now, changes)
        if self.existing and (order := view.get(Order, self.existing.order)):
            # While money is on its way the order can neither be cancelled nor expire, and who pays it again waits.
            changes.put(msgspec.structs.replace(order, payment_state="pending"))
        return Decided(Reserved(attempt), changes)

    def _attempt(self, drafted: Draft, now: datetime, ids: Ids) -> Attempt:
        kind = "pay" if self.existing else "place"
        return begun(drafted, kind, self.lease_until, now, ids, intent=self.intent, request=self.request)
