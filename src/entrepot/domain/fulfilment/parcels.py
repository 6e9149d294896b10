"""An order on its way out: units leave in shipments and arrive, and what changes is gathered in one change set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from entrepot.domain.fulfilment.records import Shipment, ShipmentEvent, ShipmentLine
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import Order, OrderLine, event
from entrepot.domain.stock import holds
from entrepot.failures import Failure
from entrepot.failures.fulfilment import TooManyUnits, UnitsOwed


class Parcel(msgspec.Struct, frozen=True):
    """What is told of a shipment. `label` names it: the same label again is the same shipment."""

    name: str | None = None
    carrier: str = ""
    service: str = ""
    tracking: str = ""
    tracking_url: str = ""

    @property
    def label(self) -> str | None:
        """Its name, or else the carrier's number."""
        return self.name or self.tracking or None


class Happening(msgspec.Struct, frozen=True):
    """Something that a carrier tells of a shipment; `event_id` is its own name for it."""

    status: str
    at: datetime
    event_id: str | None = None
    note: str = ""


class Fulfilling:
    """One order while its units move; `at` is when they did, by default now."""

    def __init__(self, order: Order, view: View, now: datetime, at: datetime | None = None) -> None:
        self._at = at or now
        self.changes = Changes()
        self.touched: dict[int, None] = {}
        self._order = order
        self._view = view
        self._now = now
        self._lines = {line.no: line for line in view.children(OrderLine, order.id)}
        self._shipments = {each.no: each for each in view.children(Shipment, order.id)}
        self._contents = {each.key: each for each in view.children(ShipmentLine, order.id)}
        self._events = view.children(ShipmentEvent, order.id)

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """The lines as they are now."""
        return tuple(self._lines.values())

    @property
    def shipments(self) -> tuple[Shipment, ...]:
        """The shipments that were touched, as they are now."""
        return tuple(self._shipments[no] for no in self.touched)

    def labelled(self, label: str) -> list[Shipment]:
        """The shipments that go by this label: one per part of the order."""
        return [each for each in self._shipments.values() if each.name == label]

    def unsent(self, units: Iterable[Units], part: int | None) -> Mapping[int, int] | Failure:
        """These units by line, or without any all that are still to be sent (of a part)."""
        wanted = counts.added(units)
        if not wanted:
            return counts.added(self.left(part))
        for no, quantity in wanted.items():
            line = self._lines.get(no)
            possible = counts.unsent(line) if line and part in (None, line.part) else 0
            if not 1 <= quantity <= possible:
                return TooManyUnits(str(self._order.id), no, quantity, possible)
        return wanted

    def left(self, part: int | None) -> tuple[Units, ...]:
        """What is still to be sent, of a part or of all, as the lines now are."""
        open_lines = (line for line in self._lines.values() if part in (None, line.part))
        return tuple(Units(line.no, units) for line in open_lines if (units := counts.unsent(line)))

    def there(self, wanted: Mapping[int, int]) -> Mapping[int, int]:
        """What of these units is there to be sent."""
        return holds.there(self._order.id, wanted, self._view)

    def ship(self, wanted: Mapping[int, int], parcel: Parcel) -> Failure | None:
        """Send these units, which can all be sent: one shipment per part. What is owed stays, and is told."""
        owed = holds.ship(self._order.id, wanted, self._view, self.changes)
        if owed is not None:
            return UnitsOwed(str(self._order.id), owed.line, owed.requested, owed.there)
        parts: dict[int, int] = {}
        for no, quantity in wanted.items():
            part = self._lines[no].part
            if part not in parts:
                parts[part] = self._opened(part, parcel)
            self._lines[no] = counts.ship(self._lines[no], quantity)
            self._contain(ShipmentLine(self._order.id, parts[part], no, quantity))
            self.changes.put(self._lines[no])
        return None

    def under_way(self, shipment: int | None = None) -> dict[tuple[int, int], int]:
        """How many units of which shipment and line have not arrived; of one shipment, or of all in their order."""
        return {
            (each.shipment, each.line): each.quantity - each.delivered
            for each in self._contents.values()
            if each.quantity > each.delivered and shipment in (None, each.shipment)
        }

    def deliver(self, arrived: Mapping[tuple[int, int], int], at: datetime) -> None:
        """So many units of these shipments and lines have arrived."""
        for (shipment, no), quantity in arrived.items():
            content = self._contents[self._order.id, shipment, no]
            self._contain(msgspec.structs.replace(content, delivered=content.delivered + quantity))
            self._lines[no] = counts.deliver(self._lines[no], quantity)
            self.changes.put(self._lines[no])
        for shipment in {shipment for shipment, _ in arrived}:
            if not self.under_way(shipment):
                self._put(msgspec.structs.replace(self._shipments[shipment], delivered_at=at))

    def knows(self, shipment: int, event_id: str | None) -> bool:
        """Whether this event of the shipment was told before."""
        told = (each for each in self._events if each.shipment == shipment)
        return event_id is not None and any(each.event_id == event_id for each in told)

    def note(self, shipment: int, happened: Happening) -> None:
        """Keep what was told of a shipment."""
        known = self._shipments[shipment]
        seq = known.events + 1
        self._put(msgspec.structs.replace(known, events=seq))
        self.changes.put(
            ShipmentEvent(
                self._order.id, shipment, seq, happened.event_id, happened.at, happened.status, happened.note
            )
        )

    def finished(self, kind: str, **data: object) -> Order:
        """The order with its progress and what happened, written with all the rest."""
        order, happened = event(counts.counted(self._order, self.lines), kind, self._now, **data)
        self.changes.put(order, happened)
        return order

    def _opened(self, part: int, parcel: Parcel) -> int:
        no = max(self._shipments, default=0) + 1
        self._put(
            Shipment(
                order=self._order.id,
                no=no,
                part=part,
                name=parcel.label,
                carrier=parcel.carrier,
                service=parcel.service,
                tracking=parcel.tracking,
                tracking_url=parcel.tracking_url,
                shipped_at=self._at,
            )
        )
        return no

    def _put(self, shipment: Shipment) -> None:
        self._shipments[shipment.no] = shipment
        self.touched[shipment.no] = None
        self.changes.put(shipment)

    def _contain(self, content: ShipmentLine) -> None:
        self._contents[content.key] = content
        self.changes.put(content)
