"""The order desk: the way of an order from a command to an outcome, with the outside calls that it needs.

Quote on a plain read, reserve in batch 1, ask outside, complete or release in batch 2. Where nobody outside is asked,
it is one batch. A caller who leaves stops nothing: what was reserved is driven to its end.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings, ExternalApi
from entrepot.domain.kernel.money import to_major
from entrepot.domain.kernel.records import Refused, refused
from entrepot.domain.placing.attempts import Attempt
from entrepot.domain.placing.basket import EXTERNAL, Basket
from entrepot.domain.placing.draft import OrderCommand, Quoted, quote_question, simulated_taxes
from entrepot.domain.placing.place import InFlight, needs_proof
from entrepot.domain.placing.reserve import Reserved, ReserveOrder
from entrepot.domain.pricing.taxes import TaxQuery, TaxQuote
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.gateways import Vendors
from entrepot.engine.money.attempts import ATTEMPT_SECONDS, Driver, undecided
from entrepot.engine.money.charge import preparation
from entrepot.failures import Failure, Unavailable
from entrepot.failures.orders import QuoteStale
from entrepot.failures.payments import CardProviderFailed
from entrepot.gateways.cards.port import UNREACHABLE, CreateIntent, Intent
from entrepot.gateways.taxes.port import TaxAnswer
from entrepot.gateways.tokens.port import TokenAmounts, TokenQuery
from entrepot.store.connections import FAULTS, Pool

QUOTES = 3
"""A quote that went stale is asked for again twice."""
WAIT_SECONDS = 25.0
"""How long a request waits for another attempt with the same token or external id to end."""


STILL_OPEN_SECONDS = 5
"""When to try again to record an order whose external id an open attempt holds."""


class Proof(msgspec.Struct, frozen=True):
    """What proves the payment, as the caller sent it. It is never stored and its `repr` hides it.

    `intent` is a charge that the shopper's browser prepared; then `token` is None.
    """

    token: str | None
    intent: str | None = None

    def __repr__(self) -> str:
        return "Proof(<redacted>)"


class OrderDesk:
    """Places and pays orders of any workspace."""

    def __init__(
        self, engine: Engine, reads: Pool, vendors: Vendors, attempt_seconds: float = ATTEMPT_SECONDS
    ) -> None:
        self.driver = Driver(engine, reads, vendors, attempt_seconds)
        self._engine = engine
        self._reads = reads
        self._vendors = vendors
        self._tasks: set[asyncio.Task[Outcome]] = set()

    async def place(
        self, workspace: int, settings: ChannelSettings, command: OrderCommand, proof: Proof | None = None
    ) -> Outcome:
        """Bring an order command to its outcome; without a proof nothing is paid (an order recorded as pending)."""
        steps = self._vendors.steps(settings.cards, command.basket.environment)
        command = msgspec.structs.replace(command, steps=steps)
        placing = self._placed(workspace, settings, command, proof)
        if in_house(settings, command.basket, proof):
            return await placing  # one command, which the engine brings to its end whether or not we wait
        task = asyncio.create_task(placing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def prepare(
        self, workspace: int, settings: ChannelSettings, basket: Basket, amount: int
    ) -> str | None:
        """A charge for the shopper's browser to confirm: its client secret, or None where the provider fails."""
        gateway = self._vendors.cards(workspace, settings.cards, basket.environment)
        mark = preparation(basket.channel, basket.environment)
        intent = await gateway.create_intent(CreateIntent(uuid4().hex, amount, basket.currency, mark))
        return intent.client_secret if isinstance(intent, Intent) else None

    async def taxes(self, workspace: int, settings: ChannelSettings, query: TaxQuery) -> TaxAnswer:
        """What the account's outside tax provider says to a question."""
        return await self._vendors.taxes(workspace, settings.taxes).quote(query)

    @property
    def idle(self) -> bool:
        """Whether no order is on its way, with or without a caller who waits for it."""
        return not self._tasks

    async def stop(self) -> None:
        """Wait for the orders that are on their way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.driver.stop()

    async def _placed(
        self, workspace: int, settings: ChannelSettings, command: OrderCommand, proof: Proof | None
    ) -> Outcome:
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        stale = 0
        while True:
            outcome = await self._once(workspace, settings, command, proof)
            if isinstance(outcome, InFlight):
                if not await self.driver.await_end(workspace, outcome.attempt, deadline):
                    return refused(_still_open(settings, command))
            elif (
                isinstance(outcome, Refused)
                and isinstance(outcome.failures[0], QuoteStale)
                and stale < QUOTES - 1
            ):
                stale += 1
            else:
                return outcome

    async def _once(
        self, workspace: int, settings: ChannelSettings, command: OrderCommand, proof: Proof | None
    ) -> Outcome:
        if not simulated_taxes(settings, command.basket):
            quoted = await self._quoted(workspace, settings, command)
            if isinstance(quoted, Refused):
                return quoted
            command = msgspec.structs.replace(command, quoted=quoted)
        if proof is None or not needs_proof(settings, command.basket):
            return await self._engine.execute(workspace, command)
        reserved = await self._engine.execute(workspace, _reserving(command, proof, self.driver.lease()))
        if not isinstance(reserved, Reserved):
            return reserved
        return await self._drive(workspace, settings, reserved.attempt, proof)

    async def _quoted(
        self, workspace: int, settings: ChannelSettings, command: OrderCommand
    ) -> Quoted | Refused | None:
        """Ask the tax provider, after every check that comes before it has passed on a plain read."""
        try:
            async with self._reads.acquire() as connection:
                view = await self._engine.preview(connection, workspace, command)
        except FAULTS:
            return refused(Unavailable(1))
        query = quote_question(command, view)
        if isinstance(query, Refused) or query is None:
            return query
        answer = await self.taxes(workspace, settings, query)
        return Quoted(query, answer) if isinstance(answer, TaxQuote) else refused(answer)

    async def _drive(
        self, workspace: int, settings: ChannelSettings, attempt: Attempt, proof: Proof
    ) -> Outcome:
        if attempt.draft.basket.payment.method == EXTERNAL:
            config = settings.external_payment
            api = config.api if config else None
            if api is None:
                raise LookupError("an external order was reserved for an account that cannot have one")
            question = _question(attempt, proof)
            return await self.driver.validate(workspace, attempt, api, question)
        return await self.driver.charge(workspace, attempt, settings.cards, proof.token)


def in_house(settings: ChannelSettings, basket: Basket, proof: Proof | None) -> bool:
    """Whether the order comes to be in one batch: nobody outside is asked about taxes or the payment."""
    return simulated_taxes(settings, basket) and (proof is None or not needs_proof(settings, basket))


def _api(settings: ChannelSettings) -> ExternalApi | None:
    config = settings.external_payment
    return (
        config.api if config and config.type == "api" and config.api and config.api.type == "apiKey" else None
    )


def _reserving(command: OrderCommand, proof: Proof, lease: datetime) -> ReserveOrder:
    return ReserveOrder(
        basket=command.basket,
        person=command.person,
        note=command.note,
        data=command.data,
        quoted=command.quoted,
        existing=command.existing,
        steps=command.steps,
        lease_until=lease,
        intent=proof.intent,
    )


def _question(attempt: Attempt, proof: Proof) -> TokenQuery:
    basket = attempt.draft.basket
    reported = basket.payment.amounts or {}
    amounts = TokenAmounts(
        *(_major(reported, name, basket.currency) for name in ("shipping", "taxes", "goods"))
    )
    return TokenQuery(proof.token or "", basket.currency, amounts, basket.external_id)


def _major(amounts: dict[str, int], name: str, currency: str) -> Decimal:
    return to_major(amounts.get(name, 0), currency)


def _still_open(settings: ChannelSettings, command: OrderCommand) -> Failure:
    """What is said when an earlier attempt with the same token or external id does not come to its end."""
    if not command.pays:
        return Unavailable(STILL_OPEN_SECONDS)
    if command.basket.payment.method == EXTERNAL:
        return undecided(_api(settings))
    person = command.person
    return CardProviderFailed(UNREACHABLE, person.email, person.first_name, person.last_name)
