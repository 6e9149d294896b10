"""Charging a card for an attempt, and finding out later what became of a charge.

The intent is made without a token under the attempt's own key, so making it again is safe while the provider knows the
key, and tells its id; later it is looked for by what marks it;
only the one who drives an attempt ever confirms or captures. Recovery reads, cancels and refunds, nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

from entrepot.domain.placing.attempts import Attempt
from entrepot.domain.placing.place import TOKEN_REUSED
from entrepot.engine.clock import real_now
from entrepot.engine.money.endings import InDoubt
from entrepot.failures import Failure
from entrepot.failures.payments import (
    ASK_AGAIN,
    CardProviderFailed,
    CardProviderSilent,
    MerchantPayoutMissing,
    PaymentDeclined,
)
from entrepot.gateways.cards.port import (
    AMOUNT_NOT_COUNTED,
    KEY_LIFE,
    CallFailed,
    CardGateway,
    CreateIntent,
    Declined,
    Intent,
    TokenUsed,
)

FOR_CALLS = 2 / 3
"""The part of an attempt's time in which the charge is made; the rest is there to find out what became of it."""
FIRST_LOOK, LONGEST_LOOK = 0.1, 2.0
"""Seconds between two looks at a charge in doubt."""
NOT_COVERED = "The payment intent does not cover the order."
NO_SUCH_INTENT = CallFailed("No such payment_intent: '<redacted>'", in_doubt=False, code="resource_missing")

UNCONFIRMED = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
"""The states of a charge that holds no money until it is confirmed."""
_NEVER_TAKEN = frozenset(
    {"amount_too_large", "amount_too_small", "parameter_invalid_integer", AMOUNT_NOT_COUNTED}
)
"""What a provider refuses under a key means that it never made anything under that key."""


def preparation(channel: int, environment: str) -> dict[str, str]:
    """What marks a charge that was prepared for a shopper's browser: no other account may take it for its own."""
    return {"prepared_for": f"{channel}:{environment}"}


class Charged(msgspec.Struct, frozen=True):
    """The money is taken, or reserved where it is to be taken later.

    With it come the intent, what may be said of the card, and the secret of a prepared charge.
    """

    intent: str
    description: str | None
    client_secret: str | None = None


class NotCharged(msgspec.Struct, frozen=True):
    """No money is taken, and none can be any more."""

    failure: Failure


Charge = Charged | NotCharged | InDoubt


