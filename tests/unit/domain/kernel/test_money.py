"""Money as somebody writes it: read exactly, or refused; never rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.kernel.money import LARGEST, exponent, read_amount, to_major

HELD = [
    ("349.00", "SEK", 34_900),
    (349, "SEK", 34_900),
    (0.01, "SEK", 1),
    (Decimal("0.010"), "SEK", 1),
    ("5200", "JPY", 5_200),
    ("1.234", "KWD", 1_234),
    ("1.2345", "CLF", 12_345),
    ("-5.00", "USD", -500),
    (0, "USD", 0),
    (f"{LARGEST}", "JPY", LARGEST),
]
NOT_HELD = [
    (0.004, "SEK"),  # once read as 0, and the article could be bought
    (Decimal("349.004"), "SEK"),
    ("349.999", "EUR"),
    (1.5, "JPY"),
    ("1.2345", "KWD"),
    (1e-30, "SEK"),
    (0.1 + 0.2, "USD"),
    (f"{LARGEST + 1}", "JPY"),
    (Decimal("1E+15"), "SEK"),
    (Decimal("NaN"), "SEK"),
    ("twelve", "SEK"),
    ("1e3", "SEK"),
    (" 1", "SEK"),
    ("１", "SEK"),
    ("", "SEK"),
]


@pytest.mark.parametrize(("written", "currency", "minor"), HELD)
def test_what_a_currency_can_hold_is_read_exactly(
    written: Decimal | float | str, currency: str, minor: int
) -> None:
    assert read_amount(written, currency) == minor


@pytest.mark.parametrize(("written", "currency"), NOT_HELD)
def test_what_a_currency_cannot_hold_is_not_read(written: Decimal | float | str, currency: str) -> None:
    assert read_amount(written, currency) is None


@given(st.integers(-LARGEST, LARGEST), st.sampled_from(["SEK", "JPY", "KWD", "CLF", "UGX"]))
def test_what_is_shown_is_read_as_it_was(minor: int, currency: str) -> None:
    assert read_amount(to_major(minor, currency), currency) == minor
    assert read_amount(f"{to_major(minor, currency):.{exponent(currency)}f}", currency) == minor
