"""The order placement: the way of an order from a command to an outcome, with the outside calls that it needs.

Quote on a plain read, reserve in batch 1, ask outside, complete or release in batch 2. Where nobody outside is asked,
it is one batch. A caller who leaves stops nothing: what was reserved is driven to its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256
from uuid import uuid4

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.commands import Refused, refused, refused_as
from entrepot.domain.kernel.money import to_major
from entrepot.domain.placing.attempts import Attempt, Reserved
from entrepot.domain.placing.basket import Basket
from entrepot.domain.placing.draft import OrderCommand, Quoted, quote_question, simulated_taxes
from entrepot.domain.placing.place import Placed, needs_proof
from entrepot.domain.placing.reserve import ReserveOrder
from entrepot.domain.pricing.taxes import TaxQuery, TaxQuote
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.attempts import AttemptProcessor
from entrepot.engine.money.charge import preparation
from entrepot.engine.money.proofs import PaymentProofs
from entrepot.engine.money.turns import in_turn, unless_made
from entrepot.engine.money.unbroken import Unbroken
from entrepot.failures import Failure, Unavailable
from entrepot.failures.orders import QuoteStale
from entrepot.failures.payments import ASK_AGAIN, CardProviderFailed, CardProviderSilent
from entrepot.gateways.cards.port import CreateIntent, Intent
from entrepot.gateways.taxes.port import TaxAnswer
from entrepot.gateways.tokens.port import TokenAmounts, TokenQuery
from entrepot.store.connections import FAULTS, Pool

QUOTES = 3
"""A quote that went stale is asked for again twice."""
NO_BROWSER_FOR_TESTS = (
    "Test orders take test tokens, and no payment intents of a browser: submit one of them."
)


NO_PROVIDER = "No card provider is set up for the account."


class PaymentCredential(msgspec.Struct, frozen=True):
    """What proves the payment, as the caller sent it. It is never stored and its `repr` hides it.

    `intent` is a charge that the shopper's browser prepared; then `token` is None. `said` is all that the caller said,
    for the name of the request.
    """

    token: str | None
    intent: str | None = None
    said: object = None

    @property
    def request(self) -> str | None:
        """The request's name, a hash: the same for every writing of the same values. Orders in house need none."""
        if self.said is None:
            return None
        return sha256(msgspec.json.encode(self.said, order="deterministic")).hexdigest()

    def __repr__(self) -> str:
        return "PaymentCredential(<redacted>)"


