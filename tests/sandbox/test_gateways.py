"""Faults on gateways: what a broken line comes to, and whether the call took effect."""

import asyncio
from decimal import Decimal
from typing import Any, cast

import pytest

from entrepot.failures.payments import ASK_AGAIN, TaxRefused, TaxUnavailable
from entrepot.gateways.cards.port import CallFailed, CardGateway, Intent
from entrepot.gateways.taxes.simulated import SimulatedTaxes
from entrepot.gateways.tokens.port import NoVerdict, TokenAmounts, TokenQuery, TokenValidator, Valid
from entrepot.sandbox.faults import FaultOrder, Faults, InjectedFaultError, Scope
from entrepot.sandbox.targets import Kind

INTENT = Intent("pi_1", "requires_capture", 100, "USD", "secret")


class Cards:
    """A gateway that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def confirm(self, intent_id: str, token: str | None, key: str) -> Intent:
        self.asked.append((intent_id, token, key))
        return INTENT

    async def read(self, intent_id: str) -> Intent:
        self.asked.append((intent_id,))
        return INTENT


@pytest.fixture
def faults() -> Faults:
    return Faults()


def cards(faults: Faults, gateway: Cards, workspace: int = 1) -> CardGateway:
    return faults.wrap_gateway("cards", cast("CardGateway", gateway), workspace)


async def test_without_a_fault_the_call_goes_through(faults: Faults) -> None:
    gateway = Cards()
    assert await cards(faults, gateway).confirm("pi_1", "tok", key="k") is INTENT
    assert gateway.asked == [("pi_1", "tok", "k")]


@pytest.mark.parametrize(
    ("kind", "answer", "calls"),
    [
        ("refuse", CallFailed(None, in_doubt=False), 0),
        ("timeout", CallFailed(None, in_doubt=True), 0),
        ("drop", CallFailed(None, in_doubt=True), 1),
        ("slow", INTENT, 1),
    ],
)
async def test_cards(faults: Faults, kind: Kind, answer: object, calls: int) -> None:
    gateway = Cards()
    faults.add(FaultOrder("cards.confirm", kind, delay=0.01))
    assert await cards(faults, gateway).confirm("pi_1", "tok", "k") == answer
    assert len(gateway.asked) == calls
    assert await cards(faults, gateway).confirm("pi_1", "tok", "k") is INTENT  # it has healed


async def test_an_error_is_raised(faults: Faults) -> None:
    faults.add(FaultOrder("cards.confirm", "error"))
    with pytest.raises(InjectedFaultError, match=r"cards\.confirm"):
        await cards(faults, Cards()).confirm("pi_1", "tok", "k")


async def test_reading_is_never_in_doubt(faults: Faults) -> None:
    faults.add(FaultOrder("cards.read", "drop"))
    assert await cards(faults, Cards()).read("pi_1") == CallFailed(None, in_doubt=False)


async def test_only_its_own_workspace_is_hit(faults: Faults) -> None:
    faults.add(FaultOrder("cards.confirm", "refuse"), Scope(3))
    assert await cards(faults, Cards(), workspace=2).confirm("pi_1", "tok", "k") is INTENT
    assert isinstance(await cards(faults, Cards(), workspace=3).confirm("pi_1", "tok", "k"), CallFailed)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("refuse", "FetchError: request to {url} failed, reason: connect ECONNREFUSED rest.avatax.com:443"),
        ("timeout", "FetchError: network timeout at: {url}"),
        ("drop", "FetchError: request to {url} failed, reason: socket hang up"),
    ],
)
async def test_taxes_say_what_the_real_provider_s_line_says(
    faults: Faults, kind: Kind, sentence: str
) -> None:
    gateway = faults.wrap_gateway("taxes", SimulatedTaxes({}, {}))
    faults.add(FaultOrder("taxes.quote", kind, delay=0))
    query: Any = _TaxQuery()
    answer = await gateway.quote(query)
    url = "https://rest.avatax.com/api/v2/transactions/create"
    assert answer == TaxUnavailable(ASK_AGAIN, sentence.format(url=url))
    assert isinstance(await gateway.quote(query), TaxRefused)


class _TaxQuery:
    """Enough of a query for a company that has no account."""

    company = "NOBODY"


class Partner:
    in_process = False

    async def validate(self, query: TokenQuery) -> Valid:
        return Valid()


@pytest.mark.parametrize("kind", ["refuse", "timeout", "drop"])
async def test_tokens_get_no_verdict(faults: Faults, kind: Kind) -> None:
    partner: TokenValidator = faults.wrap_gateway("tokens", Partner())
    faults.add(FaultOrder("tokens.validate", kind, delay=0))
    zero = Decimal(0)
    query = TokenQuery("secret-token", "USD", TokenAmounts(zero, zero, zero))
    answer = await partner.validate(query)
    assert isinstance(answer, NoVerdict)
    assert "secret-token" not in answer.reason
    assert await partner.validate(query) == Valid()


async def test_a_timeout_takes_its_time_and_ends_when_lifted(faults: Faults) -> None:
    faults.add(FaultOrder("cards.confirm", "timeout"))
    call = asyncio.create_task(cards(faults, Cards()).confirm("pi_1", "tok", "k"))
    await asyncio.sleep(0.02)
    assert not call.done()
    faults.clear()
    assert isinstance(await asyncio.wait_for(call, 60), CallFailed)
