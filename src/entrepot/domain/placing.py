"""Placing an order: from a basket to an order with its parts, lines, holds and payment."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from entrepot.domain import appraisal, stock, taxes
from entrepot.domain.appraisal import Appraised, Appraiser, Basket
from entrepot.domain.channels import Channel, Reference
from entrepot.domain.orders import (
    InvoiceLine,
    Order,
    OrderEvent,
    OrderLine,
    OrderPart,
    Payment,
    Person,
)
from entrepot.domain.shipping import LABEL
from entrepot.domain.state import Changes, Command, Decided, Decision, Ids, Refused, Stage, View, refused
from entrepot.domain.stock import Hold, Level
from entrepot.domain.taxes import Destination, TaxCompany, TaxLine, TaxQuery, TaxQuote, TaxRate
from entrepot.failures import Failure
from entrepot.failures.orders import QuoteStale
from entrepot.failures.payments import ExternalPaymentRefused, PaymentDeclined

TOKEN_REUSED = "The payment token has already been used."  # noqa: S105  (a sentence)


class Draft(msgspec.Struct, frozen=True):
    """A whole order, ready to exist."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]


class Placed(msgspec.Struct, frozen=True):
    """An order that exists, with its parts, lines and payment (None while it is pending)."""

    order: Order
    parts: tuple[OrderPart, ...]
    lines: tuple[OrderLine, ...]
    payment: Payment | None = None


class Quoted(msgspec.Struct, frozen=True):
    """What an outside provider was asked and answered; placing checks that the question is still the same."""

    query: TaxQuery
    quote: TaxQuote


class OrderCommand(Command, frozen=True):
    """What the commands that appraise a basket share: the basket, who orders it, and what to load for it."""

    ids: ClassVar[int] = 1

    basket: Basket
    person: Person
    note: str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    quoted: Quoted | None = None

    @property
    def weight(self) -> int:
        """An order writes about six rows, and three more per line."""
        return 6 + 3 * len(self.basket.lines)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Account and references first, then offers, then what the offers lead to."""
        basket = self.basket
        match stage:
            case Stage.CHANNEL:
                return (basket.channel,)
            case Stage.REFERENCE:
                return appraisal.reference_keys(basket)
            case Stage.OFFER:
                return appraisal.offer_keys(basket)
            case Stage.SHIPPING:
                return appraisal.shipping_keys(basket, view)
            case Stage.TAX:
                channel = view.get(Channel, basket.channel)
                return tax_keys(channel, basket) if channel else ()
            case Stage.STOCK:
                return appraisal.stock_keys(basket, view)
            case _:
                return ()


class PlaceOrder(OrderCommand, frozen=True):
    """Place and settle an order in one step: its payment is proven without anybody outside being asked."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails, or make the order, its holds and its payment."""
        drafted = draft(self, view, now, ids)
        if isinstance(drafted, Refused):
            return drafted
        if appraisal.token_used(self.basket, view):
            return refused(token_reuse(self.basket))
        return _settle_new(self, drafted, view, now)


def draft(
    command: OrderCommand,
    view: View,
    now: datetime,
    ids: Ids,
    *,
    state: Literal["placed", "pending"] = "placed",
) -> Draft | Refused:
    """The order as it would be: appraised, taxed and added up; or why not."""
    appraiser = Appraiser(command.basket, view, paying=state == "placed")
    appraised = appraiser.run()
    if isinstance(appraised, tuple):
        return Refused(appraised)
    query = tax_query(appraiser.channel, command.basket, appraised)
    quote = _taxes(command, appraiser.channel, query, view)
    if isinstance(quote, Failure):
        return refused(quote)
    return _assemble(command, appraised, quote, now, ids.next(), ids.uuid(), state)


def token_reuse(basket: Basket) -> Failure:
    """What a second use of a payment token is called, by the method that the token proves."""
    if basket.payment.method == appraisal.EXTERNAL:
        return ExternalPaymentRefused()
    return PaymentDeclined(TOKEN_REUSED)


def tax_keys(channel: Channel, basket: Basket) -> Iterable[Hashable]:
    """The simulated provider's company and country; an outside provider knows its own."""
    if channel.settings.taxes.provider != "simulated":
        return ()
    return ((channel.settings.taxes.company, basket.ship_to.country),)


def tax_query(channel: Channel, basket: Basket, appraised: Appraised) -> TaxQuery:
    """The appraised basket as a tax provider sees it."""
    to = basket.ship_to
    return TaxQuery(
        channel.settings.taxes.company,
        basket.currency,
        Destination(to.country, (to.province or "").upper(), to.zip, to.city, to.address1),
        tuple(
            TaxLine(
                str(no),
                line.goods,
                line.offer.merchant_country,
                tax_included=line.offer.tax_included,
                quantity=line.wanted.quantity,
            )
            for no, line in enumerate(appraised.lines, 1)
        ),
        tuple(
            TaxLine(f"S{no}", shipment.cost, shipment.merchant_country)
            for no, shipment in enumerate(appraised.shipments, 1)
        ),
    )


def _taxes(command: OrderCommand, channel: Channel, query: TaxQuery, view: View) -> TaxQuote | Failure:
    if channel.settings.taxes.provider == "simulated":
        company = view.get(TaxCompany, query.company)
        return taxes.simulate(query, company, _rates(query.ship_to, view))
    if command.quoted is None or command.quoted.query != query:
        return QuoteStale(1)
    return command.quoted.quote


def _rates(to: Destination, view: View) -> dict[tuple[str, str], TaxRate]:
    names = ((to.country, to.province), (to.country, ""))
    return {name: rate for name in names if (rate := view.get(TaxRate, name))}


