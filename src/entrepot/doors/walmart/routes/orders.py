"""Orders: created and cancelled (decision walmart order of checks)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import uuid4, uuid5

from entrepot.domain.channels.repeats import KEY_HEADER, Once, named
from entrepot.domain.kernel.commands import Command, Refused, refused_as
from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import LONGEST_KEY, is_key
from entrepot.domain.orders.records import OrderLine
from entrepot.domain.orders.whole_units import of_order
from entrepot.domain.placing.place import Placed
from entrepot.doors.kit import Answer, Reply, Request, Resource
from entrepot.doors.walmart import bodies, schemas
from entrepot.doors.walmart import identifiers as ids
from entrepot.doors.walmart.answers import attributes, checked, decoded, envelope
from entrepot.doors.walmart.commands import take_order
from entrepot.doors.walmart.errors import WireError
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.reads import asker
from entrepot.doors.walmart.replies.orders import line_name
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.voices import CANCEL, CREATE
from entrepot.failures import Failure
from entrepot.failures import orders as o
from entrepot.failures.payments import RequestKeyUsed
from entrepot.failures.stock import TooManyToCancel
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OwnOrder

BASES: Final = ("/v3/fulfillment/orders-fulfillments", "/v3/orders-fulfillments")
"""Where the operations stand; the second is where they stood before 2023."""
_UNNAMED, _DIFFERENT = "INVALID_SELLER_ORDER_ID", "SELLER_ORDER_ID_CUSTOMER_ORDER_NO_SAME"
IDENTIFIER_CODES: Final = (_UNNAMED, _DIFFERENT)
_SKU, _QUANTITY = "orderItems[{}].itemDetail.sku", "orderItems[{}].qty.measurementValue"
_LINE: Final = "orderItems[{}].sellerLineId"


class OrderRoutes(Routes):
    """The operations that change orders."""

    def resources(self) -> list[Resource]:
        """Create and cancel, under both bases."""
        create = self.guarded("create", CREATE, self.create)
        cancel = self.guarded("cancel", CANCEL, self.cancel)
        return [
            resource
            for base in BASES
            for resource in (Resource(base, {"POST": create}), Resource(f"{base}/cancel", {"POST": cancel}))
        ]

    async def create(self, request: Request, caller: Caller) -> Answer:
        """Take an order that was sold elsewhere."""
        value = decoded(request)
        if isinstance(value, Failure):
            return value
        value = ids.without_blanks(value)
        if (fault := _misnamed(value)) is not None:
            return o.InvalidInput((fault,))
        body = checked(value, schemas.CREATE, CREATE)
        if isinstance(body, Failure):
            return body
        payload = body["payload"]
        if wrong := _senseless(payload):
            return o.InvalidInput(wrong)
        command = take_order(payload, ids.number_in(payload), caller)
        outcome = await self.services.sales.take(caller.workspace, caller.settings, command)
        if isinstance(outcome, Refused):
            return refusal(CREATE, outcome.failures, _Places(payload).created)
        if not isinstance(outcome, Placed):
            raise TypeError(f"an order came to {type(outcome).__name__}")
        return _accepted(request, value, str(outcome.order.uuid))

    async def cancel(self, request: Request, caller: Caller) -> Answer:
        """Take units out of an order."""
        value = decoded(request)
        if isinstance(value, Failure):
            return value
        value = ids.without_blanks(value)
        if ids.is_unnamed(value):
            return o.InvalidInput((_either(),))
        if ids.are_different(value):
            return CANCEL.wrong("sellerOrderId", "`sellerOrderId` and `customerOrderNo` must be the same")
        body = checked(value, schemas.CANCEL, CANCEL)
        if isinstance(body, Failure):
            return body
        payload = body["payload"]
        found = await self.reads.order(caller, ids.number_in(payload))
        if found is None:
            return refusal(CANCEL, (o.OrderUnknown(ids.number_in(payload)),), lambda _: ids.field_in(payload))
        return await self._cancelled(request, value, payload, found, caller)

    async def _cancelled(
        self, request: Request, value: object, payload: bodies.CancelOrder, found: OwnOrder, caller: Caller
    ) -> Answer:
        lines = {line_name(line, found.order, caller.channel): line for line in found.lines}
        if unknown := _unknown_lines(payload, lines):
            return o.InvalidInput(unknown)
        wanted = tuple(
            _units(lines[item["sellerLineId"]], item["qty"]["measurementValue"])
            for item in payload["orderItems"]
        )
        key = request.header(KEY_HEADER)
        if key is not None and not is_key(key):
            return CANCEL.wrong(
                KEY_HEADER, f"`{KEY_HEADER}` must have 1 to {LONGEST_KEY} printable characters"
            )
        whose = f"channel {caller.channel} {caller.environment}"
        name = str(uuid4() if key is None else uuid5(found.order.uuid, f"{whose} {key}"))
        command: Command = CancelOrder(found.order.id, wanted, asks=asker(caller), request=name)
        if key is not None:
            command = Once(command, named(key, whose, (found.order.id, payload)), Cancelled)
        outcome = await self.services.engine.execute(caller.workspace, command)
        if refused_as(outcome, RequestKeyUsed):
            return CANCEL.wrong(KEY_HEADER, f"`{KEY_HEADER}` was sent with another request")
        if isinstance(outcome, Refused):
            told = [of_order(found.lines).whole(failure) for failure in outcome.failures]
            return refusal(CANCEL, told, _Places(payload, lines).cancelled)
        return _accepted(request, value, name)


class _Places:
    """Where in a payload a failure of its order is."""

    def __init__(
        self, payload: bodies.CreateOrder | bodies.CancelOrder, lines: Mapping[str, OrderLine] | None = None
    ) -> None:
        names = [item["sellerLineId"] for item in payload["orderItems"]]
        self._field = ids.field_in(payload)
        self._named = {name: index for index, name in reversed([*enumerate(names)])}
        self._asked = [
            (index, lines[item["sellerLineId"]].no, item["qty"]["measurementValue"])
            for index, item in enumerate(payload["orderItems"])
            if lines
        ]

    def created(self, failure: Failure) -> str | None:
        match failure:
            case o.SoldOut() | o.NotEnoughStock():
                return _QUANTITY.format(self._named[failure.line.line])
            case o.LineFailure():
                return _SKU.format(self._named[failure.line.line])
            case o.StorefrontUnknown() | o.StorefrontInactive():
                return "orderChannelId"
            case o.DuplicateExternalOrder():
                return self._field
            case _:
                return None

    def cancelled(self, failure: Failure) -> str | None:
        if not isinstance(failure, TooManyToCancel):
            return self._field
        left = failure.cancellable
        for index, line, units in self._asked:
            left -= units if line == failure.line else 0
            if left < 0:
                return _QUANTITY.format(index)
        raise LookupError(f"line {failure.line} was refused without need")


def _units(line: OrderLine, quantity: int) -> Units:
    """Whole units of a line, in the smallest that it is counted by."""
    return Units(line.no, quantity * 10**line.scale)


def _misnamed(value: object) -> WireError | None:
    """What is wrong with the numbers of an order that is to be created."""
    if ids.is_unnamed(value):
        text = "Neither sellerOrderId nor customerOrderNo is given"
        return WireError(_UNNAMED, "sellerOrderId", text, ids.BOTH)
    if ids.are_different(value):
        text = "sellerOrderId and customerOrderNo are not the same"
        return WireError(_DIFFERENT, "sellerOrderId", text, ids.BOTH)
    return None


def _either() -> WireError:
    text = "Neither sellerOrderId nor customerOrderNo is given"
    return WireError(CANCEL.code, "sellerOrderId", text, ids.EITHER)


def _senseless(payload: bodies.CreateOrder) -> tuple[WireError, ...]:
    """What a shape cannot say: lines of one id, and a time that is none."""
    wrong: list[WireError] = []
    at = payload.get("orderPlacedTime")
    if at is not None and read_moment(at) is None:
        wrong.append(CREATE.error("`orderPlacedTime` must be a point in time", "orderPlacedTime"))
    seen: set[str] = set()
    for index, item in enumerate(payload["orderItems"]):
        if item["sellerLineId"] in seen:
            text = f"`{_LINE.format(index)}` must not be that of another line"
            wrong.append(CREATE.error(text, _LINE.format(index)))
        seen.add(item["sellerLineId"])
    return tuple(wrong)


def _unknown_lines(payload: bodies.CancelOrder, lines: Mapping[str, OrderLine]) -> tuple[WireError, ...]:
    return tuple(
        CANCEL.error("The order has no such line", _LINE.format(index))
        for index, item in enumerate(payload["orderItems"])
        if item["sellerLineId"] not in lines
    )


def _accepted(request: Request, value: object, name: str) -> Reply:
    return envelope("ACCEPTED", attributes(request, value), {"requestId": name})
