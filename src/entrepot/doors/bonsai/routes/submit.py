"""Placing orders: in one step, or recorded first and paid later."""

from __future__ import annotations

from entrepot.domain.kernel.ids import from_cuid
from entrepot.domain.placing.place import Placed
from entrepot.doors.bonsai import commands, schemas
from entrepot.doors.bonsai.answers import checked_body, invalid, ok, refusal
from entrepot.doors.bonsai.failures import foreign_currency
from entrepot.doors.bonsai.replies import orders as render_orders
from entrepot.doors.bonsai.replies import placed as render
from entrepot.doors.bonsai.routes.group import Routes
from entrepot.doors.kit import Answer, Reply, Request, Resource
from entrepot.failures import Failure
from entrepot.failures.orders import OrderNotPayable, OrderUnknown, ShippingAddressMissing
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OwnOrder, order_by_uuid


class SubmitRoutes(Routes):
    """The routes by which orders come to exist."""

    def resources(self) -> list[Resource]:
        """V1 submit, v2 submit and v2 payment."""
        return [
            Resource("/orders/V1/submit", {"POST": self.keyed("submit", self.submit, schemas.PAYMENT_KEPT)}),
            Resource(
                "/orders/v2/submit",
                {"POST": self.keyed("submit-pending", self.submit_pending, schemas.PAYMENT_KEPT)},
            ),
            Resource("/orders/v2/{id}/payment", {"POST": self.keyed("pay", self.pay, schemas.PAYMENT_KEPT)}),
        ]

    async def submit(self, request: Request, caller: Caller) -> Answer:
        """Place and settle an order (POST /orders/V1/submit)."""
        checked = checked_body(request, schemas.SUBMIT_V1)
        if isinstance(checked, Failure):
            return checked
        body = checked.value
        if body is not None and (unheld := commands.unheld_prices(body, commands.currency_of(body, caller))):
            return invalid(unheld)
        if body is None or "shipping_address" not in body:
            return ShippingAddressMissing()
        command = commands.place_order(body, body["shipping_address"], caller)
        proof = commands.proof(body["payment"], body)
        outcome = await self.services.placement.place(caller.workspace, caller.settings, command, proof)
        return ok(render.submitted(outcome)) if isinstance(outcome, Placed) else refusal(outcome)

    async def submit_pending(self, request: Request, caller: Caller) -> Answer:
        """Record an order to be paid later (POST /orders/v2/submit)."""
        checked = checked_body(request, schemas.SUBMIT_V2)
        if isinstance(checked, Failure):
            return checked
        body = checked.value
        if body is None or "shippingAddress" not in body:
            return ShippingAddressMissing()
        command = commands.record_pending(body, body["shippingAddress"], caller)
        outcome = await self.services.placement.place(caller.workspace, caller.settings, command)
        return ok(render.pending(outcome)) if isinstance(outcome, Placed) else refusal(outcome)

    async def pay(self, request: Request, caller: Caller) -> Answer:
        """Pay a recorded order (POST /orders/v2/{id}/payment); a decline leaves it pending."""
        checked = checked_body(request, schemas.PAYMENT_V2)
        if isinstance(checked, Failure):
            return checked
        name: str = request.params["id"]
        found = await self._own(caller, name)
        if found is None or checked.value is None or not _reaches(caller, found):
            return OrderUnknown(name)
        if found.order.ship_to is None:
            return OrderNotPayable(name)
        if unheld := commands.unheld_amounts(checked.value, found.order.currency):
            return invalid(unheld)
        command = commands.pay_order(checked.value, found, found.order.ship_to)
        proof = commands.proof(checked.value, checked.value, name)
        if found.order.state != "pending":
            before = await self.services.placement.made_before(caller.workspace, command.basket, proof)
            return _paid(before) if before else OrderNotPayable(name)
        if checked.value.get("currency", found.order.currency) != found.order.currency:
            return foreign_currency(found.order.currency)
        outcome = await self.services.placement.place(caller.workspace, caller.settings, command, proof)
        return _paid(outcome) if isinstance(outcome, Placed) else refusal(outcome)

    async def _own(self, caller: Caller, name: str) -> OwnOrder | None:
        uuid = from_cuid(name)
        if uuid is None:
            return None
        async with self.services.reads.acquire() as connection:
            found = await order_by_uuid(
                connection, caller.workspace, commands.asker(caller), caller.settings, uuid
            )
        # To see another account's order is not to place it: only who recorded it can pay it here.
        return found if found and found.order.channel == caller.channel else None


def _paid(placed: Placed) -> Reply:
    return ok(render_orders.status(OwnOrder(placed.order, placed.parts, placed.lines)))


def _reaches(caller: Caller, found: OwnOrder) -> bool:
    """Whether the key may pay the order: a test key moves no money of a live one."""
    return caller.environment == "live" or found.order.environment == "test"
