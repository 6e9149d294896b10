"""Following orders: one, as the sandbox tells it, or a list, as production does (decision walmart status)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from entrepot.domain.orders.records import Progress
from entrepot.doors.kit import Answer, Reply, Request, Resource
from entrepot.doors.walmart.answers import attributes, envelope
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.queries import LARGEST_OFFSET, Query
from entrepot.doors.walmart.reads import asker, storefront_id
from entrepot.doors.walmart.replies.orders import (
    STAGES,
    Links,
    listed_order,
    one_order,
    read_shipment_number,
)
from entrepot.doors.walmart.replies.returns import sold_at
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.routes.orders import BASES
from entrepot.doors.walmart.voices import STATUS
from entrepot.failures import orders as o
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OrderSearch, OwnOrder, orders_by_id, search_orders
from entrepot.store.sharing import Bill

MOST_LISTED: Final = 50
_NO_SHIPMENT: Final = (0, 0)


class _Wanted(NamedTuple):
    """What a request asks for."""

    number: str | None
    channel: str | None
    search: OrderSearch
    limit: int
    offset: int
    oldest_first: bool


class StatusRoutes(Routes):
    """The operation that follows orders."""

    def resources(self) -> list[Resource]:
        """Status, under both bases."""
        status = self.guarded("status", STATUS, self.status)
        return [Resource(f"{base}/status", {"GET": status}) for base in BASES]

    async def status(self, request: Request, caller: Caller) -> Answer:
        """How far one order is, or a list of orders."""
        query = Query(request, STATUS)
        wanted = _wanted(query)
        if query.faults is not None:
            return query.faults
        storefront = None if wanted.channel is None else storefront_id(wanted.channel)
        known, found = await asyncio.gather(
            self.reads.has_storefront(caller, storefront), self._numbered(caller, wanted.number)
        )
        if not known:
            return refusal(STATUS, (o.StorefrontUnknown(wanted.channel or ""),), lambda _: "orderChannelId")
        if found is not None and not _sold_there(found, caller.channel, storefront):
            found = None
        if wanted.number is not None and found is None:
            return refusal(STATUS, (o.OrderUnknown(wanted.number),), lambda _: "orderNumber")
        if found is not None and request.header("wm_sandbox") == "v2":
            return envelope("OK", None, one_order(found, caller.channel, Links(request)), errors=[])
        return await self._list(request, caller, wanted, found)

    async def _numbered(self, caller: Caller, number: str | None) -> OwnOrder | None:
        return None if number is None else await self.reads.order(caller, number)

    async def _list(self, request: Request, caller: Caller, wanted: _Wanted, found: OwnOrder | None) -> Reply:
        search = wanted.search
        if found is not None:
            search = msgspec.structs.replace(search, order=found.order.id, storefront=None)
        async with self.services.reads.acquire(Bill(wanted.limit)) as connection:
            numbers, total = await search_orders(
                connection,
                caller.workspace,
                asker(caller),
                caller.settings,
                search,
                limit=wanted.limit,
                offset=wanted.offset,
                oldest_first=wanted.oldest_first,
            )
            orders = await orders_by_id(connection, caller.workspace, numbers)
        listed = [orders[each] for each in numbers if each in orders]
        return _page(request, caller, listed, total)


def _sold_there(found: OwnOrder, channel: int, storefront: UUID | None) -> bool:
    """Whether an own order is of the storefront that is named; another account's may be of any."""
    return storefront is None or found.order.channel != channel or sold_at(found.order) == storefront


def _page(request: Request, caller: Caller, listed: Sequence[OwnOrder], total: int) -> Reply:
    links = Links(request)
    header = attributes(request, pageCount=len(listed), totalCount=total)
    return envelope("OK", header, [listed_order(each, caller.channel, links) for each in listed], errors=[])


def _wanted(query: Query) -> _Wanted:
    channel = query.text("orderChannelId")
    search = OrderSearch(
        since=query.moment("fromOrderDate", "startDate"),
        until=query.moment("toOrderDate", "endDate", until=True),
        tracking=query.text("trackingNumber"),
        shipment=_shipment(query),
        progress=_progress(query),
        storefront=storefront_id(channel) if channel else None,
    )
    return _Wanted(
        query.text("orderNumber"),
        channel,
        search,
        query.number("limit", 10, 1, MOST_LISTED),
        query.number("offset", 0, 0, LARGEST_OFFSET),
        _oldest_first(query),
    )


def _shipment(query: Query) -> tuple[int, int] | None:
    text = query.text("shipmentNumber", "shipNumber")
    return None if text is None else read_shipment_number(text) or _NO_SHIPMENT


def _progress(query: Query) -> Progress | None:
    text = query.text("status")
    if text is not None and text.upper() not in STAGES:
        query.refuse("status", "`status` must be a status of orders")
        return None
    return STAGES[text.upper()] if text else None


def _oldest_first(query: Query) -> bool:
    order, by = query.text("sortOrder") or "desc", query.text("sortBy") or "orderDate"
    if order.lower() not in ("asc", "desc"):
        query.refuse("sortOrder", "`sortOrder` must be one of asc, desc")
    if by != "orderDate":
        query.refuse("sortBy", "`sortBy` must be orderDate")
    return order.lower() == "asc"
