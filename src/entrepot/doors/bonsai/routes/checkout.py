"""Checkout: totals before an order is placed. It reserves nothing; of what it answers only the prices are kept."""

from __future__ import annotations

from entrepot.domain.channels.accounts import Channel
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.records import Person
from entrepot.domain.placing.basket import Basket
from entrepot.domain.placing.draft import OrderCommand, simulated_answer, simulated_taxes
from entrepot.domain.placing.quote import Checkout, check_out, taxed
from entrepot.doors.bonsai import bodies, commands, joi, schemas
from entrepot.doors.bonsai.answers import decoded_body, refusal
from entrepot.doors.bonsai.memory import remember
from entrepot.doors.bonsai.replies import checkout as render_checkout
from entrepot.doors.bonsai.routes.group import Routes
from entrepot.doors.kit import Answer, Reply, Request, Resource, encode
from entrepot.doors.kit.checking import check
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput
from entrepot.store.credentials.directory import Caller

_NOBODY = Person("")
"""A checkout does not say who the shopper is."""


class CheckoutRoutes(Routes):
    """The route of totals."""

    def resources(self) -> list[Resource]:
        """POST /orders/checkout."""
        return [
            Resource(
                "/orders/checkout", {"POST": self.keyed("checkout", self.checkout, schemas.PAYMENT_KEPT)}
            )
        ]

    async def checkout(self, request: Request, caller: Caller) -> Answer:
        """What a basket would cost; what is wrong with it stands beside the totals, always with status 200."""
        value = decoded_body(request)
        if isinstance(value, Failure):
            return value
        checked = check(schemas.CHECKOUT, value, joi.JOI)
        if checked.value is None:
            return _unreadable(InvalidInput(joi.items(checked.faults)), value, caller)
        basket = commands.checkout_basket(checked.value, caller)
        result = await self._checked_out(basket, caller)
        unsaved = await remember(self.services.engine, caller.workspace, (line.offer for line in result.sold))
        if unsaved is not None:
            return refusal(unsaved)
        secret = await self._client_secret(checked.value, basket, result, caller)
        if isinstance(secret, Failure):
            return _reply(render_checkout.totals(result, basket.currency), (secret,))
        return _reply(render_checkout.totals(result, basket.currency, secret), result.failures)

    async def _checked_out(self, basket: Basket, caller: Caller) -> Checkout:
        command = OrderCommand(basket, _NOBODY)
        async with self.services.reads.acquire() as connection:
            view = await self.services.engine.preview(connection, caller.workspace, command)
        return await self._taxed(check_out(basket, view), basket, view, caller)

    async def _taxed(self, result: Checkout, basket: Basket, view: View, caller: Caller) -> Checkout:
        channel = view.get(Channel, basket.channel)
        if result.question is None or channel is None:
            return result
        if simulated_taxes(channel.settings, basket):
            return taxed(result, simulated_answer(channel, result.question, view))
        placement = self.services.placement
        return taxed(result, await placement.taxes(caller.workspace, channel.settings, result.question))

    async def _client_secret(
        self, body: bodies.Checkout, basket: Basket, result: Checkout, caller: Caller
    ) -> str | Failure | None:
        """The secret of a charge for the shopper's browser, where one is asked for and nothing else is wrong."""
        payment = body.get("payment")
        if payment is None or not payment["requestPaymentIntent"] or result.failures or not result.total:
            return None
        return await self.services.placement.prepare(caller.workspace, caller.settings, basket, result.total)


def _unreadable(failure: InvalidInput, value: object, caller: Caller) -> Reply:
    lines = schemas.readable_lines(value)
    return _reply(render_checkout.nothing(lines, caller.settings.currency), (failure,))


def _reply(data: dict[str, object], failures: tuple[Failure, ...]) -> Reply:
    if not failures:
        return Reply(200, encode({"data": data}))
    errors = [render_checkout.error(failure) for failure in failures]
    return Reply(200, encode({"data": data, "errors": errors}), failure=failures[0])
