"""Totals of carts: each rule by itself, and that what a buyer pays is always the sum of its parts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.carts.totals import Totals, total
from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import Channel, ShopSettings
from entrepot.domain.customers.records import Buyer, ContactAddress, Customer, DeliveryAddress
from entrepot.domain.kernel.records import Record
from entrepot.domain.payments.methods import CostInterval
from entrepot.domain.pricing.vat import Amount
from tests.support.boutique import (
    BUYER,
    BY_METRE,
    CHANNEL_RECORD,
    FIFTY,
    INVOICE,
    LARGE,
    POST,
    SETTINGS,
    SIZE,
    SMALL,
    TENTH,
    VAT,
    L,
    S,
    cart,
    cart_line,
    certificate,
    delivery_method,
    discount,
    discount_code,
    payment_method,
    planned,
    shop_records,
)
from tests.support.deciding import view_of

RECORDS = shop_records()
_variants = {record.id: record for record in RECORDS if isinstance(record, Variant)}
SHIRT_LINE = cart_line(1, _variants[SMALL], 2, 20_000, **{f"c{SIZE}": S})
CLOTH_LINE = cart_line(2, _variants[BY_METRE], 150, 9_950)


def shop(**fields: Any) -> Channel:
    settings = msgspec.structs.replace(SETTINGS, shop=msgspec.structs.replace(SETTINGS.shop, **fields))
    return msgspec.structs.replace(CHANNEL_RECORD, settings=settings)


def sums(*records: Record, method: int | None = None, **fields: Any) -> Totals:
    """The totals of two shirts and a metre and a half of cloth, with these records besides."""
    lines = [record for record in records if type(record) is type(SHIRT_LINE)] or [SHIRT_LINE, CLOTH_LINE]
    others = [record for record in records if type(record) is not type(SHIRT_LINE)]
    return total(cart(**fields), view_of(*RECORDS, CHANNEL_RECORD, *others, *lines), method=method)


def test_lines_cost_price_times_quantity_with_exact_vat() -> None:
    totals = sums()
    assert [line.total for line in totals.lines] == [Amount(32_000, 40_000), Amount(11_940, 14_925)]
    assert totals.goods == Amount(43_940, 54_925)
    assert totals.total.inc == totals.due == 54_925


def test_another_country_pays_its_own_vat() -> None:
    assert sums(buyer=Buyer(), vat_country="NO").goods == Amount(43_940, 43_940)
    assert sums(buyer=Buyer(), vat_country="FI").goods == Amount(43_940, 43_940 + 8_160 + 3_045)


def test_the_vat_is_that_of_the_country_to_which_the_goods_go() -> None:
    """A wish counts only where nothing is known, or where an administrator has it of a cart of the shop's own."""
    home = Buyer(ContactAddress(country="SE"))
    away = Buyer(ContactAddress(country="SE"), DeliveryAddress(copy_address=False, country="NO"))
    assert sums(vat_country="NO", buyer=home).goods == sums().goods
    assert sums(vat_country="SE", buyer=away).goods.vat == 0
    assert sums(vat_country="NO", buyer=home, session=None).goods.vat == 0


def test_prices_without_vat_have_it_put_on() -> None:
    assert sums(shop(prices_include_vat=False)).goods == Amount(54_925, 54_925 + 10_000 + 3_731)


def test_a_percentage_is_taken_off_every_line() -> None:
    tenth = discount(TENTH, "TEN", "percent", percent=100_000)
    totals = sums(tenth, codes=(discount_code(tenth),))
    assert totals.goods.inc == 36_000 + 13_432
    assert totals.discount.inc == 54_925 - totals.goods.inc
    assert [entry.amount for entry in totals.codes] == [4_000 + 1_493]
    assert totals.spend == 54_925


