"""Placing an order in one step, and settling any order: what makes a draft an order that exists and is paid."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference
from entrepot.domain.kernel.commands import Decided, Decision, Ids, Refused, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import InvoiceLine, Order, OrderEvent, OrderLine, OrderPart
from entrepot.domain.placing.attempts import Draft
from entrepot.domain.placing.basket import EXTERNAL, Basket, reference_keys, token_used
from entrepot.domain.placing.draft import OrderCommand, draft, holding_attempt, under_way
from entrepot.domain.stock.holds import Promise, hold
from entrepot.domain.stock.levels import Hold, Level
from entrepot.failures import Failure
from entrepot.failures.orders import QuoteStale
from entrepot.failures.payments import ExternalPaymentRefused, PaymentDeclined

TOKEN_REUSED = "The payment token has already been used."  # noqa: S105  (a sentence)


class Placed(msgspec.Struct, frozen=True):
    """An order that exists, with its parts, lines and payment (None while it is pending)."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    payment: Payment | None = None
    client_secret: str | None = None
    """Of a charge that the shopper's browser had prepared; it is shown to that browser and stored nowhere."""


class InFlight(msgspec.Struct, frozen=True):
    """Another attempt holds the same payment token or external id: it must come to its end first."""

    attempt: int


class BeingPaid(msgspec.Struct, frozen=True):
    """Another attempt is paying this order: it must come to its end first."""

    order: int


class PlaceOrder(OrderCommand, frozen=True):
    """Place and settle an order in one step: its payment is proven without anybody outside being asked."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails, or make the order, its holds and its payment."""
        if waiting := in_flight(self.basket, view) or being_paid(self, view):
            return Decided(waiting, Changes())
        drafted = draft(self, view, now, ids)
        if isinstance(drafted, Refused):
            return drafted
        if token_used(self.basket, view):
            return refused(token_reuse(self.basket))
        channel = view.get(Channel, self.basket.channel)
        if channel is None or needs_proof(channel.settings, self.basket):
            # The account's settings changed since the way of this order was chosen: it goes another way now.
            return refused(QuoteStale(1))
        changes = Changes(holds_for(drafted, view))
        placed = settle(drafted, now, changes, ids)
        drop_recorded(drafted, view, changes)
        return Decided(placed, changes)


class RecordPending(OrderCommand, frozen=True):
    """Record an order that will be paid later: it is checked like any other, but reserves and charges nothing."""

    pays: ClassVar[bool] = False

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails, or record the order as pending."""
        if waiting := in_flight(self.basket, view):
            return Decided(waiting, Changes())
        drafted = draft(self, view, now, ids)
        if isinstance(drafted, Refused):
            return drafted
        order = drafted.order
        changes = Changes((order, *drafted.parts, *drafted.lines, *claims(order, self.basket)))
        changes.put(OrderEvent(order.id, 1, now, "recorded", {}))
        return Decided(Placed(order, drafted.parts, drafted.lines), changes)


def in_flight(basket: Basket, view: View) -> InFlight | None:
    """The open attempt that holds one of the basket's outside names."""
    attempt = holding_attempt(basket, view)
    return None if attempt is None else InFlight(attempt)


def being_paid(command: OrderCommand, view: View) -> BeingPaid | None:
    """The recorded order that is to be paid, where somebody pays it already."""
    return BeingPaid(command.existing.order) if command.existing and under_way(command, view) else None


def needs_proof(settings: ChannelSettings, basket: Basket) -> bool:
    """Whether somebody outside must be asked about the payment, so that the order needs an attempt."""
    if basket.payment.method != EXTERNAL:
        return basket.payment.method in settings.payment_methods
    config = settings.external_payment
    api = config.api if config and config.type == "api" else None
    return api is not None and api.type == "apiKey" and not api.skip_validation


def token_reuse(basket: Basket) -> Failure:
    """What a second use of a payment token is called, by the method that the token proves."""
    if basket.payment.method == EXTERNAL:
        return ExternalPaymentRefused()
    return PaymentDeclined(TOKEN_REUSED)


def holds_for(drafted: Draft, view: View) -> list[Level | Hold]:
    """What the draft takes from stock: nothing for a test order, or for one that was sold elsewhere."""
    channel = view.get(Channel, drafted.basket.channel)
    if channel is None or drafted.basket.environment != "live" or channel.settings.stock == "record":
        return []
    promises = [
        Promise(line.no, line.variant, line.quantity)
        for line in drafted.lines
        if line.tracked and line.variant is not None
    ]
    return hold(drafted.order.id, promises, view, backorder=channel.settings.stock == "backorder")


def settle(
    drafted: Draft,
    now: datetime,
    changes: Changes,
    ids: Ids,
    reference: str | None = None,
    description: str | None = None,
) -> Placed:
    """Make the paid order exist: its records, its payment, and the names that it takes, all put into `changes`."""
    order = msgspec.structs.replace(drafted.order, payment_state="paid", payment_description=description)
    payment = _payment(order, drafted.basket, ids.next(), reference)
    changes.put(order, *drafted.parts, *drafted.lines, payment)
    changes.put(OrderEvent(order.id, order.events, now, "placed", {}))
    changes.put(*claims(order, drafted.basket))
    if payment.kind == "external" and order.environment == "live":
        reported = sum((payment.reported or {}).values())
        changes.put(InvoiceLine(order.id, order.channel, order.currency, order.total, reported, now))
    return Placed(order, drafted.parts, drafted.lines, payment)


def drop_recorded(drafted: Draft, view: View, changes: Changes) -> None:
    """Remove what a pending order was recorded with and is not paid with: cancelled lines, parts left empty."""
    number = drafted.order.id
    recorded = (*view.children(OrderPart, number), *view.children(OrderLine, number))
    kept = {(type(record), record.key) for record in (*drafted.parts, *drafted.lines)}
    for record in recorded:
        if (type(record), record.key) not in kept:
            changes.remove(record)


def claims(order: Order, basket: Basket) -> list[Reference]:
    """The outside names that this order takes for itself."""
    return [
        Reference(channel, environment, kind, value, order.id)
        for channel, environment, kind, value in reference_keys(basket)
    ]


def _payment(order: Order, basket: Basket, number: int, reference: str | None) -> Payment:
    return Payment(
        order=order.id,
        no=1,
        id=number,
        kind="external" if basket.payment.method == EXTERNAL else "card",
        method=basket.payment.method,
        state="paid",
        amount=order.total,
        currency=order.currency,
        refunded=0,
        reference=reference,
        reported=basket.payment.amounts,
    )