class OrderPlacement:
    """Places and pays orders of any workspace."""

    def __init__(
        self,
        engine: Engine,
        reads: Pool,
        gateways: Gateways,
        attempts: AttemptProcessor,
        proofs: PaymentProofs,
    ) -> None:
        self.attempts = attempts
        self._proofs = proofs
        self._engine = engine
        self._reads = reads
        self._gateways = gateways
        self._unbroken = Unbroken()

    async def place(
        self,
        workspace: int,
        settings: ChannelSettings,
        command: OrderCommand,
        proof: PaymentCredential | None = None,
    ) -> Outcome:
        """Bring an order command to its outcome; without a proof nothing is paid (an order recorded as pending)."""
        if (steps := self._gateways.steps(settings.cards, command.basket.environment)) is not None:
            command = msgspec.structs.replace(command, steps=steps)
        if in_house(settings, command.basket, proof):
            # One command, which the engine brings to its end whether or not we wait.
            return await self._placed(workspace, settings, command, proof)
        return await self._unbroken.run(self._placed_or_made(workspace, settings, command, proof))

    async def prepare(
        self, workspace: int, settings: ChannelSettings, basket: Basket, amount: int
    ) -> str | Failure:
        """A charge for the shopper's browser to confirm: its client secret, or why there is none."""
        if basket.environment == "test":
            return CardProviderFailed(NO_BROWSER_FOR_TESTS, "", "", "")
        if await self._proofs.lacks_cards(workspace, settings.cards, basket.environment):
            return CardProviderFailed(NO_PROVIDER, "", "", "")
        gateway = self._gateways.cards(workspace, settings.cards, basket.environment)
        mark = preparation(basket.channel, basket.environment)
        intent = await gateway.create_intent(CreateIntent(uuid4().hex, amount, basket.currency, mark))
        if isinstance(intent, Intent):
            return intent.client_secret
        if intent.message is None:
            return CardProviderSilent(ASK_AGAIN, "", "", "")
        return CardProviderFailed(intent.message, "", "", "")

    async def taxes(self, workspace: int, settings: ChannelSettings, query: TaxQuery) -> TaxAnswer:
        """What the account's outside tax provider says to a question."""
        return await self._gateways.taxes(workspace, settings.taxes).quote(query)

    @property
    def idle(self) -> bool:
        """Whether no order is on its way, with or without a caller who waits for it."""
        return self._unbroken.idle

    async def stop(self) -> None:
        """Wait for the orders that are on their way."""
        await self._unbroken.stop()
        await self.attempts.stop()

    async def made_before(self, workspace: int, basket: Basket, proof: PaymentCredential) -> Placed | None:
        """The order that came of this very request, where its caller had been told of a failure."""
        return await self.attempts.made_before(workspace, basket.channel, basket.environment, proof.request)

    async def _placed_or_made(
        self,
        workspace: int,
        settings: ChannelSettings,
        command: OrderCommand,
        proof: PaymentCredential | None,
    ) -> Outcome:
        """The outcome, where others are asked: of a refusal the order may exist all the same."""
        outcome = await self._placed(workspace, settings, command, proof)
        if not isinstance(outcome, Refused) or proof is None:
            return outcome
        basket = command.basket
        return await unless_made(
            self.attempts, workspace, outcome, basket.channel, basket.environment, proof.request
        )

    async def _placed(
        self,
        workspace: int,
        settings: ChannelSettings,
        command: OrderCommand,
        proof: PaymentCredential | None,
    ) -> Outcome:
        quotes = iter(range(1, QUOTES))
        once = partial(self._quoted_anew, workspace, settings, command, proof, quotes)
        return await in_turn(self.attempts, workspace, once)

    async def _quoted_anew(
        self,
        workspace: int,
        settings: ChannelSettings,
        command: OrderCommand,
        proof: PaymentCredential | None,
        quotes: Iterator[int],
    ) -> Outcome:
        """As often as there are `quotes` left, of which one is used up by each quote that went stale."""
        outcome = await self._once(workspace, settings, command, proof)
        while refused_as(outcome, QuoteStale) and next(quotes, None):
            outcome = await self._once(workspace, settings, command, proof)
        return outcome

    async def _once(
        self,
        workspace: int,
        settings: ChannelSettings,
        command: OrderCommand,
        proof: PaymentCredential | None,
    ) -> Outcome:
        if not simulated_taxes(settings, command.basket):
            quoted = await self._quoted(workspace, settings, command)
            if isinstance(quoted, Refused):
                return quoted
            command = msgspec.structs.replace(command, quoted=quoted)
        if proof is None or not needs_proof(settings, command.basket):
            return await self._engine.execute(workspace, command)
        reserved = await self._engine.execute(workspace, _reserving(command, proof, self.attempts.lease()))
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
        self, workspace: int, settings: ChannelSettings, attempt: Attempt, proof: PaymentCredential
    ) -> Outcome:
        if attempt.draft.vouched:
            config = settings.external_payment
            api = config.api if config else None
            if api is None:
                raise LookupError("an external order was reserved for an account that cannot have one")
            calls = self._proofs.validate(workspace, attempt, api, _question(attempt, proof))
        else:
            calls = self._proofs.charge(workspace, attempt, settings.cards, proof.token)
        return await self.attempts.drive(workspace, attempt, calls)


def in_house(settings: ChannelSettings, basket: Basket, proof: PaymentCredential | None) -> bool:
    """Whether the order comes to be in one batch: nobody outside is asked about taxes or the payment."""
    return simulated_taxes(settings, basket) and (proof is None or not needs_proof(settings, basket))


def _reserving(command: OrderCommand, proof: PaymentCredential, lease: datetime) -> ReserveOrder:
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
        request=proof.request,
    )


def _question(attempt: Attempt, proof: PaymentCredential) -> TokenQuery:
    order, payment = attempt.draft.order, attempt.draft.payment
    reported = (payment.reported if payment else None) or {}
    amounts = TokenAmounts(
        *(_major(reported, name, order.currency) for name in ("shipping", "taxes", "goods"))
    )
    return TokenQuery(proof.token or "", order.currency, amounts, order.external_id)


def _major(amounts: dict[str, int], name: str, currency: str) -> Decimal:
    return to_major(amounts.get(name, 0), currency)
