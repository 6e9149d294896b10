"""Orders: an order with its parts (one per merchant), lines, payments, refunds and events."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import Environment
from entrepot.domain.kernel.records import Record

EXTERNAL_ID = "external-order"
"""The kind of the names that accounts give their orders; one that has ended gives its name back."""
SOLD_AS = "order-number"
"""The kind of the numbers under which orders were sold elsewhere: who sold an order knows it by that for ever."""
ALSO_KNOWN_AS = "order-alias"
"""The kind of second names, which may be exchanged; otherwise they are as the numbers."""

OrderState = Literal["pending", "placed", "cancelled", "failed"]
PaymentState = Literal["unpaid", "pending", "reserved", "paid", "partially_refunded", "refunded", "cancelled"]
Progress = Literal[
    "new",
    "cancelled",
    "partially_cancelled",
    "acknowledged",
    "partially_acknowledged",
    "shipped",
    "partially_shipped",
    "delivered",
    "partially_delivered",
    "return_initiated",
    "partially_return_initiated",
    "returned",
    "partially_returned",
]
"""The furthest stage that any unit of an order reached; `partially_` where other units stand elsewhere."""


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who ordered."""

    email: str
    first_name: str = ""
    last_name: str = ""

    @property
    def full_name(self) -> str:
        """First and last name, as far as they are known."""
        return " ".join(name for name in (self.first_name, self.last_name) if name)

    def called(self, name: str) -> Person:
        """The same person by this name; who goes by it already is left as it is."""
        return self if name == self.full_name else Person(self.email, name)


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an order goes. `country` is ISO 3166-1 alpha-2, `province` a region code of that country."""

    first_name: str
    last_name: str
    address1: str
    city: str
    country: str
    zip: str
    address2: str | None = None
    province: str | None = None
    name: str | None = None
    phone: str | None = None


class Order(Record, frozen=True):
    """One order of one account; all amounts in minor units of `currency`.

    `reason` says why a failed or cancelled order is: payment, payment validation, merchant, inventory …
    `fee` is what the way of paying costs; `rounding` is what makes `total` payable in the currency's coins.
    `data` is the placing door's alone, but for `label`, the return label of an order that needed one. One that was
    deleted (`deleted_at`) is there for no account.
    """

    id: int
    uuid: UUID
    channel: int
    environment: Environment
    state: OrderState
    reason: str
    payment_state: PaymentState
    currency: str
    person: Person
    ship_to: Address | None
    goods: int
    goods_tax: int
    shipping: int
    shipping_tax: int
    duties: int
    total: int
    external_id: str | None
    payment_method: str
    payment_description: str | None
    note: str | None
    placed_at: datetime
    changed_at: datetime
    version: int
    events: int
    data: dict[str, Any]
    customer: int | None = None
    fee: int = 0
    fee_tax: int = 0
    rounding: int = 0
    progress: Progress = "new"
    deleted_at: datetime | None = None

    @property
    def key(self) -> Hashable:
        """The order number."""
        return self.id


class PartPayout(msgspec.Struct, frozen=True):
    """What a merchant is handed on of the charge for its part, in minor units of the order's currency.

    `merchant` is its name in the catalogue, `account` its account at the card provider, and `key` names the transfer
    there. `returned` is how much of it the provider was asked to take back, in so many `returns`.
    """

    merchant: str
    account: str
    amount: int
    key: str
    returned: int = 0
    returns: int = 0


class OrderPart(Record, frozen=True):
    """What one merchant sends of an order, or what goes to one destination, with its shipping line.

    `merchant_order_id` is there once the merchant has it; `payout` where the merchant is paid out of the order's
    charge, and `ship_to` where the part goes elsewhere than the order.
    """

    order: int
    no: int
    merchant: int | None
    merchant_name: str
    merchant_order_id: str | None
    shipping: int
    shipping_tax: int
    shipping_label: str
    payout: PartPayout | None = None
    ship_to: Address | None = None

    @property
    def key(self) -> Hashable:
        """Order and number."""
        return (self.order, self.no)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class OrderLine(Record, frozen=True):
    """A quantity of one variant; the counters `new` to `returned` always add up to `quantity`.

    Quantities are in smallest units of `scale` decimals, `price` is that of a whole unit without tax. `amount` is
    what the whole line costs without tax where that is not price times quantity: discounts, fractions, VAT taken out.
    What was sold elsewhere may be nothing that the catalogue knows: then there is no product and no variant. `tracked`
    says that the line takes stock, and gives it back.
    """

    order: int
    no: int
    id: int
    part: int
    product: UUID | None
    product_id: int | None
    variant: int | None
    sku: str
    name: str
    price: int
    quantity: int
    tax: int
    duties: int
    requires_shipping: bool
    tracked: bool
    new: int
    acknowledged: int = 0
    shipped: int = 0
    delivered: int = 0
    cancelled: int = 0
    return_initiated: int = 0
    returned: int = 0
    refunded: int = 0
    scale: int = 0
    amount: int | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def key(self) -> Hashable:
        """Order and line number."""
        return (self.order, self.no)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order

    @property
    def goods(self) -> int:
        """What the line costs without tax."""
        return self.price * self.quantity if self.amount is None else self.amount


class OrderEvent(Record, frozen=True):
    """One change of an order, numbered without gaps within it."""

    order: int
    seq: int
    at: datetime
    kind: str
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """Order and sequence number."""
        return (self.order, self.seq)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class InvoiceLine(Record, frozen=True):
    """What an account owes for an order whose money it collected itself; it stays when the order is deleted."""

    order: int
    channel: int
    currency: str
    amount: int
    reported: int
    at: datetime
    order_gone: bool = False

    @property
    def key(self) -> Hashable:
        """The order."""
        return self.order


def event(order: Order, kind: str, now: datetime, **data: object) -> tuple[Order, OrderEvent]:
    """The order with one more event, and that event."""
    seq = order.events + 1
    changed = msgspec.structs.replace(order, events=seq, version=order.version + 1, changed_at=now)
    return changed, OrderEvent(order.id, seq, now, kind, data)
