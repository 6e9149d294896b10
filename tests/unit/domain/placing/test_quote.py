"""Checkout's totals by themselves: the formula, whatever the basket, and that faulty lines weigh nothing."""

from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.catalogue.products import Offer, OfferKey
from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.kernel.records import Record, View
from entrepot.domain.orders.records import Address
from entrepot.domain.placing.basket import Basket, WantedLine, WantedPayment
from entrepot.domain.placing.draft import simulated_answer
from entrepot.domain.placing.quote import NOWHERE, Checkout, check_out, taxed
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.domain.pricing.taxes import TaxCompany, TaxQuote, TaxRate
from entrepot.domain.stock.levels import FirstLocation, Level
from entrepot.failures.orders import LineRef, NoShippingToCountry, ProductUnavailable, ProductUnknown
from entrepot.failures.payments import ASK_AGAIN, TaxUnavailable
from tests.support.deciding import view_of

CHANNEL = Channel(5, "bonsai", "main", ChannelSettings(), ("api",), ("manual",))
TORONTO = Address("Ann", "Lee", "1 Main Street", "Toronto", "CA", "M4B", province="ON")
RATES: list[Record] = [
    TaxCompany("DEFAULT"),
    TaxRate("CA", "ON", 130_000, shipping_taxed=True, duty_rate=70_000),
    ShippingRate("near", "CA", "USD", 500, free_from=4_000),
    ShippingRate("far", "CA", "USD", 900),
]


def uuid(number: int) -> UUID:
    return UUID(int=number, version=4)


def offer(number: int, **fields: Any) -> Offer:
    name = OfferKey(5, "live", uuid(number), number, "USD")
    standard: dict[str, Any] = {
        "product_id": number,
        "variant_id": number,
        "available": True,
        "merchant_ref": "near",
        "merchant_id": 1,
        "merchant_country": "CA",
        "integration": "manual",
        "price": 1_000,
    }
    return Offer(name, **(standard | fields))


OFFERS = [
    offer(1, price=999),
    offer(2, price=1_250, tax_included=True),
    offer(3, price=3_333, merchant_ref="far", merchant_id=2, merchant_country="US"),
    offer(4, merchant_ref="nobody", merchant_id=3),
    offer(5, available=False),
    offer(6, price=None),
    offer(7, integration="fax"),
]
SELLABLE, UNREACHED = (1, 2, 3), (4,)
VIEW = view_of(CHANNEL, *RATES, *OFFERS, Level(1, 1, 1, received=4, available=4))


def basket(*lines: tuple[int, int], to: Address = TORONTO) -> Basket:
    wanted = tuple(
        WantedLine(uuid(number), number, quantity, LineRef(f"p{number}", str(number)))
        for number, quantity in lines
    )
    return Basket(5, "live", "USD", wanted, to, WantedPayment(""))


def totals(asked: Basket, view: View = VIEW) -> Checkout:
    result = check_out(asked, view)
    return taxed(result, simulated_answer(CHANNEL, result.question, view)) if result.question else result


lines = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 9)), min_size=1, max_size=6)


@given(lines)
def test_the_total_is_the_sum_of_its_parts(asked: list[tuple[int, int]]) -> None:
    result = totals(basket(*asked))
    prices = {each.name.variant: each.price or 0 for each in OFFERS}
    sold = [(number, quantity) for number, quantity in asked if number in SELLABLE]
    assert result.goods == sum(prices[number] * quantity for number, quantity in sold)
    assert result.shipping == sum(shipment.cost for shipment in result.shipments)
    assert result.total == result.goods + result.shipping + result.tax + result.duties
    assert len(result.shipments) == len({number == 3 for number, _ in sold})
    assert min(result.goods, result.shipping, result.tax, result.duties) >= 0


@given(lines)
def test_faulty_lines_weigh_nothing(asked: list[tuple[int, int]]) -> None:
    result = totals(basket(*asked))
    healthy = [(number, quantity) for number, quantity in asked if number in SELLABLE]
    without = totals(basket(*healthy))
    assert (result.sold, result.shipments, result.taxes) == (without.sold, without.shipments, without.taxes)
    assert without.failures == ()
    assert [line.wanted.quantity for line in result.lines] == [quantity for _, quantity in asked]
    assert [line.priced is not None for line in result.lines] == [number in SELLABLE for number, _ in asked]
    own = sum(number not in (*SELLABLE, *UNREACHED) for number, _ in asked)
    stranded = any(number in UNREACHED for number, _ in asked)
    assert len(result.failures) == own + stranded


@given(lines)
def test_without_an_address_nothing_is_added(asked: list[tuple[int, int]]) -> None:
    result = totals(basket(*asked, to=NOWHERE))
    assert result.question is None
    assert (result.shipments, result.tax, result.duties, result.total) == ((), 0, 0, result.goods)
    assert not any(isinstance(failure, NoShippingToCountry) for failure in result.failures)


def test_each_fault_by_its_name() -> None:
    result = totals(basket((5, 1), (8, 1), (6, 1), (7, 1), (4, 1), (4, 2)))
    refs = {number: LineRef(f"p{number}", str(number)) for number in range(1, 9)}
    assert result.failures == (
        ProductUnavailable(refs[5]),
        ProductUnknown(refs[8]),
        ProductUnavailable(refs[6]),
        ProductUnavailable(refs[7]),
        NoShippingToCountry("CA", (refs[4], refs[4])),
    )


def test_what_needs_no_shipping_is_charged_none_and_reaches_everybody() -> None:
    offers = [
        offer(1),
        offer(2, requires_shipping=False),
        offer(3, requires_shipping=False, merchant_ref="nobody", merchant_id=3),
        offer(4, free_shipping=True),
    ]
    view = view_of(CHANNEL, *RATES, *offers)
    for wanted, shipping in (((2,), 0), ((3,), 0), ((1,), 500), ((1, 2), 500), ((2, 4), 0), ((1, 3), 500)):
        result = totals(basket(*((number, 1) for number in wanted)), view)
        assert (result.failures, result.shipping, len(result.sold)) == ((), shipping, len(wanted))


def test_inventory() -> None:
    asked = basket((1, 3), (1, 9), (2, 1), (5, 2))
    assert [line.inventory for line in check_out(asked, VIEW).lines] == [3, 4, 0, 0]
    owing = msgspec.structs.replace(CHANNEL, settings=ChannelSettings(stock="backorder"))
    view = view_of(owing, *RATES, *OFFERS, FirstLocation(1, 1))
    assert [line.inventory for line in check_out(asked, view).lines] == [3, 9, 1, 0]


def test_a_price_that_changed_is_shown() -> None:
    moved = msgspec.structs.replace(OFFERS[0], remembered=1)
    result = check_out(basket((1, 1)), view_of(CHANNEL, *RATES, moved))
    assert (result.goods, result.failures) == (999, ())


def test_a_silent_tax_provider_adds_nothing() -> None:
    result = taxed(check_out(basket((1, 1)), VIEW), TaxUnavailable(ASK_AGAIN, "x"))
    assert (result.total, result.failures) == (999 + 500, (TaxUnavailable(ASK_AGAIN, "x"),))
    assert taxed(result, TaxQuote((7,), (0,), (1,))).total == 999 + 500 + 8