def test_an_amount_is_divided_and_never_exceeds_the_goods() -> None:
    fifty = discount(FIFTY, "FIFTY", "amount", amount={"SEK": 5_000})
    assert sums(fifty, codes=(discount_code(fifty),)).goods.inc == 54_925 - 5_000
    everything = msgspec.structs.replace(fifty, amount={"SEK": 10**9})
    assert sums(everything, codes=(discount_code(fifty),)).goods == Amount(0, 0)
    assert sums(fifty, codes=(discount_code(fifty),), currency="EUR").discount == Amount(0, 0)


def test_a_discount_waits_for_its_minimum_spend() -> None:
    for minimum, left in ((54_925, 49_925), (54_926, 54_925)):
        fifty = discount(FIFTY, "F", "amount", amount={"SEK": 5_000}, minimum_spend={"SEK": minimum})
        assert sums(fifty, codes=(discount_code(fifty),)).goods.inc == left


def test_delivery_costs_by_weight_and_country() -> None:
    light = sums(delivery_method=POST)
    assert (light.delivery, light.needs_delivery) == (Amount(4_000, 5_000), True)
    assert light.total == light.goods + light.delivery
    heavy = cart_line(1, _variants[LARGE], 4, 21_000, **{f"c{SIZE}": L})
    assert sums(heavy, delivery_method=POST).delivery.inc == 9_000
    assert sums(heavy, delivery_method=POST, currency="EUR").delivery_offers == ()


@pytest.mark.parametrize(("country", "offered"), [("NO", True), ("DE", False)])
def test_delivery_goes_where_a_rate_leads(country: str, offered: bool) -> None:
    address = msgspec.structs.replace(BUYER.address, country=country)
    totals = sums(delivery_method=POST, buyer=msgspec.structs.replace(BUYER, address=address))
    assert bool(totals.delivery_offers) is offered
    assert totals.delivery == (Amount(5_000, 5_000) if offered else Amount())


def test_delivery_is_free_from_a_spend_on_and_with_a_code() -> None:
    assert sums(delivery_method(free_from={"SEK": 54_925}), delivery_method=POST).delivery.inc == 0
    assert sums(delivery_method(free_from={"SEK": 54_926}), delivery_method=POST).delivery.inc == 5_000
    free = discount(TENTH, "FREE", "free_delivery")
    assert sums(free, delivery_method=POST, codes=(discount_code(free),)).delivery.inc == 0


def customer(*groups: int) -> Customer:
    base: dict[str, Any] = {
        "id": 77, "uuid": cart().uuid, "channel": 6, "email": "", "email_folded": "", "state": "confirmed",
        "approved": True, "password_hash": None, "language": None, "groups": groups, "address": {},
        "delivery_address": {}, "info": {}, "custom": {}, "search": "", "created_at": cart().created_at,
        "changed_at": cart().created_at, "secured_at": cart().created_at, "version": 1,
    }  # fmt: skip
    return msgspec.convert(base, Customer)


def test_methods_may_be_for_some_customers_only() -> None:
    limited = (delivery_method(customer_groups=(5,)), payment_method(INVOICE, customer_groups=(5,)))
    for groups, offers in (((), 0), ((4,), 0), ((4, 5), 1)):
        totals = sums(customer(*groups), *limited, customer=77)
        assert len(totals.delivery_offers) == offers
        assert (INVOICE in {method.id for method in totals.payment_methods}) is bool(offers)


def test_goods_that_are_not_sent_need_no_delivery() -> None:
    unsent = [
        msgspec.structs.replace(record, requires_shipping=False)
        for record in RECORDS
        if isinstance(record, Product)
    ]
    assert not sums(*unsent, delivery_method=POST).needs_delivery
    assert sums(*unsent, delivery_method=POST).delivery == Amount()


