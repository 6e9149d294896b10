"""Checkout: what a basket would cost now. Lines that cannot be bought are left out and said, the others are totalled.

The checks are those of an order (`checks`), with three differences (decision bonsai checkout totals, second reading 9):
every check runs however many fail, stock is told and not checked, and a price that has changed is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from entrepot.domain.catalogue.products import Offer
from entrepot.domain.channels.accounts import Channel
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.records import Address
from entrepot.domain.placing import checks as order_checks
from entrepot.domain.placing.basket import Basket, WantedLine
from entrepot.domain.placing.checks import CheckedBasket, OrderChecks, PricedLine, Shipment
from entrepot.domain.placing.draft import tax_query
from entrepot.domain.pricing.taxes import TaxQuery, TaxQuote
from entrepot.domain.stock.availability import obtainable
from entrepot.domain.stock.levels import standing
from entrepot.failures import Failure
from entrepot.failures.orders import LineFailure, MerchantUnknown, PriceInvalid, ProductUnavailable

NOWHERE = Address("", "", "", "", "", "")
"""The destination of a shopper who has not said where he lives: nobody ships there, and nobody taxes it."""


class CheckedLine(msgspec.Struct, frozen=True):
    """A wanted line: `priced` is None where it cannot be bought, `inventory` is how much of it is there."""

    wanted: WantedLine
    priced: PricedLine | None
    inventory: int


class Checkout(msgspec.Struct, frozen=True):
    """What a basket comes to. All amounts are in minor units; `taxes` is None where there is nothing to tax.

    `sold` are the lines that can be bought; the shipments name them by their index. `question` is what a tax
    provider is to be asked.
    """

    lines: tuple[CheckedLine, ...]
    sold: tuple[PricedLine, ...]
    shipments: tuple[Shipment, ...]
    failures: tuple[Failure, ...]
    question: TaxQuery | None
    taxes: TaxQuote | None = None

    @property
    def goods(self) -> int:
        """The price of what can be bought."""
        return sum(line.goods for line in self.sold)

    @property
    def shipping(self) -> int:
        """What sending it costs."""
        return sum(shipment.cost for shipment in self.shipments)

    @property
    def tax(self) -> int:
        """The tax on goods and shipping."""
        return self.taxes.total_tax if self.taxes else 0

    @property
    def duties(self) -> int:
        """The duties on the goods."""
        return self.taxes.total_duties if self.taxes else 0

    @property
    def total(self) -> int:
        """All of it together."""
        return self.goods + self.shipping + self.tax + self.duties


def check_out(basket: Basket, view: View) -> Checkout:
    """What the basket comes to before taxes."""
    every = OrderChecks(basket, view, paying=False)
    integrations, looked_at = every.channel.known_integrations, zip(basket.lines, every.offers, strict=True)
    faults = [_fault(line, offer, integrations) for line, offer in looked_at]
    bought = _only(basket, (line for line, fault in zip(basket.lines, faults, strict=True) if fault is None))
    known = OrderChecks(bought, view, paying=False)
    failures: list[Failure] = [fault for fault in faults if fault]
    shipped = False
    if basket.ship_to != NOWHERE:
        # An address that is no address is treated as if there were none yet.
        lost = order_checks.province_failures(known)
        failures += lost or order_checks.destination_failures(known)
        shipped = not lost
    if shipped:
        known = OrderChecks(_only(bought, _reached(known)), view, paying=False)
    return _summed(every, known, failures, shipped=shipped)


def taxed(checkout: Checkout, answer: TaxQuote | Failure) -> Checkout:
    """The checkout with the tax provider's answer; where it gave none, that is said and nothing is added."""
    if isinstance(answer, Failure):
        return msgspec.structs.replace(checkout, failures=(*checkout.failures, answer))
    return msgspec.structs.replace(checkout, taxes=answer)


def _summed(every: OrderChecks, known: OrderChecks, failures: list[Failure], *, shipped: bool) -> Checkout:
    sold, shipments = known.priced, tuple(known.shipments()) if shipped else ()
    asked = shipped and bool(sold)
    question = tax_query(known.channel, known.basket, CheckedBasket(sold, shipments)) if asked else None
    # Lines that are alike share one fate, so a line is found by what it wants.
    by_wanted = {line.wanted: line for line in sold}
    lines = tuple(_checked(every, line, by_wanted.get(line)) for line in every.basket.lines)
    return Checkout(lines, sold, shipments, tuple(failures), question)


def _fault(line: WantedLine, offer: Offer | None, integrations: Collection[str]) -> LineFailure | None:
    """Why nobody can buy the line; what is wrong with its merchant or price is no concern of a shopper."""
    fault = order_checks.offer_failure(offer, line.ref, integrations)
    return ProductUnavailable(line.ref) if isinstance(fault, MerchantUnknown | PriceInvalid) else fault


def _only(basket: Basket, lines: Iterable[WantedLine]) -> Basket:
    return msgspec.structs.replace(basket, lines=tuple(lines))


def _reached(known: OrderChecks) -> list[WantedLine]:
    """The lines whose merchants ship to the destination."""
    return [line.wanted for line in known.priced if known.reaches(line)]


def _checked(every: OrderChecks, wanted: WantedLine, priced: PricedLine | None) -> CheckedLine:
    return CheckedLine(wanted, priced, _inventory(every.channel, every.view, priced) if priced else 0)


def _inventory(channel: Channel, view: View, line: PricedLine) -> int:
    """How many of the wanted units are there (decision bonsai I11); who need not be in stock is never short."""
    if not line.offer.tracked:
        return line.wanted.quantity
    levels = standing(view, line.offer.variant_id)
    return obtainable(channel.settings.stock, levels, line.wanted.quantity)
