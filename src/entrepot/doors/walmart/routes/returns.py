"""Returns: opened, read and cancelled (decision walmart returns)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from entrepot.domain.fulfilment.returns.move import CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.orders.access import may_see
from entrepot.doors.kit import Answer, Request, Resource
from entrepot.doors.walmart import bodies, schemas
from entrepot.doors.walmart import identifiers as ids
from entrepot.doors.walmart.answers import attributes, checked, decoded, envelope, mart_of
from entrepot.doors.walmart.errors import WFS, Cause, WireError
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.queries import LARGEST_OFFSET, Query
from entrepot.doors.walmart.reads import asker
from entrepot.doors.walmart.replies.orders import Links
from entrepot.doors.walmart.replies.returns import Reader, read_return_number, return_number, sold_at, told
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.routes.orders import BASES
from entrepot.doors.walmart.voices import RETURN_CANCEL, RETURN_CREATE, RETURN_GET
from entrepot.failures import Failure
from entrepot.failures.fulfilment import (
    DuplicateReturn,
    NothingDelivered,
    ReturnItemUnknown,
    ReturnUnknown,
    TooManyToReturn,
)
from entrepot.failures.orders import InvalidInput, OrderUnknown
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OwnOrder, orders_by_id
from entrepot.store.queries.returns import ReturnDetails, ReturnSearch, returns_by_id, search_returns
from entrepot.store.queries.workspaces import storefronts_by_uuid
from entrepot.store.sharing import Bill

RETURN_BASES: Final = (*BASES, "/v3/fulfillment")
"""Where `/return-orders` stands: the sandbox's pages, older clients, and the published schema."""
MOST_LISTED: Final = 50
NO_DETAIL: Final = "500.RETURN_ORDER_SERVICE.400"
_DETAIL, _SKU = "orderItems[{}].itemDetail", "orderItems[{}].itemDetail.sku"


class ReturnRoutes(Routes):
    """The operations on returns."""

    def resources(self) -> list[Resource]:
        """Create, read and cancel, under all bases."""
        methods = {
            "POST": self.guarded("return-create", RETURN_CREATE, self.create),
            "GET": self.guarded("return-get", RETURN_GET, self.get),
        }
        cancel = self.guarded("return-cancel", RETURN_CANCEL, self.cancel)
        return [
            resource
            for base in RETURN_BASES
            for resource in (
                Resource(f"{base}/return-orders", methods),
                Resource(f"{base}/return-orders/{{id}}/cancel", {"POST": cancel}),
            )
        ]

    async def create(self, request: Request, caller: Caller) -> Answer:
        """Announce that delivered units come back."""
        value = decoded(request)
        if not mart_of(request, value):
            return _no_mart("martId is missing or empty in the request header")
        if isinstance(value, Failure):
            return value
        if missing := _without_detail(value):
            return InvalidInput(missing)
        body = checked(value, schemas.RETURN, RETURN_CREATE)
        if isinstance(body, Failure):
            return body
        payload = body["payload"]
        found = await self.reads.order(caller, payload["sellerOrderId"])
        if found is None:
            return refusal(RETURN_CREATE, (OrderUnknown(payload["sellerOrderId"]),))
        command = OpenReturn(
            order=found.order.id,
            asks=asker(caller),
            wishes=tuple(_wish(item, found) for item in payload["orderItems"]),
            name=payload.get("sellerReturnOrderId"),
        )
        reader = await self._reader([found], request, caller)
        outcome = await self.services.engine.execute(caller.workspace, command)
        if isinstance(outcome, Refused):
            return refusal(RETURN_CREATE, outcome.failures, _where)
        if not isinstance(outcome, ReturnState):
            raise TypeError(f"a return came to {type(outcome).__name__}")
        # Nothing is read after the return is there: a read that failed would tell its caller that it is not.
        opened = ReturnDetails(outcome.ret, outcome.lines, outcome.events, outcome.scales)
        return envelope("OK", attributes(request, value), told(opened, found, reader), errors=[])

    async def get(self, request: Request, caller: Caller) -> Answer:
        """Returns: of an order, of a number, or all that the account sees."""
        if not mart_of(request):
            return _no_mart("martId is missing or empty")
        query = Query(request, RETURN_GET)
        order, number = query.text("sellerOrderId"), query.text("returnOrderId")
        since = query.moment("fromOrderDate", "startDate")
        until = query.moment("toOrderDate", "endDate", until=True)
        limit = query.number("limit", 10, 1, MOST_LISTED)
        offset = query.number("offset", 0, 0, LARGEST_OFFSET)
        if query.faults is not None:
            return query.faults
        found = None if order is None else await self.reads.order(caller, order)
        if order is not None and found is None:
            return refusal(RETURN_GET, (OrderUnknown(order),))
        search = ReturnSearch(found.order.id if found else None, _number(number), since=since, until=until)
        numbers, total = await self._search(caller, search, limit, offset)
        if number is not None and not total and not await self._exists(caller, search):
            return refusal(RETURN_GET, (ReturnUnknown(number),))
        shown = await self._shown(numbers, request, caller)
        header = attributes(request, pageCount=len(shown), totalCount=total)
        return envelope("OK", header, shown, errors=[])

    async def cancel(self, request: Request, caller: Caller) -> Answer:
        """Let what is still with the buyer stay there. A body says nothing, so none is looked at."""
        text: str = request.params["id"]
        number = read_return_number(text)
        async with self.services.reads.acquire() as connection:
            found = {} if number is None else await returns_by_id(connection, caller.workspace, [number])
        if number is None or number not in found:
            return refusal(RETURN_CANCEL, (ReturnUnknown(text),))
        command = CancelReturn(order=found[number].ret.order, return_id=number, asks=asker(caller))
        outcome = await self.services.engine.execute(caller.workspace, command)
        if isinstance(outcome, Refused):
            return refusal(RETURN_CANCEL, outcome.failures)
        return envelope("OK", attributes(request), {"returnOrderId": return_number(number)})

    async def _search(
        self, caller: Caller, search: ReturnSearch, limit: int, offset: int
    ) -> tuple[Sequence[int], int]:
        async with self.services.reads.acquire(Bill(limit)) as connection:
            page = (connection, caller.workspace, asker(caller), caller.settings, search)
            return await search_returns(*page, limit=limit, offset=offset)

    async def _exists(self, caller: Caller, search: ReturnSearch) -> bool:
        """Whether a return is there that only its dates leave out."""
        _, total = await self._search(caller, msgspec.structs.replace(search, since=None, until=None), 1, 0)
        return total > 0

    async def _shown(self, numbers: Sequence[int], request: Request, caller: Caller) -> list[dict[str, Any]]:
        async with self.services.reads.acquire(Bill(len(numbers))) as connection:
            found = await returns_by_id(connection, caller.workspace, numbers)
            orders = await _orders(connection, found, caller)
        reader = await self._reader(orders.values(), request, caller)
        listed = (found[number] for number in numbers if number in found)
        return [told(each, orders[each.ret.order], reader) for each in listed if each.ret.order in orders]

    async def _reader(self, orders: Iterable[OwnOrder], request: Request, caller: Caller) -> Reader:
        """Who is told of returns of these orders, with the storefronts at which they were sold."""
        named = {uuid for order in orders if (uuid := sold_at(order.order))}
        async with self.services.reads.acquire() as connection:
            fronts = await storefronts_by_uuid(connection, caller.workspace, caller.channel, [*named])
        return Reader(caller, Links(request), fronts)


