"""Drafting an order: from a basket to a whole order, checked, taxed and added up, that does not exist yet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference
from entrepot.domain.channels.charging import Steps, movable
from entrepot.domain.kernel.commands import Command, Ids, Refused, refused
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, Person
from entrepot.domain.placing.attempts import Draft, Payout
from entrepot.domain.placing.basket import (
    EXTERNAL,
    Basket,
    NameKey,
    name_keys,
    offer_keys,
    shipping_keys,
    stock_keys,
)
from entrepot.domain.placing.checks import CheckedBasket, OrderChecks, PricedLine, Shipment
from entrepot.domain.placing.recorded_total import risen
from entrepot.domain.pricing import taxes
from entrepot.domain.pricing.flat_rates import LABEL
from entrepot.domain.pricing.taxes import Destination, TaxCompany, TaxLine, TaxQuery, TaxQuote, TaxRate
from entrepot.failures import Failure
from entrepot.failures.orders import OrderNotPayable, QuoteStale
from entrepot.failures.payments import AmountNotChargeable, TaxRefused

NEEDS_PAYOUT = "shopify"
"""The integration whose merchants are paid by transfer when their order is placed."""


class Quoted(msgspec.Struct, frozen=True):
    """What an outside provider was asked and answered; placing checks that the question is still the same."""

    query: TaxQuery
    quote: TaxQuote


class Existing(msgspec.Struct, frozen=True):
    """A pending order that is to be paid, as it was when its basket was made of it."""

    order: int
    uuid: UUID
    version: int


class OrderCommand(Command, frozen=True):
    """What the commands that appraise a basket share: the basket, who orders it, and what to load for it."""

    pays: ClassVar[bool] = True
    """Whether the order is paid with this command, or recorded to be paid later."""

    stages = frozenset(
        {
            Stage.CHANNEL,
            Stage.REFERENCE,
            Stage.ORDER,
            Stage.OFFER,
            Stage.SHIPPING,
            Stage.TAX,
            Stage.STOCK,
        }
    )

    basket: Basket
    person: Person
    note: str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    quoted: Quoted | None = None
    existing: Existing | None = None
    steps: Steps | None = None
    """In which amounts the account's card provider can move money."""

    @property
    def ids(self) -> int:
        """The order's, its payment's, and one per line."""
        return 2 + len(self.basket.lines)

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
                return name_keys(basket)
            case Stage.ORDER:
                return (self.existing.order,) if self.existing else ()
            case Stage.OFFER:
                return offer_keys(basket)
            case Stage.SHIPPING:
                return shipping_keys(basket, view)
            case Stage.TAX:
                channel = view.get(Channel, basket.channel)
                return tax_keys(channel, basket) if channel else ()
            case Stage.STOCK:
                return stock_keys(basket, view)
            case _:
                return ()


def draft(
    command: OrderCommand,
    view: View,
    now: datetime,
    ids: Ids,
) -> Draft | Refused:
    """The order as it would be, or why it cannot be."""
    existing = command.existing
    if existing and (stale := _stale(existing, view)):
        return refused(stale)
    number, uuid = (existing.order, existing.uuid) if existing else (ids.next(), ids.uuid())
    known = existing.order if existing else None
    checks = OrderChecks(command.basket, view, paying=command.pays, known_order=known)
    checked = checks.run()
    if isinstance(checked, tuple):
        return Refused(checked)
    query = tax_query(checks.channel, command.basket, checked)
    quote = _taxes(command, checks.channel, query, view)
    if isinstance(quote, Failure):
        return refused(quote)
    line_ids = _line_ids(view.children(OrderLine, number) if existing else (), len(checked.lines), ids)
    payment = ids.next() if command.pays else None
    drafted = _assemble(command, checked, quote, now, number, uuid, line_ids, payment)
    drafted = drafted.taking(checks.channel.settings.stock)
    if existing and (dearer := risen(command.basket, drafted, view)):
        return Refused(dearer)
    if failure := not_chargeable(command.basket.payment.method, drafted, command.steps):
        return refused(failure)
    return _continued(drafted, view.get(Order, number)) if existing else drafted


