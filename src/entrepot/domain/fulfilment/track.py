"""What carriers tell of shipments: each event is kept once, and `delivered` moves the units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from entrepot.domain.fulfilment.parcels import Fulfilling, Happening, Parcel
from entrepot.domain.fulfilment.records import Shipment
from entrepot.domain.fulfilment.ship import FulfilmentCommand
from entrepot.domain.kernel.commands import Decided, Decision, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.failures import Failure
from entrepot.failures.fulfilment import ShipmentUnknown, TooManyUnits

DELIVERED: Final = "delivered"

Arrived = Mapping[tuple[int, int], int]
"""Units by shipment and line."""


class Tracked(msgspec.Struct, frozen=True):
    """The order, the shipments that the event is of, and the units that arrived by it."""

    order: Order
    shipments: tuple[Shipment, ...]
    lines: tuple[Units, ...]


class TrackShipment(FulfilmentCommand, frozen=True, kw_only=True):
    """Something happened to a shipment: the one of the parcel's label, or without a label to all that are under way.

    `status` is a word of the carrier's; `delivered` moves the shipment's units. A shipment that nobody announced is
    sent first: with these `lines`, or with all that can be sent (of one `part`). Without a label `lines` say how many
    units arrived, those of the oldest shipments first. The result is `Tracked`. An event that was told before, or too
    late to tell anything, moves no unit.
    """

    status: str
    event_id: str | None = None
    note: str = ""
    part: int | None = None
    parcel: Parcel = Parcel()

    def act(self, order: Order, view: View, now: datetime) -> Decision:
        """Refuses a shipment of which there is nothing, more units than there are, and units that are not there."""
        work = Fulfilling(order, view, now, self.at)
        happened = Happening(self.status, self.at or now, self.event_id, self.note)
        found = self._of_label(work, order) if self.parcel.label else self._of_lines(work, order)
        if isinstance(found, Failure):
            return refused(found)
        targets, arriving = found
        targets = [no for no in targets if not work.knows(no, self.event_id)]
        arriving = {key: units for key, units in arriving.items() if key[0] in targets}
        repeated = self.event_id is None and self.status == DELIVERED and not arriving
        if not targets or repeated:
            known = tuple(work.labelled(self.parcel.label)) if self.parcel.label else ()
            return Decided(Tracked(order, known, ()), Changes())
        if self.status == DELIVERED:
            work.deliver(arriving, happened.at)
        for no in targets:
            work.note(no, happened)
        arrived = counts.listed(_by_line(arriving)) if self.status == DELIVERED else ()
        kind = DELIVERED if arrived else "tracked"
        order = work.finished(kind, shipments=targets, status=self.status, lines=arrived)
        return Decided(Tracked(order, work.shipments, arrived), work.changes)

    def _of_label(self, work: Fulfilling, order: Order) -> tuple[list[int], Arrived] | Failure:
        """The shipments of the parcel's label, sent now if nobody told of them before."""
        label = self.parcel.label or ""
        if not work.labelled(label):
            wanted = work.unsent(self.lines, self.part)
            if isinstance(wanted, Failure):
                return wanted
            if not wanted:
                return ShipmentUnknown(str(order.id), label)
            if failure := work.ship(wanted if self.lines else work.there(wanted) or wanted, self.parcel):
                return failure
        targets = [each.no for each in work.labelled(label)]
        under_way = work.under_way()
        return targets, {key: units for key, units in under_way.items() if key[0] in targets}

    def _of_lines(self, work: Fulfilling, order: Order) -> tuple[list[int], Arrived] | Failure:
        """What of the named lines (or of all) is under way, after what was not sent is sent."""
        known = {line.no: line for line in work.lines if self.part in (None, line.part)}
        found = self._missing(known, order) if self.lines else _sendable(work, known, self.part)
        if isinstance(found, Failure):
            return found
        if found and (failure := work.ship(found, self.parcel)):
            return failure
        wanted = counts.added(self.lines) or {
            line.no: line.shipped for line in work.lines if line.no in known
        }
        arriving = _taken(work.under_way(), wanted)
        return list(dict.fromkeys(shipment for shipment, _ in arriving)), arriving

    def _missing(self, known: Mapping[int, OrderLine], order: Order) -> dict[int, int] | Failure:
        """How many units of the named lines must be sent before so many can arrive."""
        missing: dict[int, int] = {}
        for no, quantity in counts.added(self.lines).items():
            line = known.get(no)
            possible = line.shipped + counts.unsent(line) if line else 0
            if line is None or not 1 <= quantity <= possible:
                return TooManyUnits(str(order.id), no, quantity, possible)
            if quantity > line.shipped:
                missing[no] = quantity - line.shipped
        return missing


def _sendable(work: Fulfilling, known: Mapping[int, OrderLine], part: int | None) -> Mapping[int, int]:
    """What can be sent; where nothing can, and nothing is under way, all that cannot, so that it is told."""
    left = counts.added(work.left(part))
    there = work.there(left)
    return there if there or any(line.shipped for line in known.values()) else left


def _taken(under_way: Arrived, wanted: Mapping[int, int]) -> Arrived:
    """So many units of each line, out of those that are under way, the oldest shipments first."""
    left = dict(wanted)
    taken: dict[tuple[int, int], int] = {}
    for (shipment, no), units in sorted(under_way.items()):
        if part := min(units, left.get(no, 0)):
            taken[shipment, no] = part
            left[no] -= part
    return taken


def _by_line(arrived: Arrived) -> dict[int, int]:
    return counts.added(Units(no, units) for (_, no), units in arrived.items())
