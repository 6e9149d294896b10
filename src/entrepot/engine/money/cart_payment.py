"""The till of a shop: carts checked out, money collected, let go and given back, with its provider asked in between.

A caller who leaves stops nothing: what was begun is driven to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from entrepot.domain.carts.command import CartCommand
from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.channels.charging import Steps
from entrepot.domain.checkout.cart_checkout import CheckoutCart, same_checkout
from entrepot.domain.kernel.commands import Refused, refused
from entrepot.domain.payments.capture import CancelPayment, CapturePayment
from entrepot.domain.payments.refund import RefundOrder
from entrepot.domain.placing.attempts import Reserved
from entrepot.domain.placing.place import InFlight
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.attempts import AttemptProcessor
from entrepot.engine.money.capture import Payments
from entrepot.engine.money.order_placement import STILL_OPEN_SECONDS, WAIT_SECONDS
from entrepot.engine.money.refund import Refunds
from entrepot.failures import Unavailable
from entrepot.failures.orders import OrderLocked
from entrepot.failures.payments import PaymentUnderWay
from entrepot.store.connections import FAULTS
from entrepot.store.credentials.directory import token_name


class CartPayment:
    """Takes money for carts and orders, and gives it back."""

    def __init__(
        self,
        engine: Engine,
        attempts: AttemptProcessor,
        payments: Payments,
        refunds: Refunds,
        gateways: Gateways,
    ) -> None:
        self._engine = engine
        self._attempts = attempts
        self._payments = payments
        self._refunds = refunds
        self._gateways = gateways
        self._tasks: set[asyncio.Task[Outcome]] = set()

    async def check_out(
        self, workspace: int, settings: ChannelSettings, cart: CartCommand, token: str | None
    ) -> Outcome:
        """Place the cart that `cart` names; a card is charged by `token`. The outcome is that of `CheckoutCart`."""
        return await self._surely(self._checked_out(workspace, settings, cart, token))

    async def move(self, workspace: int, command: CapturePayment | CancelPayment) -> Outcome:
        """Collect a payment, or let it go. The outcome is that of `Payments.ask`."""
        return await self._surely(self._payments.ask(workspace, command))

    async def refund(self, workspace: int, command: RefundOrder) -> Outcome:
        """Give money back. The outcome is that of `Refunds.refund`."""
        return await self._surely(self._refunds.refund(workspace, command))

    async def stop(self) -> None:
        """Wait for what is on its way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _surely(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _checked_out(
        self, workspace: int, settings: ChannelSettings, cart: CartCommand, token: str | None
    ) -> Outcome:
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        steps = self._gateways.steps(settings.cards, cart.environment)
        try:
            lacking = await self._attempts.lacks_cards(workspace, settings.cards, cart.environment)
        except FAULTS:
            return refused(Unavailable(1))
        while True:
            checkout = _checking_out(cart, token, self._attempts.lease(), steps, lacks_cards=lacking)
            outcome = await self._engine.execute_anew(workspace, checkout)
            if isinstance(outcome, Reserved):
                return await self._attempts.charge(workspace, outcome.attempt, settings.cards, token)
            if not isinstance(outcome, InFlight):
                return (
                    await self._made_before(workspace, checkout) or outcome if _locked(outcome) else outcome
                )
            if not await self._attempts.await_end(workspace, outcome.attempt, deadline):
                return refused(PaymentUnderWay(STILL_OPEN_SECONDS))

    async def _made_before(self, workspace: int, checkout: CheckoutCart) -> Outcome | None:
        """The order that came of this very checkout, where its caller had been told of a failure."""
        if checkout.cart is None:
            return None
        same = same_checkout(checkout.cart, checkout.token)
        try:
            return await self._attempts.made_before(workspace, checkout.channel, checkout.environment, same)
        except FAULTS:
            return refused(Unavailable(1))


def _locked(outcome: Outcome) -> bool:
    """Whether the cart is refused because it is an order already, which the caller may see."""
    return isinstance(outcome, Refused) and isinstance(outcome.failures[0], OrderLocked)


def _checking_out(
    cart: CartCommand, token: str | None, lease: datetime, steps: Steps | None, *, lacks_cards: bool
) -> CheckoutCart:
    return CheckoutCart(
        channel=cart.channel,
        environment=cart.environment,
        session=cart.session,
        cart=cart.cart,
        lease_until=lease,
        steps=steps,
        lacks_cards=lacks_cards,
        token=None if token is None else token_name(token),
    )