@pytest.mark.parametrize(
    ("fields", "suits"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"currencies": ("EUR",)}, False),
        ({"cost_mode": "zero"}, False),
        ({"cost_mode": "nonzero"}, True),
        ({"cost_mode": "interval"}, False),
        ({"cost_mode": "interval", "cost_intervals": {"SEK": CostInterval(54_925, 54_925)}}, True),
        ({"cost_mode": "interval", "cost_intervals": {"SEK": CostInterval(0, 54_924)}}, False),
    ],
)
def test_payment_methods_suit_some_orders_only(fields: dict[str, Any], suits: bool) -> None:
    assert (INVOICE in {m.id for m in sums(payment_method(INVOICE, **fields)).payment_methods}) is suits


def test_the_planned_way_of_paying_has_its_fee() -> None:
    invoice = payment_method(INVOICE, fee={"SEK": 2_500})
    totals = sums(invoice, planned(invoice))
    assert (totals.fee, totals.method) == (Amount(2_000, 2_500), invoice)
    assert totals.due == 54_925 + 2_500
    assert sums(invoice, method=INVOICE).due == totals.due


def test_certificates_pay_up_to_their_balance_and_the_rest_is_due() -> None:
    gift = certificate(balance=10_000)
    codes = (discount_code(gift),)
    assert sums(gift, codes=codes).due == 44_925
    invoice = payment_method(INVOICE, fee={"SEK": 2_500})
    covered = sums(certificate(balance=10**6), invoice, planned(invoice), codes=codes)
    assert (covered.due, covered.certificates, covered.fee) == (0, 54_925, Amount())
    assert sums(certificate(currency="EUR"), codes=codes).due == 54_925


def test_what_is_due_is_rounded_to_the_coins_of_the_currency() -> None:
    totals = sums(shop(rounding={"SEK": 100}))
    assert (totals.due, totals.rounding, totals.total.inc) == (54_900, -25, 54_900)
    assert totals.total.vat == totals.goods.vat


def test_a_line_that_cannot_be_sold_any_more_costs_nothing() -> None:
    gone = cart_line(3, Variant(999, 998, "GONE"), 1, 100)
    totals = sums(SHIRT_LINE, gone)
    assert totals.lines[1].product is None
    assert totals.goods.inc == 40_000


@given(
    shirts=st.integers(1, 1_000), metres=st.integers(1, 400), percent=st.integers(0, 1_000_000),
    off=st.integers(0, 10**7), balance=st.integers(1, 10**7), step=st.integers(1, 1_000), included=st.booleans(),
    country=st.sampled_from(["SE", "NO", "FI"]),
)  # fmt: skip
def test_what_is_paid_is_always_the_sum_of_its_parts(
    shirts: int, metres: int, percent: int, off: int, balance: int, step: int, included: bool, country: str
) -> None:
    first, second = (
        discount(TENTH, "A", "percent", percent=percent),
        discount(FIFTY, "B", "amount", amount={"SEK": off}),
    )
    gift, invoice = certificate(balance=balance), payment_method(INVOICE, fee={"SEK": 777})
    totals = sums(
        msgspec.structs.replace(SHIRT_LINE, quantity=shirts),
        msgspec.structs.replace(CLOTH_LINE, quantity=metres * 25),
        shop(prices_include_vat=included, rounding={"SEK": step}, vat=ShopSettings().vat | {"NO": {VAT: 0}}),
        first, second, gift, invoice, planned(invoice),
        codes=tuple(discount_code(each) for each in (first, gift, second)),
        session=None, vat_country=country, delivery_method=POST,
    )  # fmt: skip
    parts = [totals.goods, totals.delivery, totals.fee, Amount(totals.rounding, totals.rounding)]
    assert totals.total == Amount(sum(p.ex for p in parts), sum(p.inc for p in parts))
    assert totals.due + totals.certificates == totals.total.inc
    assert totals.due >= 0
    assert totals.due % step == 0
    assert 0 <= totals.certificates <= balance
    assert all(line.total.ex >= 0 and line.total.vat >= 0 for line in totals.lines)
    assert all(line.gross == line.total + line.discount for line in totals.lines)
