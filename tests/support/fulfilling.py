"""Orders in memory on which commands are tried, one after the other, as a batch would decide them."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import TypeVar

from entrepot.domain.kernel.commands import Command, Decided, Refused
from entrepot.domain.kernel.records import Changes, R, Record, View
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.failures import Failure
from tests.support.deciding import FixedIds, view_of
from tests.support.shop import AT

T = TypeVar("T")


class Book:
    """A view on which accepted commands leave their changes."""

    def __init__(self, *records: Record) -> None:
        self.view: View = view_of(*records)
        self.changes = Changes()
        self._ids = FixedIds()

    def done(self, kind: type[T], command: Command, now: datetime = AT) -> T:
        """The result of a command that is accepted."""
        decision = command.decide(self.view, now, self._ids)
        assert isinstance(decision, Decided), decision
        assert isinstance(decision.result, kind)
        self.changes = decision.changes
        self.view.apply(decision.changes)
        return decision.result

    def refused(self, command: Command) -> Failure:
        """The first failure of a command that is refused."""
        decision = command.decide(self.view, AT, self._ids)
        assert isinstance(decision, Refused), decision
        return decision.failures[0]

    def counts(self, order: int) -> list[dict[str, int]]:
        """Where the units of each line stand, zeros left out."""
        stages = ("new", "acknowledged", "shipped", "delivered", "cancelled", "return_initiated", "returned")
        lines = sorted(self.view.children(OrderLine, order), key=lambda line: line.no)
        return [{name: n for name in stages if (n := getattr(line, name))} for line in lines]

    def progress(self, order: int) -> str:
        """How far the order is."""
        return self.row(Order, order).progress

    def row(self, kind: type[R], key: Hashable) -> R:
        """A record that is there."""
        found = self.view.get(kind, key)
        assert found is not None
        return found
