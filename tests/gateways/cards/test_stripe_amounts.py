"""What Stripe is told of an amount, and what its figures mean: the rules of its page on currencies, row by row.

Our amounts are in ISO 4217 minor units. An amount of a hundred is told as `told`; of one minor unit as `least`.
"""

from __future__ import annotations

import pytest

from entrepot.domain.channels.charging import movable
from entrepot.gateways.cards.stripe_amounts import STEPS, from_stripe, to_stripe

ZERO_DECIMAL = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
CASES = [
    *[(currency, 5, 5) for currency in ZERO_DECIMAL],  # ¥5 is 5
    ("UGX", 5, 500),  # 5 UGX is 500
    ("UGX", 20_000, 2_000_000),
    ("ISK", 5, 500),  # 5 ISK is 500
    ("MGA", 500, 5),  # MGA 5.00 is 5: ISO counts hundredths (fifths in truth), Stripe whole ariary
    ("HUF", 1_045, 1_045),  # HUF 10.45 can be charged: zero decimals only in payouts
    ("TWD", 80_045, 80_045),
    ("USD", 1_000, 1_000),
    ("SEK", 1, 1),
    ("KWD", 5_120, 5_120),
    *[(currency, 10, 10) for currency in ["BHD", "JOD", "KWD", "OMR", "TND"]],
]
INEXPRESSIBLE = [
    *[(currency, 5_124) for currency in ["BHD", "JOD", "KWD", "OMR", "TND"]],  # the last digit must be 0
    ("MGA", 550),  # half an ariary
    ("IQD", 1_000),  # three decimals in ISO, and not charged by Stripe at all
    ("LYD", 1_000),
    ("CLF", 10_000),
    ("XYZ", 100),
]


@pytest.mark.parametrize(("currency", "ours", "told"), CASES)
def test_stripe_is_told_and_read_in_its_own_unit(currency: str, ours: int, told: int) -> None:
    assert to_stripe(ours, currency) == told
    assert from_stripe(told, currency) == ours
    assert movable(ours, currency, STEPS)


@pytest.mark.parametrize(("currency", "ours"), INEXPRESSIBLE)
def test_what_stripe_cannot_be_told_is_not_told(currency: str, ours: int) -> None:
    assert to_stripe(ours, currency) is None
    assert not movable(ours, currency, STEPS)


def test_steps_and_conversion_say_the_same_of_every_currency() -> None:
    for currency in STEPS:
        for amount in range(1_001):
            assert movable(amount, currency, STEPS) == (to_stripe(amount, currency) is not None), currency


@pytest.mark.parametrize(("currency", "told"), [("UGX", 550), ("IQD", 1_000)])
def test_what_is_no_amount_of_ours_is_not_read_as_one(currency: str, told: int) -> None:
    with pytest.raises(ValueError, match=currency):
        from_stripe(told, currency)


def test_a_provider_without_a_table_moves_any_amount() -> None:
    assert movable(5_124, "BHD", None)
