"""What became of an order after the sale: its shipments and its returns, each with lines and history."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from entrepot.domain.kernel.records import Record


class Shipment(Record, frozen=True):
    """Units of one part of an order that left together; `no` counts within the order.

    `name` is what the caller calls it: the same name again is the same shipment. `tracking` is the carrier's number.
    `delivered_at` is when the last of its units arrived.
    """

    order: int
    no: int
    part: int
    name: str | None
    carrier: str
    service: str
    tracking: str
    tracking_url: str
    shipped_at: datetime
    delivered_at: datetime | None = None
    events: int = 0

    @property
    def key(self) -> Hashable:
        """Order and number."""
        return (self.order, self.no)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class ShipmentLine(Record, frozen=True):
    """So many units of an order line in a shipment, and how many of them arrived."""

    order: int
    shipment: int
    line: int
    quantity: int
    delivered: int = 0

    @property
    def key(self) -> Hashable:
        """Order, shipment and line."""
        return (self.order, self.shipment, self.line)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class ShipmentEvent(Record, frozen=True):
    """Something that happened to a shipment on its way; `event_id` is the carrier's own name for it, used once."""

    order: int
    shipment: int
    seq: int
    event_id: str | None
    at: datetime
    status: str
    note: str

    @property
    def key(self) -> Hashable:
        """Order, shipment and sequence number."""
        return (self.order, self.shipment, self.seq)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class ReturnLabel(msgspec.Struct, frozen=True, omit_defaults=True):
    """The label with which a return comes back: the carrier's number, and where its PDF is read.

    A `url` that begins with a slash is a path of this server.
    """

    carrier: str
    tracking: str
    url: str
    tracking_url: str = ""


class Return(Record, frozen=True):
    """Units of an order that come back together; `id` is the workspace's.

    `channel` opened it (None: the operator), `name` is what that channel calls it, `data` what only it knows.
    `label_key` is under which its label was asked for, where a label service is; `label` is there once it is made.
    """

    order: int
    id: int
    uuid: UUID
    channel: int | None
    name: str | None
    data: dict[str, Any]
    opened_at: datetime
    changed_at: datetime
    events: int = 0
    label_key: UUID | None = None
    label: ReturnLabel | None = None

    @property
    def key(self) -> Hashable:
        """Order and id."""
        return (self.order, self.id)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


RETURN_STAGES: Final = (
    "initiated",
    "in_transit",
    "at_center",
    "received",
    "cancelled",
    "restocked",
    "scrapped",
)
"""The counters of a return's line, in the order in which its units pass them."""


class ReturnLine(Record, frozen=True):
    """Units of one order line in a return; the counters `initiated` to `cancelled` add up to `quantity`.

    Of those received, some were put back into stock and some thrown away; the others wait to be looked at.
    """

    order: int
    return_id: int
    no: int
    line: int
    sku: str
    reason: str
    quantity: int
    initiated: int
    in_transit: int = 0
    at_center: int = 0
    received: int = 0
    cancelled: int = 0
    restocked: int = 0
    scrapped: int = 0

    @property
    def key(self) -> Hashable:
        """Order, return and number."""
        return (self.order, self.return_id, self.no)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order

    @property
    def under_way(self) -> int:
        """How many units are neither here nor cancelled."""
        return self.initiated + self.in_transit + self.at_center

    @property
    def comes_back(self) -> bool:
        """Whether any of its units came back, or will."""
        return bool(self.under_way or self.received)

    @property
    def uninspected(self) -> int:
        """How many units are here and wait to be looked at."""
        return self.received - self.restocked - self.scrapped


class ReturnEvent(Record, frozen=True):
    """Something that happened to a return; `event_id` is the carrier's own name for it, used once."""

    order: int
    return_id: int
    seq: int
    event_id: str | None
    at: datetime
    kind: str
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def key(self) -> Hashable:
        """Order, return and sequence number."""
        return (self.order, self.return_id, self.seq)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order