def not_chargeable(method: str, drafted: Draft, steps: Steps | None) -> Failure | None:
    """Why a card provider could not be told of what is to be charged, or handed on to merchants; None where it can.

    Orders that nobody charges a card for have any amount.
    """
    currency = drafted.order.currency
    if method == EXTERNAL:
        return None
    amounts = (drafted.due, *(payout.amount for payout in drafted.payouts))
    amount = next((amount for amount in amounts if not movable(amount, currency, steps)), None)
    return None if amount is None else AmountNotChargeable(method, currency, amount)


def _line_ids(lines: Sequence[OrderLine], count: int, ids: Ids) -> list[int]:
    """The ids of an order's lines: those that it has, and fresh ones."""
    known = {line.no: line.id for line in lines}
    return [known.get(no) or ids.next() for no in range(1, count + 1)]


def _stale(existing: Existing, view: View) -> Failure | None:
    order = view.get(Order, existing.order)
    if order is None or order.state != "pending":
        return OrderNotPayable(str(existing.order))
    return QuoteStale(1) if order.version != existing.version else None


def _continued(drafted: Draft, before: Order | None) -> Draft:
    """The same order, paid now: its history goes on and it was placed when it was placed."""
    if before is None:
        return drafted
    order = msgspec.structs.replace(
        drafted.order, placed_at=before.placed_at, version=before.version + 1, events=before.events + 1
    )
    return msgspec.structs.replace(drafted, order=order)


def holding_attempt(names: Iterable[NameKey], view: View) -> int | None:
    """The open attempt that holds one of these outside names."""
    for name in names:
        held = view.get(Reference, name)
        if held is not None and held.attempt is not None:
            return held.attempt
    return None


def under_way(command: OrderCommand, view: View) -> bool:
    """Whether money for the recorded order is on its way already."""
    order = view.get(Order, command.existing.order) if command.existing else None
    return order is not None and (order.state, order.payment_state) == ("pending", "pending")


def simulated_taxes(settings: ChannelSettings, basket: Basket) -> bool:
    """Whether the platform's own table of rates answers: for accounts that say so, and for every test order."""
    return settings.taxes.provider == "simulated" or basket.environment == "test"


def quote_question(command: OrderCommand, view: View) -> TaxQuery | Refused | None:
    """What an outside tax provider is to be asked; None where the order waits for an attempt to end first."""
    if holding_attempt(name_keys(command.basket), view) is not None or under_way(command, view):
        return None
    known = command.existing.order if command.existing else None
    checks = OrderChecks(command.basket, view, paying=command.pays, known_order=known)
    checked = checks.run()
    if isinstance(checked, tuple):
        return Refused(checked)
    return tax_query(checks.channel, command.basket, checked)


def tax_keys(channel: Channel, basket: Basket) -> Iterable[Hashable]:
    """The simulated provider's company and country; an outside provider knows its own."""
    if not simulated_taxes(channel.settings, basket):
        return ()
    return ((channel.settings.taxes.company, basket.ship_to.country),)


def tax_query(channel: Channel, basket: Basket, checked: CheckedBasket) -> TaxQuery:
    """The checked basket as a tax provider sees it."""
    to = basket.ship_to
    return TaxQuery(
        channel.settings.taxes.company,
        basket.currency,
        Destination(to.country, (to.province or "").upper(), to.zip, to.city, to.address1),
        tuple([_taxed_goods(no, line) for no, line in enumerate(checked.lines, 1)]),
        tuple([_taxed_shipment(no, shipment) for no, shipment in enumerate(checked.shipments, 1)]),
    )


def _taxed_goods(no: int, line: PricedLine) -> TaxLine:
    return TaxLine(
        str(no),
        line.goods,
        line.offer.merchant_country,
        tax_included=line.offer.tax_included,
        quantity=line.wanted.quantity,
        merchant_address=line.offer.merchant_address,
    )


def _taxed_shipment(no: int, shipment: Shipment) -> TaxLine:
    return TaxLine(
        f"S{no}", shipment.cost, shipment.merchant_country, merchant_address=shipment.merchant_address
    )


