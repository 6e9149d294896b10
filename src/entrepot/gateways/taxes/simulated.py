"""The simulated tax provider: a table of rates and the companies that have an account with it.

It refuses what AvaTax would refuse, in AvaTax's words: an order of a company that it does not know.
"""

from collections.abc import Collection

from entrepot.domain.taxes import RateTable, TaxQuery, compute
from entrepot.gateways.taxes.port import TaxAnswer, TaxRefused


class SimulatedTaxes:
    """Answers from the workspace's own rates, without leaving the process."""

    in_process: bool = True

    def __init__(self, companies: Collection[str], rates: RateTable) -> None:
        self._companies = companies
        self._rates = rates

    async def quote(self, query: TaxQuery) -> TaxAnswer:
        """Compute the quote, or refuse a company without an account."""
        return answer(query, self._companies, self._rates)


def answer(query: TaxQuery, companies: Collection[str], rates: RateTable) -> TaxAnswer:
    """Do what `SimulatedTaxes.quote` does as a plain function, for use between a batch's load and write."""
    if query.company not in companies:
        return _unknown_company(query.company)
    return compute(query, rates)


def _unknown_company(company: str) -> TaxRefused:
    return TaxRefused(
        message="Company not found.",
        code="EntityNotFoundError",
        number=4,
        description=f"The Company with code '{company}' was not found.",
        fault_code="Client",
        help_link="https://developer.avalara.com/avatax/errors/EntityNotFoundError",
        severity="Error",
    )