def _assemble(
    command: OrderCommand,
    appraised: Appraised,
    quote: TaxQuote,
    now: datetime,
    number: int,
    uuid: UUID,
    state: Literal["placed", "pending"],
) -> Draft:
    parts, part_of = _parts(number, appraised, quote)
    lines = tuple(
        _line(number, no, part_of[no - 1], line, quote) for no, line in enumerate(appraised.lines, 1)
    )
    return Draft(_order(command, parts, lines, quote, now, number, uuid, state), parts, lines)


def _parts(
    number: int, appraised: Appraised, quote: TaxQuote
) -> tuple[tuple[OrderPart, ...], dict[int, int]]:
    parts: list[OrderPart] = []
    part_of: dict[int, int] = {}
    for no, (shipment, tax) in enumerate(zip(appraised.shipments, quote.shipping_taxes, strict=True), 1):
        parts.append(
            OrderPart(
                number, no, shipment.merchant_id, shipment.merchant_name, None, shipment.cost, tax, LABEL
            )
        )
        part_of.update(dict.fromkeys(shipment.lines, no))
    return tuple(parts), part_of


def _line(number: int, no: int, part: int, priced: appraisal.PricedLine, quote: TaxQuote) -> OrderLine:
    offer, quantity = priced.offer, priced.wanted.quantity
    return OrderLine(
        order=number,
        no=no,
        part=part,
        product=offer.name.product,
        product_id=offer.product_id or 0,
        variant=offer.variant_id or 0,
        sku=offer.sku,
        name=offer.title,
        price=priced.price,
        quantity=quantity,
        tax=quote.line_taxes[no - 1],
        duties=quote.duties[no - 1],
        requires_shipping=offer.requires_shipping,
        tracked=offer.tracked,
        new=quantity,
    )


def _order(
    command: OrderCommand,
    parts: tuple[OrderPart, ...],
    lines: tuple[OrderLine, ...],
    quote: TaxQuote,
    now: datetime,
    number: int,
    uuid: UUID,
    state: Literal["placed", "pending"],
) -> Order:
    basket = command.basket
    goods, shipped = sum(line.goods for line in lines), sum(part.shipping for part in parts)
    return Order(
        id=number,
        uuid=uuid,
        channel=basket.channel,
        environment=basket.environment,
        state=state,
        reason="",
        payment_state="unpaid",
        currency=basket.currency,
        person=command.person,
        ship_to=basket.ship_to,
        goods=goods,
        goods_tax=quote.goods_tax,
        shipping=shipped,
        shipping_tax=quote.shipping_tax,
        duties=quote.total_duties,
        total=goods + shipped + quote.total_tax + quote.total_duties,
        external_id=basket.external_id,
        payment_method=basket.payment.method,
        payment_description=None,
        note=command.note,
        placed_at=now,
        changed_at=now,
        version=1,
        events=1,
        data=command.data,
    )


def _settle_new(command: OrderCommand, drafted: Draft, view: View, now: datetime) -> Decision:
    channel = view.get(Channel, command.basket.channel)
    changes = Changes()
    if channel is not None and takes_stock(channel, command.basket):
        changes.put(*hold(drafted, view, backorder=channel.settings.stock == "backorder"))
    placed = settle(drafted, command.basket, now, changes)
    return Decided(placed, changes)


def takes_stock(channel: Channel, basket: Basket) -> bool:
    """Test orders check stock but take none; recorded orders were sold elsewhere."""
    return basket.environment == "live" and channel.settings.stock != "record"


def hold(drafted: Draft, view: View, *, backorder: bool = False) -> list[Level | Hold]:
    """The levels and holds after every tracked line is reserved; the stock check has passed on the same rows."""
    levels: dict[int, list[Level]] = {}
    records: list[Level | Hold] = []
    for line in drafted.lines:
        if not line.tracked:
            continue
        standing = levels.get(line.variant) or view.children(Level, line.variant)
        reservation = stock.reserve(standing, drafted.order.id, line.no, line.quantity, backorder=backorder)
        if reservation is None:
            raise ArithmeticError(f"variant {line.variant} was checked and yet is short")
        changed = {level.key: level for level in reservation.levels}
        levels[line.variant] = [changed.get(level.key, level) for level in standing]
        records += [*reservation.levels, *reservation.holds]
    return records


def settle(
    drafted: Draft, basket: Basket, now: datetime, changes: Changes, reference: str | None = None
) -> Placed:
    """Make the paid order exist: its records, its payment, and the names that it takes, all put into `changes`."""
    order = msgspec.structs.replace(drafted.order, payment_state="paid")
    payment = _payment(order, basket, reference)
    changes.put(order, *drafted.parts, *drafted.lines, payment)
    changes.put(OrderEvent(order.id, 1, now, "placed", {}))
    changes.put(*claims(order, basket))
    if payment.kind == "external" and order.environment == "live":
        reported = sum((payment.reported or {}).values())
        changes.put(InvoiceLine(order.id, order.channel, order.currency, order.total, reported, now))
    return Placed(order, drafted.parts, drafted.lines, payment)


def claims(order: Order, basket: Basket) -> list[Reference]:
    """The outside names that this order takes for itself."""
    return [
        Reference(channel, environment, kind, value, order.id)
        for channel, environment, kind, value in appraisal.reference_keys(basket)
    ]


def _payment(order: Order, basket: Basket, reference: str | None) -> Payment:
    return Payment(
        order=order.id,
        no=1,
        kind="external" if basket.payment.method == appraisal.EXTERNAL else "card",
        method=basket.payment.method,
        state="paid",
        amount=order.total,
        currency=order.currency,
        refunded=0,
        reference=reference,
        reported=basket.payment.amounts,
    )
