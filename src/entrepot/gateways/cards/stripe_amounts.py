"""How Stripe counts money: its own table, which differs from ISO 4217 (its page on currencies, `/currencies`).

All amounts that go to Stripe, and all that come from it, pass here. Amounts of ours are in ISO minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot.domain.channels.charging import Steps
from entrepot.domain.kernel.money import exponent
from entrepot.gateways.cards.port import AMOUNT_NOT_COUNTED, CallFailed

NOT_COUNTED: Final = CallFailed(
    "The amount cannot be charged in this currency.", in_doubt=False, code=AMOUNT_NOT_COUNTED
)

_WHOLE: Final = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
"""Counted in whole units."""
_WHOLE_IN_HUNDREDTHS: Final = "ISK UGX"
"""Counted in hundredths, of which only whole units may be asked for. (HUF and TWD are so in payouts of Stripe's own
to a bank, which we never ask for; charges in them have two decimals.)"""
_THOUSANDTHS_BY_TENS: Final = "BHD JOD KWD OMR TND"
"""Counted in thousandths; the last digit must be 0."""
_HUNDREDTHS: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE CZK
DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR
LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW
"""


def _forms() -> dict[str, tuple[int, int]]:
    """For each currency its decimals at Stripe, and the step in Stripe's unit."""
    kinds = {
        _WHOLE: (0, 1),
        _WHOLE_IN_HUNDREDTHS: (2, 100),
        _THOUSANDTHS_BY_TENS: (3, 10),
        _HUNDREDTHS: (2, 1),
    }
    return {currency: form for names, form in kinds.items() for currency in names.split()}


_FORMS: Final[Mapping[str, tuple[int, int]]] = _forms()


def _step(currency: str, decimals: int, step: int) -> int:
    """Stripe's step in our minor units, at least one of them."""
    ours, theirs = 10 ** exponent(currency), 10**decimals
    return max(step * ours // theirs, 1)


STEPS: Final[Steps] = {currency: _step(currency, *form) for currency, form in _FORMS.items()}
"""What Stripe can charge, for the rules that price an order."""


def to_stripe(amount: int, currency: str) -> int | None:
    """An amount as Stripe counts it; None where it cannot be said to Stripe exactly."""
    form = _FORMS.get(currency)
    if form is None:
        return None
    told, rest = divmod(amount * 10 ** form[0], 10 ** exponent(currency))
    return told if rest == 0 and told % form[1] == 0 else None


def from_stripe(told: int, currency: str) -> int:
    """An amount of Stripe's in our minor units. Raises ValueError for one that is no amount of ours."""
    form = _FORMS.get(currency)
    amount, rest = divmod(told * 10 ** exponent(currency), 10 ** form[0]) if form else (0, 1)
    if rest:
        raise ValueError(f"{currency}: an amount that is not counted here")
    return amount
