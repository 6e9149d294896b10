"""Proving that an order is paid: the partner or the card provider is asked by whoever drives its attempt.

After a crash whoever takes the attempt over finds out what became of the charge, and never makes one.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from entrepot.domain.channels.accounts import CardSettings, ChannelSettings, ExternalApi
from entrepot.domain.checkout.attempt_endings import CompleteAttempt
from entrepot.domain.placing.attempts import Attempt
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.charge import Charge, Charged, Charging, NotCharged
from entrepot.engine.money.endings import EndBy, Ending, InDoubt, release
from entrepot.failures.payments import ASK_AGAIN, ExternalPaymentRefused, ExternalPaymentUndecided
from entrepot.gateways.tokens.port import Invalid, NoVerdict, TokenAnswer, TokenQuery, Valid
from entrepot.store.connections import Pool
from entrepot.store.queries.attempts import read_settings
from entrepot.store.queries.workspaces import is_sandbox


class PaymentProofs:
    """The way of attempts that place or pay: all calls of one take `seconds` together, in real time."""

    def __init__(self, reads: Pool, gateways: Gateways, seconds: float) -> None:
        self._reads = reads
        self._gateways = gateways
        self._seconds = seconds

    async def lacks_cards(self, workspace: int, settings: CardSettings, environment: str) -> bool:
        """Whether nobody stands behind an account's cards: the simulated bank is for sandboxes and test orders."""
        if settings.gateway != "bank" or environment == "test":
            return False
        async with self._reads.acquire() as connection:
            return not await is_sandbox(connection, workspace)

    async def validate(
        self, workspace: int, attempt: Attempt, api: ExternalApi, question: TokenQuery
    ) -> Ending:
        """Ask the partner about the token; its verdict is the attempt's end."""
        answer: TokenAnswer = NoVerdict("no reply within the time limit")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                answer = await self._gateways.tokens(workspace, api).validate(question)
        if isinstance(answer, Valid):
            return EndBy(CompleteAttempt(attempt.id, attempt.order, attempt.draft))
        if isinstance(answer, Invalid):
            return release(attempt, ExternalPaymentRefused())
        return release(attempt, undecided(api))

    async def charge(
        self, workspace: int, attempt: Attempt, settings: CardSettings, token: str | None
    ) -> Ending:
        """Charge the card; what became of that is the attempt's end."""
        gateway = self._gateways.cards(workspace, settings, attempt.environment)
        return _ending(attempt, await Charging(gateway, attempt, self._seconds).charge(token))

    async def settle(self, workspace: int, attempt: Attempt) -> Ending:
        """What became of it: nothing was charged for an external one, a card's provider is asked."""
        async with self._reads.acquire() as connection:
            settings: ChannelSettings = await read_settings(connection, workspace, attempt.channel)
        if attempt.draft.vouched:
            config = settings.external_payment
            return release(attempt, undecided(config.api if config else None))
        gateway = self._gateways.cards(workspace, settings.cards, attempt.environment)
        return _ending(attempt, await Charging(gateway, attempt, self._seconds).settle(), untold=True)


def _ending(attempt: Attempt, charge: Charge, *, untold: bool = False) -> Ending:
    match charge:
        case Charged(intent, description, secret):
            new = attempt.kind == "place"
            names = (attempt.id, attempt.order, attempt.draft)
            return EndBy(CompleteAttempt(*names, intent, description, untold, new), secret)
        case NotCharged():
            return release(attempt, charge.failure)
        case InDoubt():
            return charge


def undecided(api: ExternalApi | None) -> ExternalPaymentUndecided:
    """No verdict, with those of the account's settings that may be shown."""
    return ExternalPaymentUndecided(
        ASK_AGAIN, "api", api.skip_validation if api else False, api.type if api else "apiKey"
    )
