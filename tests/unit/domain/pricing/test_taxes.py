"""Taxes and duties from a table of rates, and which regions exist."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.kernel import regions
from entrepot.domain.pricing.taxes import (
    Destination,
    TaxCompany,
    TaxLine,
    TaxQuery,
    TaxQuote,
    TaxRate,
    compute,
    rate_table,
    simulate,
)
from entrepot.failures.payments import TaxRefused

ONTARIO = TaxRate("CA", "ON", rate=130_000, shipping_taxed=True, duty_rate=180_000, duty_threshold=2_000)
RATES = rate_table([ONTARIO, TaxRate("CA", "", rate=50_000), TaxRate("US", "NY", rate=88_750)])

amounts = st.integers(0, 10**9)
lines = st.lists(
    st.builds(
        TaxLine,
        ref=st.just("line"),
        amount=amounts,
        merchant_country=st.sampled_from(["CA", "US", "GB"]),
        tax_included=st.booleans(),
    ),
    max_size=8,
).map(tuple)
rates = st.builds(
    TaxRate,
    country=st.just("CA"),
    province=st.just("ON"),
    rate=st.integers(0, 1_000_000),
    shipping_taxed=st.booleans(),
    duty_rate=st.integers(0, 1_000_000),
    duty_threshold=amounts,
)


def query(*goods: TaxLine, shipping: tuple[TaxLine, ...] = (), to: Destination | None = None) -> TaxQuery:
    return TaxQuery("ABC", "CAD", to or Destination("CA", "ON"), goods, shipping)


def line(amount: int, country: str = "CA", *, tax_included: bool = False) -> TaxLine:
    return TaxLine("1", amount, country, tax_included=tax_included)


def test_each_line_is_rounded_half_up_on_its_own():
    assert compute(query(line(50), line(50)), RATES).line_taxes == (7, 7)  # 6.5 each, and not 13 together
    assert compute(query(line(49)), RATES).line_taxes == (6,)  # 6.37


def test_shipping_is_taxed_where_the_region_taxes_it():
    shipping = (line(1_000),)
    assert compute(query(shipping=shipping), RATES).shipping_taxes == (130,)
    assert compute(query(shipping=shipping, to=Destination("US", "NY")), RATES).shipping_taxes == (0,)


@pytest.mark.parametrize(
    ("to", "tax"),
    [
        (Destination("CA", "ON"), 1_300),
        (Destination("CA", "QC"), 500),
        (Destination("CA"), 500),
        (Destination("US", "NY"), 888),
        (Destination("US", "OR"), 0),
        (Destination("GB"), 0),
    ],
)
def test_the_provinces_rate_counts_then_the_countrys_then_none(to: Destination, tax: int):
    assert compute(query(line(10_000), to=to), RATES).goods_tax == tax


def test_a_price_with_tax_inside_adds_none():
    assert compute(query(line(10_000, tax_included=True), line(10_000)), RATES).line_taxes == (0, 1_300)


def test_duties_are_for_goods_from_abroad():
    quote = compute(query(line(10_000, "CA"), line(10_000, "US")), RATES)
    assert (quote.duties, quote.total_duties) == ((0, 1_800), 1_800)


def test_goods_from_one_country_are_weighed_together_against_the_threshold():
    assert compute(query(line(2_000, "US")), RATES).duties == (0,)
    assert compute(query(line(2_001, "US")), RATES).duties == (360,)
    assert compute(query(line(2_000, "US"), line(1, "US"), line(2_000, "GB")), RATES).duties == (360, 0, 0)


@pytest.mark.parametrize(("currency", "free"), [("CAD", 2_000), ("JPY", 20), ("KWD", 20_000)])
def test_the_threshold_is_the_same_in_major_units_of_every_currency(currency: str, free: int) -> None:
    for value, dutiable in ((free, False), (free + 1, True)):
        asked = TaxQuery("ABC", currency, Destination("CA", "ON"), (line(value, "US"),), ())
        assert (compute(asked, RATES).total_duties > 0) == dutiable


def test_the_simulated_provider_refuses_a_company_without_an_account_as_avatax_does():
    assert simulate(query(line(100)), None, RATES) == TaxRefused(
        message="Company not found.",
        code="EntityNotFoundError",
        number=4,
        description="The Company with code 'ABC' was not found.",
        fault_code="Client",
        help_link="https://developer.avalara.com/avatax/errors/EntityNotFoundError",
        severity="Error",
    )
    assert simulate(query(line(100)), TaxCompany("ABC"), RATES) == TaxQuote((13,), (), (0,))


@given(lines, lines, rates)
def test_every_cent_is_on_a_line_and_the_totals_are_their_sums(
    goods: tuple[TaxLine, ...], shipping: tuple[TaxLine, ...], rate: TaxRate
):
    quote = compute(query(*goods, shipping=shipping), rate_table([rate]))
    assert len(quote.line_taxes) == len(quote.duties) == len(goods)
    assert len(quote.shipping_taxes) == len(shipping)
    parts = (*quote.line_taxes, *quote.shipping_taxes)
    assert all(part >= 0 for part in (*parts, *quote.duties))
    assert quote.goods_tax + quote.shipping_tax == quote.total_tax == sum(parts)
    assert quote.total_duties == sum(quote.duties)


@given(lines, rates)
def test_a_line_is_off_by_half_a_unit_at_most_and_never_short_at_the_half(
    goods: tuple[TaxLine, ...], rate: TaxRate
):
    quote = compute(query(*goods), rate_table([rate]))
    for each, tax in zip(goods, quote.line_taxes, strict=True):
        exact = 0 if each.tax_included else Fraction(each.amount * rate.rate, 1_000_000)
        assert Fraction(-1, 2) < tax - exact <= Fraction(1, 2)


@given(lines, rates)
def test_the_order_of_lines_changes_nothing(goods: tuple[TaxLine, ...], rate: TaxRate):
    there = compute(query(*goods), rate_table([rate]))
    back = compute(query(*reversed(goods)), rate_table([rate]))
    assert there.line_taxes == back.line_taxes[::-1]
    assert there.duties == back.duties[::-1]


@pytest.mark.parametrize(
    ("country", "province", "code"),
    [
        ("CA", "ON", "ON"),
        ("CA", "on", "ON"),
        ("US", "NY", "NY"),
        ("AU", "NSW", "NSW"),
        ("CA", "NY", None),
        ("CA", "Ontario", None),
        ("CA", "CA-ON", None),
        ("CA", "", None),
        ("XX", "ON", None),
    ],
)
def test_a_province_is_one_of_its_country(country: str, province: str, code: str | None):
    assert regions.province_of(country, province) == code


def test_countries_are_those_of_iso_3166():
    assert regions.country_exists("DE")
    assert not any(regions.country_exists(code) for code in ("XX", "de", "", "DEU", "EU"))


def test_three_countries_need_a_province():
    assert [code for code in ("AU", "CA", "US", "DE", "GB") if regions.needs_province(code)] == [
        "AU",
        "CA",
        "US",
    ]
