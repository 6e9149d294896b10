"""The port to an order hub: a system that processes an account's orders, and without whose yes none of them counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol, TypeAlias

import msgspec

from entrepot.domain.orders.records import Address, Person


class HubLine(msgspec.Struct, frozen=True, rename="camel"):
    """Whole units of a SKU; `price` is that of one unit in major units, None where nobody told it."""

    ref: str
    sku: str
    quantity: int
    price: Decimal | None = None


class HubOrder(msgspec.Struct, frozen=True, rename="camel"):
    """An order as the hub is told of it. `key` is the attempt's: the same key again is the same order.

    `client` is the account's name at the hub, `order_id` the account's own name of the order.
    """

    key: str
    client: str
    environment: str
    order_id: str
    currency: str
    person: Person
    ship_to: Address | None
    lines: tuple[HubLine, ...]

    def __repr__(self) -> str:
        return f"HubOrder(key={self.key!r})"


class TakenOver(msgspec.Struct, frozen=True):
    """The hub has the order."""


class Withdrawn(msgspec.Struct, frozen=True):
    """The hub has no order of this key, and will take none."""


class HubRefused(msgspec.Struct, frozen=True):
    """The hub says no, and has nothing of the order. `reason` is for operators and holds none of it."""

    reason: str


class HubFailed(msgspec.Struct, frozen=True):
    """No answer that can be used. `reached` is false where the hub was certainly not asked.

    `reason` is for operators; it holds nothing of the order and no address.
    """

    reason: str
    reached: bool = True


HandOver: TypeAlias = TakenOver | HubRefused | HubFailed
Withdrawal: TypeAlias = Withdrawn | HubFailed


class OrderHub(Protocol):
    """Someone who takes orders over: every failure is an answer, nothing is raised."""

    async def hand_over(self, order: HubOrder) -> HandOver:
        """Hand an order over, once per key however often it is asked. A key that was withdrawn is refused."""
        ...

    async def withdraw(self, key: str) -> Withdrawal:
        """Take the order of this key back; it succeeds where there is none, and a hand-over that is late is refused."""
        ...
