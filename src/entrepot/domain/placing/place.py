"""Placing an order in one step, and settling any order: what makes a draft an order that exists and is paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, TypeVar

import msgspec

from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference, StockMode
from entrepot.domain.kernel.commands import Decided, Decision, Ids, Refused, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import InvoiceLine, Order, OrderEvent, OrderLine, OrderPart
from entrepot.domain.placing.attempts import Draft
from entrepot.domain.placing.basket import EXTERNAL, Basket, NameKey, name_keys, token_used
from entrepot.domain.placing.draft import OrderCommand, draft, holding_attempt, under_way
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.domain.stock.holds import Promise, hold
from entrepot.failures import Failure
from entrepot.failures.orders import QuoteStale
from entrepot.failures.payments import ExternalPaymentRefused, PaymentDeclined

R = TypeVar("R", Discount, Certificate)

TOKEN_REUSED = "The payment token has already been used."  # noqa: S105  (a sentence)


class Placed(msgspec.Struct, frozen=True):
    """An order that exists, with its parts, lines and payment (None while it is pending)."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    payment: Payment | None = None
    client_secret: str | None = None
    """Of a charge that the shopper's browser had prepared; it is shown to that browser and stored nowhere."""
    document: bytes | None = None
    """The label of a sale, as PDF, where it was wanted at once; it is stored nowhere here."""


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
        drafted = payable(self, view, now, ids)
        if not isinstance(drafted, Draft):
            return drafted
        channel = view.get(Channel, self.basket.channel)
        if channel is None or needs_proof(channel.settings, self.basket):
            # The account's settings changed since the way of this order was chosen: it goes another way now.
            return refused(QuoteStale(1))
        changes = Changes()
        reserve(drafted, view, now, changes)
        return Decided(settle(drafted, view, now, changes), changes)


class RecordPending(OrderCommand, frozen=True):
    """Record an order that will be paid later: it is checked like any other, but reserves and charges nothing."""

    pays: ClassVar[bool] = False

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails, or record the order as pending."""
        if waiting := in_flight(name_keys(self.basket), view):
            return Decided(waiting, Changes())
        drafted = draft(self, view, now, ids)
        if isinstance(drafted, Refused):
            return drafted
        order = drafted.order
        changes = Changes((order, *drafted.parts, *drafted.lines, *claims(drafted)))
        changes.put(OrderEvent(order.id, 1, now, "recorded", {}))
        return Decided(Placed(order, drafted.parts, drafted.lines), changes)


def payable(command: OrderCommand, view: View, now: datetime, ids: Ids) -> Draft | Decision:
    """The draft of an order that can be paid now; or who is in its way, or why it cannot be."""
    names = name_keys(command.basket)
    if waiting := in_flight(names, view) or being_paid(command, view):
        return Decided(waiting, Changes())
    drafted = draft(command, view, now, ids)
    if isinstance(drafted, Draft) and token_used(names, view):
        return refused(token_reuse(command.basket.payment.method))
    return drafted


def in_flight(names: Iterable[NameKey], view: View) -> InFlight | None:
    """The open attempt that holds one of these outside names."""
    attempt = holding_attempt(names, view)
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


def token_reuse(method: str) -> Failure:
    """What a second use of a payment token is called, by the method that the token proves."""
    if method == EXTERNAL:
        return ExternalPaymentRefused()
    return PaymentDeclined(TOKEN_REUSED)


def reserve(drafted: Draft, view: View, now: datetime, changes: Changes) -> None:
    """Hold the draft's stock and use its codes, as was checked on the same rows; `orders.ending` gives both back."""
    mode = stock_mode(drafted.order, view)
    changes.put(*hold(drafted.order.id, promises(drafted, mode), view, backorder=mode == "backorder"))
    use_codes(drafted, view, now, changes)


def use_codes(drafted: Draft, view: View, now: datetime, changes: Changes) -> None:
    """Use the draft's discounts, and let its gift certificates pay."""
    for number in drafted.discounts:
        discount = _loaded(view.get(Discount, number))
        changes.put(msgspec.structs.replace(discount, used=discount.used + 1))
        changes.put(*(DiscountUse(number, drafted.order.id, buyer, now) for buyer in drafted.buyers or ("",)))
    for payment in drafted.certificates:
        certificate = _loaded(view.get(Certificate, payment.method_id))
        changes.put(certificates.spent(certificate, payment.amount, now))
        changes.put(CertificateUse(certificate.id, drafted.order.id, payment.amount, now))


def stock_mode(order: Order, view: View) -> StockMode:
    """What the order does to stock; one that is only a test takes none, as if it had been sold elsewhere."""
    channel = view.get(Channel, order.channel)
    return "record" if channel is None or order.environment != "live" else channel.settings.stock


def promises(drafted: Draft, mode: StockMode) -> list[Promise]:
    """What the draft takes from stock."""
    if mode == "record":
        return []
    return [
        Promise(line.no, line.variant, line.quantity)
        for line in drafted.lines
        if line.tracked and line.variant is not None
    ]


def settle(
    drafted: Draft,
    view: View,
    now: datetime,
    changes: Changes,
    reference: str | None = None,
    description: str | None = None,
) -> Placed:
    """Make the order exist: its records, its payments, and the names that it takes, all put into `changes`.

    `reference` is the gateway's name for the charge, `description` what may be said of the card.
    """
    order = drafted.order
    if description is not None:
        order = msgspec.structs.replace(order, payment_description=description)
    payments = drafted.payments
    if reference is not None:
        payments = tuple([_charged(payment, reference) for payment in payments])
    if drafted.stood_before:
        _drop_recorded(drafted, view, changes)
    changes.put(order, *drafted.parts, *drafted.lines, *payments, *claims(drafted))
    changes.put(OrderEvent(order.id, order.events, now, "placed", {}))
    if drafted.vouched and order.environment == "live":
        reported = sum([sum(payment.reported.values()) for payment in payments if payment.reported])
        changes.put(InvoiceLine(order.id, order.channel, order.currency, order.total, reported, now))
    return Placed(order, drafted.parts, drafted.lines, payments[0] if payments else None)


def claims(drafted: Draft) -> list[Reference]:
    """The outside names that the order takes for itself."""
    return [Reference(*key, drafted.order.id) for key in drafted.name_keys]


def _charged(payment: Payment, reference: str) -> Payment:
    if payment.kind == "certificate":
        return payment
    return msgspec.structs.replace(payment, reference=reference)


def _drop_recorded(drafted: Draft, view: View, changes: Changes) -> None:
    """Remove what stood under the order's number and is no part of it: cancelled lines, planned payments."""
    for kind in (OrderPart, OrderLine, Payment):
        for record in view.children(kind, drafted.order.id):
            changes.remove(record)


def _loaded(record: R | None) -> R:
    if record is None:
        raise LookupError("a code was checked and yet is not loaded")
    return record
