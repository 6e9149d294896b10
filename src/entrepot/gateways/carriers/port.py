"""The port to a carrier: who is told what there is to carry, and who tells what became of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

import msgspec

from entrepot.domain.channels.accounts import Environment
from entrepot.domain.orders.records import Address

Kind: TypeAlias = Literal["order", "return"]
"""What is carried: an order out to its buyer, or a return back from there."""


class CarriedLine(msgspec.Struct, frozen=True, rename="camel"):
    """So many units of a SKU, as its merchant counts them, of the part `part` of the order."""

    line: int
    part: int
    sku: str
    name: str
    quantity: int | Decimal


class Destination(msgspec.Struct, frozen=True, rename="camel"):
    """Where a part of an order goes, or comes from."""

    part: int
    address: Address | None


class Consignment(msgspec.Struct, frozen=True, rename="camel"):
    """What there is to carry: all of an order that is still to be sent, or a return that is to be fetched.

    `key` names it: the same key again says how it now stands. `order` is the order's number, `number` the return's
    where it is one, `name` what the account calls it. `at` is when the order was placed, or the return opened.
    """

    key: str
    kind: Kind
    environment: Environment
    order: int
    number: int | None
    name: str
    at: datetime
    destinations: tuple[Destination, ...]
    lines: tuple[CarriedLine, ...]

    def __repr__(self) -> str:
        return f"Consignment(key={self.key!r})"


class Announced(msgspec.Struct, frozen=True):
    """The carrier knows of it."""


class Withdrawn(msgspec.Struct, frozen=True):
    """The carrier has nothing of this key to carry."""


class CarrierFailed(msgspec.Struct, frozen=True):
    """No answer that can be used, or a no. `reason` is for operators; it holds no address and nothing of the order."""

    reason: str


class CarrierEvent(msgspec.Struct, frozen=True):
    """Something that happened to an order or a return, as a carrier tells it. `id` is the carrier's name for it.

    `status` is `acknowledged`, `shipped`, `delivered`, `cancelled` or a word of the carrier's own of an order;
    `in_transit`, `at_center` or `received` of a return. Without `lines` it is of all that can go that way; these are
    numbers of lines, each with its units as their merchant counts them. `tracking` is the number of a parcel.
    """

    id: str
    kind: Kind
    number: int
    status: str
    at: datetime | None = None
    part: int | None = None
    carrier: str = ""
    service: str = ""
    tracking: str = ""
    tracking_url: str = ""
    note: str = ""
    lines: tuple[tuple[int, str], ...] = ()


class Carrier(Protocol):
    """Someone who carries goods: every failure is an answer, nothing is raised."""

    async def announce(self, consignment: Consignment, at: datetime) -> Announced | CarrierFailed:
        """Tell what there is to carry, or how it now stands. `at` is when it is told, in real time."""
        ...

    async def withdraw(self, key: str, at: datetime) -> Withdrawn | CarrierFailed:
        """Say that nothing of it is to be carried any more; it succeeds where nothing was announced."""
        ...