class Charging:
    """The calls of one attempt to its card provider."""

    def __init__(self, gateway: CardGateway, attempt: Attempt, seconds: float) -> None:
        self._gateway = gateway
        self._attempt = attempt
        self._seconds = seconds
        self._order = attempt.draft.order
        self._due = attempt.draft.due

    async def charge(self, token: str | None) -> Charge:
        """Reserve and take the money: create, confirm, check that merchants can be paid, capture unless it waits.

        Where an answer is lost, the rest of the time goes into finding out what was done: nobody is told of a failure
        while the provider could still say that the money was taken.
        """
        until = asyncio.get_running_loop().time() + self._seconds
        charge = await self._within(self._seconds * FOR_CALLS, self._charge(token))
        return await self._look(charge, until) if isinstance(charge, InDoubt) else charge

    async def settle(self) -> Charge:
        """What became of the charge of an attempt that nobody drives any more: taken, or let go now."""
        return await self._within(self._seconds, self._settle(self._failed(None)))

    async def _within(self, seconds: float, calls: Coroutine[Any, Any, Charge]) -> Charge:
        try:
            async with asyncio.timeout(seconds):
                return await calls
        except TimeoutError:
            return InDoubt(self._failed(None))

    async def _look(self, charge: InDoubt, until: float) -> Charge:
        """Ask what became of it, again and again until that is known or the time is over."""
        pause = FIRST_LOOK
        while (left := until - asyncio.get_running_loop().time()) > 0:
            found = await self._within(left, self._settle(charge.failure))
            if not isinstance(found, InDoubt):
                return found
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, LONGEST_LOOK)
        return charge

    async def _settle(self, failure: Failure) -> Charge:
        """As `settle`; `failure` is what is said of a charge that was not made."""
        intent = await (self._found() if self._key_has_ended() else self._intent())
        if intent is None:
            return NotCharged(failure)
        if isinstance(intent, CallFailed):
            failure = self._failed(intent.message)
            return NotCharged(failure) if self._never_taken(intent) else InDoubt(failure)
        if intent.status == "succeeded":
            return await self._taken(intent)
        if self._reserved(intent):
            return self._charged(intent)
        return await self._let_go(intent, failure)

    def _reserved(self, intent: Intent) -> bool:
        """Whether the money is where the order wants it to be: reserved, to be taken later."""
        wanted = (self._due, self._order.currency)
        return (
            self._attempt.draft.captured_later
            and intent.status == "requires_capture"
            and (intent.amount, intent.currency) == wanted
        )

    def _never_taken(self, failed: CallFailed) -> bool:
        """Whether a definite answer about the intent shows that no money can have moved by it."""
        if self._attempt.intent is not None:
            return failed.code == NO_SUCH_INTENT.code
        return not failed.in_doubt and failed.code in _NEVER_TAKEN

    async def _charge(self, token: str | None) -> Charge:
        intent = await self._intent()
        if isinstance(intent, CallFailed):
            return self._after(intent)
        if intent.amount < self._due or intent.currency != self._order.currency:
            return await self._let_go(intent, PaymentDeclined(NOT_COVERED))
        if intent.status == "succeeded":
            return NotCharged(PaymentDeclined(TOKEN_REUSED))
        confirmed = await self._gateway.confirm(intent.id, token, self._key)
        if not isinstance(confirmed, Intent):
            return await self._unconfirmed(intent, confirmed)
        missing = await self._payout_missing()
        if missing is not None:
            return await self._let_go(confirmed, missing)
        if self._attempt.draft.captured_later:
            return self._charged(confirmed)
        captured = await self._gateway.capture(confirmed.id, self._due, currency=self._order.currency)
        if isinstance(captured, Intent):
            return self._charged(captured)
        if captured.in_doubt:
            return InDoubt(self._failed(captured.message))
        return await self._let_go(confirmed, self._failed(captured.message))

    def _key_has_ended(self) -> bool:
        """Whether making the intent again could make another one."""
        return self._attempt.intent is None and real_now() - self._attempt.started_at > KEY_LIFE

    async def _found(self) -> Intent | CallFailed | None:
        return await self._gateway.find_intent(self._request())

    def _request(self) -> CreateIntent:
        order = self._order
        metadata = {"attempt": self._key, "order": str(order.id), "channel": str(order.channel)}
        return CreateIntent(self._key, self._due, order.currency, metadata)

    async def _intent(self) -> Intent | CallFailed:
        order = self._order
        if self._attempt.intent is not None:
            prepared = await self._gateway.read(self._attempt.intent)
            if isinstance(prepared, CallFailed):
                return prepared
            owned = preparation(order.channel, order.environment).items() <= prepared.metadata.items()
            return prepared if owned else NO_SUCH_INTENT
        return await self._gateway.create_intent(self._request())

    async def _unconfirmed(self, intent: Intent, answer: Declined | TokenUsed | CallFailed) -> Charge:
        match answer:
            case Declined():
                return await self._let_go(intent, PaymentDeclined(answer.message))
            case TokenUsed():
                return await self._let_go(intent, PaymentDeclined(TOKEN_REUSED))
            case CallFailed(in_doubt=True):
                return InDoubt(self._failed(answer.message))
            case CallFailed():
                return await self._let_go(intent, self._failed(answer.message))

    async def _payout_missing(self) -> Failure | None:
        for payout in self._attempt.draft.payouts:
            ready: bool | CallFailed = payout.account is not None
            # A test order's bank knows nothing of a live merchant, and nothing will be transferred.
            if payout.account is not None and self._order.environment == "live":
                ready = await self._gateway.payout_ready(payout.account)
            if isinstance(ready, CallFailed):
                return self._failed(ready.message)
            if not ready:
                return MerchantPayoutMissing(payout.merchant)
        return None

    async def _let_go(self, intent: Intent, failure: Failure) -> Charge:
        """Cancel; only when the provider confirms it is the attempt over.

        What the shopper's browser has yet to confirm is left to it: it holds no money, and only the browser can make
        it hold some.
        """
        unconfirmed = self._attempt.intent is not None and intent.status in UNCONFIRMED
        if unconfirmed or intent.status == "canceled":
            return NotCharged(failure)
        cancelled = await self._gateway.cancel(intent.id)
        if isinstance(cancelled, CallFailed):
            return InDoubt(failure)
        return await self._taken(cancelled) if cancelled.status == "succeeded" else NotCharged(failure)

    async def _taken(self, intent: Intent) -> Charge:
        """A charge that was captured: it completes the order if it is exactly the order's, else it goes back."""
        if intent.captured == self._due and intent.currency == self._order.currency:
            return self._charged(intent)
        if self._attempt.intent is not None:
            # A charge that the shopper's browser had prepared and that another order took: not ours to give back.
            return NotCharged(PaymentDeclined(TOKEN_REUSED))
        refund = await self._gateway.refund(
            intent.id, intent.captured, f"{self._key}-back", currency=intent.currency
        )
        failure = self._failed(None)
        return InDoubt(failure) if isinstance(refund, CallFailed) else NotCharged(failure)

    def _charged(self, intent: Intent) -> Charged:
        prepared = self._attempt.intent is not None
        return Charged(intent.id, intent.description, intent.client_secret if prepared else None)

    def _after(self, failed: CallFailed) -> Charge:
        failure = self._failed(failed.message)
        return InDoubt(failure) if failed.in_doubt else NotCharged(failure)

    def _failed(self, message: str | None) -> Failure:
        person = self._order.person
        who = (person.email, person.first_name, person.last_name)
        return CardProviderSilent(ASK_AGAIN, *who) if message is None else CardProviderFailed(message, *who)

    @property
    def _key(self) -> str:
        return self._attempt.uuid.hex
