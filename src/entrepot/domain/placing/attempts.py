"""Attempts: an order on its way through somebody else's system, stored so that no crash can lose or double it.

An attempt holds the whole draft, the stock (as holds) and the outside names of its order. It is `open` while outside
calls are made; then it is `done`, and the order exists, or `refused`, and nothing of it remains but the attempt.
Every change is conditional on its being open, so of two that drive it only one decides.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import Reference, StockMode
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderLine, OrderPart
from entrepot.domain.placing.basket import PAYMENT_TOKEN, Basket, reference_keys


class Payout(msgspec.Struct, frozen=True):
    """A merchant's share of a charge, for its `part` of the order; `account` is None where it has no payout account."""

    merchant: str
    account: str | None
    amount: int
    part: int = 0


class Purchase(msgspec.Struct, frozen=True):
    """What an order that comes of a cart takes with it: the payments as they will stand, and the discounts used.

    Every certificate is a payment whose `method_id` is the certificate's id. `buyers` are all names of the buyer.
    """

    payment: Payment | None
    certificates: tuple[Payment, ...]
    discounts: tuple[int, ...]
    buyers: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """A whole order, ready to exist, with what it takes from outside and what merchants are due."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    basket: Basket
    payouts: tuple[Payout, ...] = ()
    purchase: Purchase | None = None

    def taking(self, stock: StockMode) -> Draft:
        """The draft for an account whose orders do this to stock: lines that are only recorded take none."""
        if stock != "record":
            return self
        lines = tuple(msgspec.structs.replace(line, tracked=False) for line in self.lines)
        return msgspec.structs.replace(self, lines=lines)

    @property
    def captured_later(self) -> bool:
        """Whether the charge is only reserved, to be taken once the order stands."""
        payment = self.purchase.payment if self.purchase else None
        return payment is not None and payment.state == "reserved"

    @property
    def due(self) -> int:
        """What is left to charge, in minor units, once gift certificates have paid their part."""
        return self.order.total - sum(p.amount for p in (self.purchase.certificates if self.purchase else ()))


class Attempt(Record, frozen=True):
    """One try to place or to pay an order. `lease_until` is real time: until then somebody drives it.

    `kind` says whether the order exists already (pay) or comes to exist by this attempt (place). `intent` is the
    provider's charge where the shopper's browser had it prepared before. `outcome` is what a refusal came to.
    `request` names what the caller sent, by a hash of it. `untold` is an order that came to exist after its caller was
    told of a failure, or of nothing: whoever sends that request again is to be given the order.
    """

    id: int
    uuid: UUID
    order: int
    kind: Literal["place", "pay"]
    channel: int
    environment: str
    state: Literal["open", "done", "refused"]
    version: int
    lease_until: datetime
    draft: Draft
    intent: str | None
    outcome: str
    started_at: datetime
    ended_at: datetime | None
    request: str | None = None
    untold: bool = False

    @property
    def key(self) -> Hashable:
        """The attempt's id."""
        return self.id


class Reserved(msgspec.Struct, frozen=True):
    """The attempt that now holds stock and names; whoever gets this drives it until its lease ends."""

    attempt: Attempt


def held_names(attempt: Attempt) -> list[Reference]:
    """The names that the attempt keeps from others while it is open; an order to be paid has its external id."""
    names = reference_keys(attempt.draft.basket)
    mine = (name for name in names if attempt.kind == "place" or name[2] == PAYMENT_TOKEN)
    return [Reference(*name, attempt.order, attempt.id) for name in mine]