def _taxes(command: OrderCommand, channel: Channel, query: TaxQuery, view: View) -> TaxQuote | Failure:
    if simulated_taxes(channel.settings, command.basket):
        return simulated_answer(channel, query, view)
    if command.quoted is None or command.quoted.query != query:
        return QuoteStale(1)
    return command.quoted.quote


def simulated_answer(channel: Channel, query: TaxQuery, view: View) -> TaxQuote | TaxRefused:
    """What the platform's own table of rates says to the question."""
    company = view.get(TaxCompany, query.company)
    if channel.settings.taxes.provider != "simulated":
        # A test order of an account whose company only the provider knows.
        company = TaxCompany(query.company)
    return taxes.simulate(query, company, _rates(query.ship_to, view))


def _rates(to: Destination, view: View) -> dict[tuple[str, str], TaxRate]:
    names = ((to.country, to.province), (to.country, ""))
    return {name: rate for name in names if (rate := view.get(TaxRate, name))}


def _assemble(
    command: OrderCommand,
    checked: CheckedBasket,
    quote: TaxQuote,
    now: datetime,
    number: int,
    uuid: UUID,
    line_ids: Sequence[int],
    payment: int | None,
) -> Draft:
    parts, part_of = _parts(number, checked, quote)
    lines = tuple(
        [
            _line(number, no, line_ids[no - 1], part_of[no - 1], line, quote)
            for no, line in enumerate(checked.lines, 1)
        ]
    )
    order = _order(command, parts, lines, quote, now, number, uuid)
    paid = () if payment is None else (_payment(order, command.basket, payment),)
    return Draft(order, parts, lines, paid, command.basket.names, _payouts(checked, parts))


def _payouts(checked: CheckedBasket, parts: tuple[OrderPart, ...]) -> tuple[Payout, ...]:
    due: list[Payout] = []
    for shipment, part in zip(checked.shipments, parts, strict=True):
        offer = checked.lines[shipment.lines[0]].offer
        if offer.integration == NEEDS_PAYOUT:
            amount = sum(checked.lines[index].goods for index in shipment.lines) + part.shipping
            due.append(Payout(shipment.merchant_ref, offer.payout_account, amount, part.no))
    return tuple(due)


def _parts(
    number: int, checked: CheckedBasket, quote: TaxQuote
) -> tuple[tuple[OrderPart, ...], dict[int, int]]:
    parts: list[OrderPart] = []
    part_of: dict[int, int] = {}
    for no, (shipment, tax) in enumerate(zip(checked.shipments, quote.shipping_taxes, strict=True), 1):
        parts.append(
            OrderPart(
                number, no, shipment.merchant_id, shipment.merchant_name, None, shipment.cost, tax, LABEL
            )
        )
        part_of.update(dict.fromkeys(shipment.lines, no))
    return tuple(parts), part_of


def _line(number: int, no: int, line_id: int, part: int, priced: PricedLine, quote: TaxQuote) -> OrderLine:
    offer, quantity = priced.offer, priced.wanted.quantity
    return OrderLine(
        order=number,
        no=no,
        id=line_id,
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
) -> Order:
    basket = command.basket
    goods, shipped = sum([line.goods for line in lines]), sum([part.shipping for part in parts])
    goods_tax, shipping_tax, duties = quote.goods_tax, quote.shipping_tax, quote.total_duties
    return Order(
        id=number,
        uuid=uuid,
        channel=basket.channel,
        environment=basket.environment,
        state="placed" if command.pays else "pending",
        reason="",
        payment_state="paid" if command.pays else "unpaid",
        currency=basket.currency,
        person=command.person,
        ship_to=basket.ship_to,
        goods=goods,
        goods_tax=goods_tax,
        shipping=shipped,
        shipping_tax=shipping_tax,
        duties=duties,
        total=goods + goods_tax + shipped + shipping_tax + duties,
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


def _payment(order: Order, basket: Basket, number: int) -> Payment:
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
        reference=None,
        reported=basket.payment.amounts,
    )
