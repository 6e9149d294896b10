"""VAT is exact: the tax is always the difference, and dividing loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.channels.accounts import ShopSettings
from entrepot.domain.pricing import vat
from entrepot.domain.pricing.vat import Amount

AMOUNTS = st.integers(-(10**14), 10**14)
RATES = st.integers(0, 1_000_000)


@pytest.mark.parametrize(
    ("stored", "home", "rate", "included", "amount"),
    [
        (10_000, 250_000, 250_000, True, Amount(8_000, 10_000)),
        (8_000, 250_000, 250_000, False, Amount(8_000, 10_000)),
        (10_000, 250_000, 0, True, Amount(8_000, 8_000)),
        (10_000, 250_000, 120_000, True, Amount(8_000, 8_960)),
        (99, 250_000, 250_000, True, Amount(79, 99)),
        (1, 250_000, 250_000, False, Amount(1, 1)),
        (2, 250_000, 250_000, False, Amount(2, 3)),
    ],
)
def test_a_stored_amount_is_split(stored: int, home: int, rate: int, included: bool, amount: Amount) -> None:
    assert vat.split(stored, home, rate, included=included) == amount


@given(AMOUNTS, RATES)
def test_sold_at_home_the_stored_figure_stands(stored: int, rate: int) -> None:
    assert vat.split(stored, rate, rate, included=True).inc == stored
    assert vat.split(stored, rate, rate, included=False).ex == stored


@given(AMOUNTS, RATES)
def test_putting_the_tax_on_again_comes_within_a_minor_unit(stored: int, rate: int) -> None:
    ex = vat.without(stored, rate)
    assert abs(vat.split(ex, rate, rate, included=False).inc - stored) <= 1


def test_a_country_has_its_own_rate_for_a_rate_at_home() -> None:
    shop = ShopSettings(vat={"NO": {250_000: 0}, "SE": {250_000: 1}})
    assert vat.rate_in("NO", 250_000, shop) == 0
    assert vat.rate_in("NO", 120_000, shop) == 120_000
    assert vat.rate_in("DE", 250_000, shop) == 250_000
    assert vat.rate_in("SE", 250_000, shop) == 250_000


@given(st.data(), st.lists(st.integers(0, 10**12), min_size=1, max_size=9))
def test_an_allotment_loses_nothing_and_exceeds_no_weight(data: st.DataObject, weights: list[int]) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    parts = vat.allot(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
