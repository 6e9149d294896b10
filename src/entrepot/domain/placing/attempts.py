"""Attempts: an order on its way through somebody else's system, stored so that no crash can lose or double it.

An attempt holds the whole draft, the stock (as holds) and the outside names of its order. It is `open` while outside
calls are made; then it is `done`, and the order exists, or `refused`, and nothing of it remains but the attempt.
Every change is conditional on its being open, so of two that drive it only one decides.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import Reference, StockMode
from entrepot.domain.kernel.commands import Ids
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderLine, OrderPart
from entrepot.domain.placing.basket import PAYMENT_TOKEN, NameKey, OutsideName

AttemptKind = Literal["place", "pay", "take"]


class Payout(msgspec.Struct, frozen=True):
    """A merchant's share of a charge, for its `part` of the order; `account` is None where it has no payout account."""

    merchant: str
    account: str | None
    amount: int
    part: int = 0


class Errands(msgspec.Struct, frozen=True):
    """Who is to be asked before an order that was sold elsewhere may exist: a label service, then an order hub.

    `service` is by which of the carrier's services the label is wanted; `inline`: its document is wanted at once.
    """

    label: bool = False
    hub: bool = False
    service: str = ""
    inline: bool = False

    @property
    def any(self) -> bool:
        """Whether anybody is asked."""
        return self.label or self.hub


NOTHING: Final = Errands()


class Draft(msgspec.Struct, frozen=True):
    """A whole order, ready to exist, with all that it takes; made of a basket, of a cart, or of a sale elsewhere.

    `payments` stand as they will once the order exists: the one that is made for it, where anything is left to pay,
    then gift certificates, whose `method_id` is the certificate. `payouts` is what merchants are due. `discounts` are
    the discounts whose codes it uses, `buyers` all names of who uses them. `cart` is the one that the order ends.
    `errands` are those of a sale elsewhere.
    """

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    payments: tuple[Payment, ...] = ()
    names: tuple[OutsideName, ...] = ()
    payouts: tuple[Payout, ...] = ()
    discounts: tuple[int, ...] = ()
    buyers: tuple[str, ...] = ()
    cart: int | None = None
    errands: Errands | None = None

    def taking(self, stock: StockMode) -> Draft:
        """The draft for an account whose orders do this to stock: lines that are only recorded take none."""
        if stock != "record":
            return self
        lines = tuple(msgspec.structs.replace(line, tracked=False) for line in self.lines)
        return msgspec.structs.replace(self, lines=lines)

    @property
    def name_keys(self) -> list[NameKey]:
        """The outside names that the order takes for itself."""
        return [(self.order.channel, self.order.environment, name.kind, name.value) for name in self.names]

    @property
    def certificates(self) -> tuple[Payment, ...]:
        """What gift certificates pay."""
        return tuple([payment for payment in self.payments if payment.kind == "certificate"])

    @property
    def payment(self) -> Payment | None:
        """The payment that is made for this order; None where nothing is left to pay."""
        for payment in self.payments:
            if payment.kind != "certificate":
                return payment
        return None

    @property
    def vouched(self) -> bool:
        """Whether the account collects the money itself, and only says so."""
        paid = self.payment
        return paid is not None and paid.kind == "external"

    @property
    def captured_later(self) -> bool:
        """Whether the charge is only reserved, to be taken once the order stands."""
        paid = self.payment
        return paid is not None and paid.state == "reserved"

    @property
    def stood_before(self) -> bool:
        """Whether anything stands under its number already: of an order that was recorded, or of the cart it ends."""
        return self.cart is not None or self.order.version > 1

    @property
    def due(self) -> int:
        """What is left to charge, in minor units, once gift certificates have paid their part."""
        return self.order.total - sum(payment.amount for payment in self.certificates)


class Attempt(Record, frozen=True):
    """One try to place, to pay or to take an order. `lease_until` is real time: until then somebody drives it.

    `kind` says whether the order exists already (pay) or comes to exist by this attempt: paid by somebody (place), or
    sold elsewhere, with errands to run before it may exist (take). `intent` is the
    provider's charge where the shopper's browser had it prepared before. `outcome` is what a refusal came to.
    `request` names what the caller sent, by a hash of it. `untold` is an order that came to exist after its caller was
    told of a failure, or of nothing: whoever sends that request again is to be given the order.
    """

    id: int
    uuid: UUID
    order: int
    kind: AttemptKind
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


def begun(
    draft: Draft,
    kind: AttemptKind,
    lease_until: datetime,
    now: datetime,
    ids: Ids,
    *,
    intent: str | None = None,
    request: str | None = None,
) -> Attempt:
    """An attempt that begins now; takes an id."""
    return Attempt(
        id=ids.next(),
        uuid=ids.uuid(),
        order=draft.order.id,
        kind=kind,
        channel=draft.order.channel,
        environment=draft.order.environment,
        state="open",
        version=1,
        lease_until=lease_until,
        draft=draft,
        intent=intent,
        outcome="",
        started_at=now,
        ended_at=None,
        request=request,
    )


def held_names(attempt: Attempt) -> list[Reference]:
    """The names that the attempt keeps from others while it is open; an order to be paid has its external id."""
    mine = (key for key in attempt.draft.name_keys if attempt.kind != "pay" or key[2] == PAYMENT_TOKEN)
    return [Reference(*key, attempt.order, attempt.id) for key in mine]
