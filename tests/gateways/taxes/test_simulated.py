"""The simulated provider behind the port answers what the domain computes."""

from entrepot.domain.pricing.taxes import (
    Destination,
    TaxCompany,
    TaxLine,
    TaxQuery,
    TaxQuote,
    TaxRate,
    rate_table,
)
from entrepot.failures.payments import TaxRefused
from entrepot.gateways.taxes.port import TaxGateway
from entrepot.gateways.taxes.simulated import SimulatedTaxes


async def test_a_company_with_an_account_gets_a_quote_and_another_none():
    rates = rate_table([TaxRate("CA", "ON", rate=130_000)])
    gateway: TaxGateway = SimulatedTaxes({"ABC": TaxCompany("ABC")}, rates)
    line = TaxLine("1", 10_000, "CA")
    known = TaxQuery("ABC", "CAD", Destination("CA", "ON"), (line,))
    assert await gateway.quote(known) == TaxQuote((1_300,), (), (0,))
    refusal = await gateway.quote(TaxQuery("XYZ", "CAD", Destination("CA", "ON"), (line,)))
    assert isinstance(refusal, TaxRefused)
    assert refusal.description == "The Company with code 'XYZ' was not found."
    assert gateway.in_process
