"""Orders: taken, listed, read, amended and cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, cast

import msgspec

from entrepot.domain.orders.amend import Amended, AmendOrder, SecondName
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.records import ALSO_KNOWN_AS, SOLD_AS, Order, Person
from entrepot.domain.placing.basket import OutsideName
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.doors.datamingle import bodies, drf, schemas
from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.datamingle.free_objects import kept
from entrepot.doors.datamingle.identifiers import LONGEST, fields_of, identifier
from entrepot.doors.datamingle.replies import orders as render
from entrepot.doors.datamingle.replies.moments import written
from entrepot.doors.datamingle.routes.group import checked, done
from entrepot.doors.datamingle.routes.records import RecordRoutes
from entrepot.doors.datamingle.speech import OWN_WORDS
from entrepot.doors.kit import Answer, Request
from entrepot.failures import Failure
from entrepot.failures.orders import NothingToCancel, OrderUnknown, UnitsSent
from entrepot.failures.partners import RecordUnknown
from entrepot.store.queries.partners.orders import FIRST, Name, PartnerOrder, find_order, list_orders
from entrepot.store.sharing import Bill

FIXED = drf.detail(("items",), "Items cannot be changed after the order is created.")


class OrderRoutes(RecordRoutes):
    """The routes of orders."""

    resource: ClassVar[str] = "orders"
    ending: ClassVar[str] = "cancel"

    async def create(self, request: Request, partner: Partner) -> Answer:
        """Take an order (POST /orders/)."""
        body = await checked(request, schemas.NEW_ORDER, partner)
        if isinstance(body, Failure):
            return body
        placed = await self.execute(partner, take(body, partner), Placed)
        if isinstance(placed, Failure):
            return placed
        return self._done(PartnerOrder(placed.order, tuple(placed.lines)), partner, 201)

    async def list(self, request: Request, partner: Partner) -> Answer:
        """A page of orders, newest first (GET /orders/)."""
        page = await self.page(request, partner, _place(*FIRST))
        if isinstance(page, Failure):
            return page
        (at, number), limit = page
        after, caller = (datetime.fromisoformat(at), int(number)), partner.caller
        async with self.services.reads.acquire(Bill(limit)) as connection:
            found = await list_orders(
                connection, caller.workspace, partner.asker, caller.settings, after, limit + 1
            )
        places = [_place(each.order.placed_at, each.order.id) for each in found]
        return await self.listed(partner, [self._shown(each, partner) for each in found], places, limit)

    async def read(self, request: Request, partner: Partner) -> Answer:
        """One order (GET /orders/{identifier}/)."""
        found = await self._find(request, partner)
        return found if isinstance(found, Failure) else self._done(found, partner)

    async def update(self, request: Request, partner: Partner) -> Answer:
        """Change what was sent, and nothing else (PUT /orders/{identifier}/)."""
        body = await checked(request, schemas.ORDER_CHANGES, partner, partial=True, fixed=FIXED)
        if isinstance(body, Failure):
            return body
        found = await self._find(request, partner)
        if isinstance(found, Failure):
            return found
        amended = await self.execute(partner, amend(body, found.order, partner), Amended)
        if isinstance(amended, Failure):
            return _named(amended, found.order, request)
        return self._done(PartnerOrder(amended.order, amended.lines), partner)

    async def delete(self, request: Request, partner: Partner) -> Answer:
        """Cancel the whole order; to do so again changes nothing (DELETE /orders/{identifier}/)."""
        reason = await _reason(request, partner)
        if isinstance(reason, Failure):
            return reason
        found = await self._find(request, partner)
        if isinstance(found, Failure):
            return found
        command = CancelOrder(found.order.id, reason=reason, asks=partner.asker, whole=True)
        outcome = await self.execute(partner, command, Cancelled)
        if isinstance(outcome, Failure):
            return _named(outcome, found.order, request)
        after = await self._find_by(str(found.order.uuid), partner, ("id",))
        return RecordUnknown("Order", identifier(request)) if after is None else self._done(after, partner)

    async def _find(self, request: Request, partner: Partner) -> PartnerOrder | Failure:
        name = identifier(request)
        found = await self._find_by(name, partner, fields_of(self.resource, partner))
        return RecordUnknown("Order", name) if found is None else found

    async def _find_by(self, name: str, partner: Partner, fields: Sequence[str]) -> PartnerOrder | None:
        caller = partner.caller
        if not 0 < len(name) <= LONGEST:
            return None
        async with self.services.reads.acquire() as connection:
            for by in fields:
                found = await find_order(
                    connection, caller.workspace, partner.asker, caller.settings, cast("Name", by), name
                )
                if found is not None:
                    return found
        return None

    def _shown(self, found: PartnerOrder, partner: Partner) -> dict[str, Any]:
        return render.order(found, partner.caller.workspace)

    def _done(self, found: PartnerOrder, partner: Partner, status: int = 200) -> Answer:
        return done(self._shown(found, partner), partner, status)


def take(body: bodies.NewOrder, partner: Partner) -> TakeOrder:
    """The command that takes this order."""
    second = body.get("external_order_id") or None
    names = [OutsideName(SOLD_AS, body["order_number"])]
    if second is not None:
        names.append(OutsideName(ALSO_KNOWN_AS, second))
    return TakeOrder(
        channel=partner.caller.channel,
        environment=partner.caller.environment,
        lines=tuple(_line(no, item) for no, item in enumerate(body["items"])),
        person=_person(body.get("customer_name")),
        names=tuple(names),
        external_id=body["order_number"],
        note=body.get("notes") or None,
        data={**_data(body), "external_order_id": second},
    )


def amend(body: bodies.OrderFields, order: Order, partner: Partner) -> AmendOrder:
    """The command that changes what the body has."""
    name = None
    if "external_order_id" in body:
        name = SecondName("external_order_id", body["external_order_id"] or None)
    return AmendOrder(
        order=order.id,
        asks=partner.asker,
        channel=order.channel,
        data=_data(body),
        called=(body["customer_name"] or "") if "customer_name" in body else msgspec.UNSET,
        note=(body["notes"] or None) if "notes" in body else msgspec.UNSET,
        name=name,
    )


def _line(no: int, item: bodies.OrderItem) -> SoldLine:
    notes = item.get("notes")
    return SoldLine(str(no), item["sku_code"], item["quantity"], data={"notes": notes} if notes else {})


def _person(name: str | None) -> Person:
    return Person("", name or "")


def _data(body: Mapping[str, Any]) -> dict[str, Any]:
    """What only this door knows of an order, as far as the body has it."""
    objects: tuple[Literal["customer_info", "metadata"], ...] = ("customer_info", "metadata")
    found: dict[str, Any] = {name: kept(body[name]) for name in objects if name in body}
    return found | {name: written(body[name]) for name in ("order_date", "due_date") if name in body}


async def _reason(request: Request, partner: Partner) -> str | Failure:
    """Why the order is cancelled, if that was told; mappings do not touch it."""
    if not request.body:
        return ""
    plain = msgspec.structs.replace(partner, speech=OWN_WORDS)
    body = await checked(request, schemas.CANCELLATION, plain)
    return body if isinstance(body, Failure) else body.get("reason") or ""


def _named(failure: Failure, order: Order, request: Request) -> Failure:
    """The failure, with the order under the number by which the partner knows it; one that went as it was asked for."""
    if isinstance(failure, OrderUnknown):
        return RecordUnknown("Order", identifier(request))
    known = order.external_id or str(order.id)
    return type(failure)(known) if isinstance(failure, UnitsSent | NothingToCancel) else failure


def _place(at: datetime, number: int) -> tuple[str, str]:
    return at.isoformat(), str(number)
