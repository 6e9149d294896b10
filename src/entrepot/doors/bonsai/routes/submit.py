"""Placing orders."""

from __future__ import annotations

from entrepot.domain.placing import Placed
from entrepot.doors.bonsai import commands, render, schemas
from entrepot.doors.bonsai.answers import checked_body, ok, refusal
from entrepot.doors.bonsai.routes.group import CORS, Routes
from entrepot.doors.kit import Answer, Request, Resource
from entrepot.failures import Failure
from entrepot.failures.orders import ShippingAddressMissing
from entrepot.store.directory import Caller


class SubmitRoutes(Routes):
    """The routes by which orders come to exist."""

    def resources(self) -> list[Resource]:
        """V1 submit."""
        return [Resource("/orders/V1/submit", {"POST": self.keyed("submit", self.submit)}, CORS)]

    async def submit(self, request: Request, caller: Caller) -> Answer:
        """Place and settle an order (POST /orders/V1/submit)."""
        checked = checked_body(request, schemas.SUBMIT_V1)
        if isinstance(checked, Failure):
            return checked
        body = checked.value
        if body is None or "shipping_address" not in body:
            return ShippingAddressMissing()
        command = commands.place_order(body, body["shipping_address"], caller)
        outcome = await self.services.engine.execute(caller.workspace, command)
        return ok(render.submitted(outcome)) if isinstance(outcome, Placed) else refusal(outcome)
