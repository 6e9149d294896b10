"""Taxes and duties of one order: the records that ask and answer, and the computation from a table of rates.

Amounts are integers in the minor unit of the query's currency and not negative; rates are millionths (13 % is
130_000). Each line is rounded half-up on its own and sums are sums of rounded parts (decision bonsai U14).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from entrepot.domain.kernel.money import exponent, share
from entrepot.domain.kernel.places import Premises
from entrepot.domain.kernel.records import Record
from entrepot.failures.payments import TaxRefused


class Destination(msgspec.Struct, frozen=True):
    """Where the order goes. `country` is ISO 3166-1 alpha-2, `province` what follows it in ISO 3166-2."""

    country: str
    province: str = ""
    zip: str = ""
    city: str = ""
    address1: str = ""


class TaxLine(msgspec.Struct, frozen=True):
    """A line of goods or of shipping. `amount` is that of the whole line, whatever the quantity.

    `merchant_country` and `merchant_address` are where the goods are sent from; `tax_included`: the price already
    holds the tax. `tax_code` and `hs_code` classify the goods for a provider that asks; a table of rates has one class.
    """

    ref: str
    amount: int
    merchant_country: str
    tax_included: bool = False
    quantity: int = 1
    tax_code: str = ""
    hs_code: str = ""
    merchant_address: Premises = Premises()


class TaxQuery(msgspec.Struct, frozen=True):
    """One order as a tax provider sees it."""

    company: str
    currency: str
    ship_to: Destination
    lines: tuple[TaxLine, ...]
    shipping: tuple[TaxLine, ...] = ()


class TaxCompany(Record, frozen=True):
    """A company that has an account with the simulated provider."""

    code: str

    @property
    def key(self) -> Hashable:
        """The company's code."""
        return self.code


class TaxRate(Record, frozen=True):
    """What a region levies. `province` "" stands for all regions of the country without a rate of their own.

    `duty_threshold` is the largest value, in hundredths of a major unit of the order's currency whatever its decimals,
    that goods from one foreign country may have together to enter free of duty.
    """

    country: str
    province: str
    rate: int
    shipping_taxed: bool = False
    duty_rate: int = 0
    duty_threshold: int = 0

    @property
    def key(self) -> Hashable:
        """Country and province."""
        return (self.country, self.province)


class TaxQuote(msgspec.Struct, frozen=True):
    """What is added to the prices: tax and duty per line of goods, tax per line of shipping."""

    line_taxes: tuple[int, ...]
    shipping_taxes: tuple[int, ...]
    duties: tuple[int, ...]

    @property
    def goods_tax(self) -> int:
        """The tax on all goods."""
        return sum(self.line_taxes)

    @property
    def shipping_tax(self) -> int:
        """The tax on all shipping."""
        return sum(self.shipping_taxes)

    @property
    def total_tax(self) -> int:
        """The tax on goods and shipping, without duties."""
        return self.goods_tax + self.shipping_tax

    @property
    def total_duties(self) -> int:
        """The duties on all goods."""
        return sum(self.duties)


RateTable: TypeAlias = Mapping[tuple[str, str], TaxRate]
"""Rates by country and province."""


_NEED_MORE_THAN_A_COUNTRY = ("CA", "US")


def unquotable(country: str, province: str, zip_code: str) -> tuple[str, ...]:
    """What an outside tax provider lacks of where goods are sent from: in some countries their name is too little."""
    if country not in _NEED_MORE_THAN_A_COUNTRY:
        return ()
    return tuple(name for name, value in (("province", province), ("zip", zip_code)) if not value)


def rate_table(rates: Iterable[TaxRate]) -> RateTable:
    """Index rates by their region; of two for one region the later counts."""
    return {(rate.country, rate.province): rate for rate in rates}


def rate_for(ship_to: Destination, rates: RateTable) -> TaxRate:
    """Return the rate of the province, else that of its country, else one of zero: no rate means no levy."""
    country, province = ship_to.country, ship_to.province
    return rates.get((country, province)) or rates.get((country, "")) or TaxRate(country, province, rate=0)


def compute(query: TaxQuery, rates: RateTable) -> TaxQuote:
    """Compute taxes and duties of an order from a table of rates."""
    rate = rate_for(query.ship_to, rates)
    return TaxQuote(
        line_taxes=_taxes(query.lines, rate.rate),
        shipping_taxes=_taxes(query.shipping, rate.rate if rate.shipping_taxed else 0),
        duties=_duties(query, rate),
    )


def simulate(query: TaxQuery, company: TaxCompany | None, rates: RateTable) -> TaxQuote | TaxRefused:
    """Answer as the simulated provider: a company without an account is refused in the words of a real one."""
    return compute(query, rates) if company else _unknown_company(query.company)


def _unknown_company(code: str) -> TaxRefused:
    return TaxRefused(
        message="Company not found.",
        code="EntityNotFoundError",
        number=4,
        description=f"The Company with code '{code}' was not found.",
        fault_code="Client",
        help_link="https://developer.avalara.com/avatax/errors/EntityNotFoundError",
        severity="Error",
    )


def _taxes(lines: tuple[TaxLine, ...], millionths: int) -> tuple[int, ...]:
    return tuple([0 if line.tax_included else share(line.amount, millionths) for line in lines])


def _duties(query: TaxQuery, rate: TaxRate) -> tuple[int, ...]:
    """Levy duty on goods from abroad; goods from one country are one consignment against the threshold."""
    if not rate.duty_rate:
        return (0,) * len(query.lines)
    threshold = rate.duty_threshold * 10 ** exponent(query.currency)
    consignments: defaultdict[str, int] = defaultdict(int)
    for line in query.lines:
        consignments[line.merchant_country] += line.amount
    dutiable = {
        country
        for country, value in consignments.items()
        if country != query.ship_to.country and value * 100 > threshold
    }
    return tuple(
        share(line.amount, rate.duty_rate) if line.merchant_country in dutiable else 0 for line in query.lines
    )
