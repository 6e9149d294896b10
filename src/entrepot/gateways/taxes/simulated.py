"""The simulated tax provider behind the port: the workspace's own companies and rates, asked in-process."""

from collections.abc import Mapping

from entrepot.domain.pricing.taxes import RateTable, TaxCompany, TaxQuery, simulate
from entrepot.gateways.taxes.port import TaxAnswer


class SimulatedTaxes:
    """Answers from the records that it was given; what it decides is `entrepot.domain.pricing.taxes.simulate`."""

    in_process: bool = True

    def __init__(self, companies: Mapping[str, TaxCompany], rates: RateTable) -> None:
        self._companies = companies
        self._rates = rates

    async def quote(self, query: TaxQuery) -> TaxAnswer:
        """Compute the quote, or refuse a company that has no account."""
        return simulate(query, self._companies.get(query.company), self._rates)