async def _orders(
    connection: Connection, found: Mapping[int, ReturnDetails], caller: Caller
) -> Mapping[int, OwnOrder]:
    """The orders of returns, as far as the caller may see them."""
    wanted = list({details.ret.order for details in found.values()})
    orders = await orders_by_id(connection, caller.workspace, wanted)
    seen = asker(caller)
    return {number: each for number, each in orders.items() if may_see(seen, caller.settings, each.order)}


def _number(text: str | None) -> int | None:
    """The return that is looked for; one that is not there where the text is no number of a return."""
    return None if text is None else read_return_number(text) or 0


def _wish(item: bodies.ReturnItem, found: OwnOrder) -> ReturnWish:
    """Units that come back. What is no whole number above zero is none of them, which the rule refuses."""
    sku, number = item["itemDetail"]["sku"], item["qty"]["measurementValue"]
    scale = next((line.scale for line in found.lines if line.sku == sku), 0)
    whole = int(number) if number >= 1 and number == int(number) else 0
    return ReturnWish(whole * 10**scale, item.get("returnReason", ""), sku=sku)


def _where(failure: Failure) -> str | None:
    match failure:
        case ReturnItemUnknown() | NothingDelivered() | TooManyToReturn():
            return None if failure.wish is None else _SKU.format(failure.wish)
        case DuplicateReturn():
            return "sellerReturnOrderId"
        case _:
            return None


def _no_mart(info: str) -> InvalidInput:
    return InvalidInput((WireError(WFS, "martId", "Invalid martId", info),))


def _without_detail(value: object) -> tuple[WireError, ...]:
    """The items that do not say of which item they are: absent, or null."""
    items = (ids.payload_of(value) or {}).get("orderItems")
    if not isinstance(items, list):
        return ()
    text = "itemDetail must not be null"
    info = "itemDetail is missing in orderItems"
    return tuple(
        WireError(
            NO_DETAIL,
            "itemDetail",
            text,
            info,
            causes=(Cause(NO_DETAIL, _DETAIL.format(index), "REQUEST", text),),
        )
        for index, item in enumerate(cast("list[object]", items)[: schemas.MAX_LINES])
        if isinstance(item, dict) and cast("dict[str, Any]", item).get("itemDetail") is None
    )
