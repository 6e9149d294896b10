"""Payment at a shop: carts checked out, money collected, let go and given back, with its provider asked in between.

A caller who leaves stops nothing: what was begun is driven to its end.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from entrepot.domain.carts.command import CartCommand
from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.channels.charging import Steps
from entrepot.domain.checkout.cart_checkout import CheckoutCart, same_checkout
from entrepot.domain.kernel.commands import Refused, refused_as
from entrepot.domain.payments.capture import CancelPayment, CapturePayment
from entrepot.domain.payments.refund import RefundOrder
from entrepot.domain.placing.attempts import Reserved
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.attempts import AttemptProcessor
from entrepot.engine.money.capture import Payments
from entrepot.engine.money.proofs import PaymentProofs
from entrepot.engine.money.refund import Refunds
from entrepot.engine.money.turns import in_turn, unless_made
from entrepot.engine.money.unbroken import Unbroken
from entrepot.failures.orders import OrderLocked
from entrepot.store.credentials.directory import token_name


class CartPayment:
    """Takes money for carts and orders, and gives it back."""

    def __init__(
        self,
        engine: Engine,
        attempts: AttemptProcessor,
        proofs: PaymentProofs,
        payments: Payments,
        refunds: Refunds,
        gateways: Gateways,
    ) -> None:
        self._engine = engine
        self._attempts = attempts
        self._proofs = proofs
        self._payments = payments
        self._refunds = refunds
        self._gateways = gateways
        self._unbroken = Unbroken()

    async def check_out(
        self, workspace: int, settings: ChannelSettings, cart: CartCommand, token: str | None
    ) -> Outcome:
        """Place the cart that `cart` names; a card is charged by `token`. The outcome is that of `CheckoutCart`."""
        return await self._unbroken.run(self._checked_out(workspace, settings, cart, token))

    async def move(self, workspace: int, command: CapturePayment | CancelPayment) -> Outcome:
        """Collect a payment, or let it go. The outcome is that of `Payments.ask`."""
        return await self._unbroken.run(self._payments.ask(workspace, command))

    async def refund(self, workspace: int, command: RefundOrder) -> Outcome:
        """Give money back. The outcome is that of `Refunds.refund`."""
        return await self._unbroken.run(self._refunds.refund(workspace, command))

    async def stop(self) -> None:
        """Wait for what is on its way."""
        await self._unbroken.stop()

    async def _checked_out(
        self, workspace: int, settings: ChannelSettings, cart: CartCommand, token: str | None
    ) -> Outcome:
        once = partial(self._once, workspace, settings, cart, token)
        return await in_turn(self._attempts, workspace, once)

    async def _once(
        self, workspace: int, settings: ChannelSettings, cart: CartCommand, token: str | None
    ) -> Outcome:
        steps = self._gateways.steps(settings.cards, cart.environment)
        checkout = _checking_out(cart, token, self._attempts.lease(), steps)
        outcome = await self._engine.execute_anew(workspace, checkout)
        if isinstance(outcome, Reserved):
            calls = self._proofs.charge(workspace, outcome.attempt, settings.cards, token)
            return await self._attempts.drive(workspace, outcome.attempt, calls)
        # Locked is a cart, too, that has become an order, which the caller may see.
        if isinstance(outcome, Refused) and refused_as(outcome, OrderLocked):
            return await self._unless_made(workspace, checkout, outcome)
        return outcome

    async def _unless_made(self, workspace: int, checkout: CheckoutCart, refusal: Refused) -> Outcome:
        same = None if checkout.cart is None else same_checkout(checkout.cart, checkout.token)
        return await unless_made(
            self._attempts, workspace, refusal, checkout.channel, checkout.environment, same
        )


def _checking_out(cart: CartCommand, token: str | None, lease: datetime, steps: Steps | None) -> CheckoutCart:
    return CheckoutCart(
        channel=cart.channel,
        environment=cart.environment,
        session=cart.session,
        cart=cart.cart,
        lease_until=lease,
        steps=steps,
        token=None if token is None else token_name(token),
    )
