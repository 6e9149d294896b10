"""Amending what stands at the head of an order: notes, who ordered, second names. Its lines stay as they are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.line_counts import sent, unsent
from entrepot.domain.orders.records import ALSO_KNOWN_AS, Order, OrderLine, event
from entrepot.failures.orders import DuplicateExternalOrder, OrderSettled, OrderUnknown

NameKey = tuple[int, str, str, str]


class SecondName(msgspec.Struct, frozen=True):
    """The name by which an order is known besides its number (None: by none); its data keeps it under `member`."""

    member: str
    value: str | None


class Amended(msgspec.Struct, frozen=True):
    """The order as it now stands, with its lines."""

    order: Order
    lines: tuple[OrderLine, ...]


class AmendOrder(Command, frozen=True, kw_only=True):
    """Change only what is given. The result is `Amended`.

    `data` are members of the order's data, each taking the place of what was there; `note` may be none. A second name
    that is given takes the place of the one before, which is then free. `called` is how the customer is called.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.CHANNEL, Stage.REFERENCE, Stage.ORDER, Stage.HELD})

    order: int
    asks: Asker
    channel: int
    """Whose order it is, which the names belong to."""
    data: Mapping[str, Any] = {}
    called: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET
    name: SecondName | None = None

    @property
    def weight(self) -> int:
        """The order, its event, and two names."""
        return 4

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, the name that is wanted, the order, and the name that it has."""
        match stage:
            case Stage.CHANNEL:
                return (self.asks.channel,)
            case Stage.REFERENCE:
                return self._wanted_keys()
            case Stage.ORDER:
                return (self.order,)
            case Stage.HELD:
                order = view.get(Order, self.order)
                held = None if order is None else self._held(order)
                return () if held is None else (held,)
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an order that is not there for who asks, a name that another has, and an order that is settled."""
        del ids
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        if taken := self._taken(order, view):
            return refused(taken)
        lines = view.children(OrderLine, order.id)
        if order.state != "placed" or is_settled(lines):
            state = order.state if order.state != "placed" else "shipped"
            return refused(OrderSettled(order.external_id or str(order.id), state))
        changes = Changes()
        after = self._after(order)
        if after == order:
            return Decided(Amended(order, tuple(lines)), changes)
        self._exchange(order, view, changes)
        after, happened = event(after, "amended", now)
        changes.put(after, happened)
        return Decided(Amended(after, tuple(lines)), changes)

    def _wanted_keys(self) -> list[NameKey]:
        """The name in both environments, of which the order's counts; it is not known before the order is."""
        if self.name is None or self.name.value is None:
            return []
        return [(self.channel, each, ALSO_KNOWN_AS, self.name.value) for each in ("live", "test")]

    def _held(self, order: Order) -> NameKey | None:
        value = None if self.name is None else order.data.get(self.name.member)
        return None if value is None else (order.channel, order.environment, ALSO_KNOWN_AS, value)

    def _wanted(self, order: Order) -> NameKey | None:
        value = None if self.name is None else self.name.value
        return None if value is None else (order.channel, order.environment, ALSO_KNOWN_AS, value)

    def _taken(self, order: Order, view: View) -> DuplicateExternalOrder | None:
        wanted = self._wanted(order)
        known = None if wanted is None else view.get(Reference, wanted)
        if wanted is None or known is None or known.target == order.id:
            return None
        return DuplicateExternalOrder(wanted[-1], ALSO_KNOWN_AS)

    def _after(self, order: Order) -> Order:
        data = {**order.data, **self.data}
        if self.name is not None:
            data[self.name.member] = self.name.value
        note = order.note if isinstance(self.note, msgspec.UnsetType) else self.note
        person = (
            order.person if isinstance(self.called, msgspec.UnsetType) else order.person.called(self.called)
        )
        return msgspec.structs.replace(order, data=data, note=note, person=person)

    def _exchange(self, order: Order, view: View, changes: Changes) -> None:
        """Give the name that the order has back, and take the one that it wants."""
        held, wanted = self._held(order), self._wanted(order)
        if self.name is None or held == wanted:
            return
        known = None if held is None else view.get(Reference, held)
        if known is not None and known.target == order.id:
            changes.remove(known)
        if wanted is not None:
            changes.put(Reference(*wanted, order.id))


def is_settled(lines: Iterable[OrderLine]) -> bool:
    """Whether nothing of an order is left to be sent, and something was."""
    each = list(lines)
    return not any(map(unsent, each)) and any(map(sent, each))
