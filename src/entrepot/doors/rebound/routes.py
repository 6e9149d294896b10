"""The operations on sales orders and return orders."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from entrepot.domain.fulfilment.lanes import parcel_type_for
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.orders.access import may_see, sees_others
from entrepot.domain.placing.place import Placed
from entrepot.doors.kit import (
    Answer,
    Door,
    GuardedEndpoint,
    Keeps,
    Reply,
    Request,
    Resource,
    Services,
    TickBatcher,
    by_workspace,
    encode,
)
from entrepot.doors.kit.wire import beside
from entrepot.doors.rebound.admission import Admission
from entrepot.doors.rebound.bodies import new_sales_order
from entrepot.doors.rebound.commands import asker, label_wish, settings_of, take_order
from entrepot.doors.rebound.failures import NAME_MISSING
from entrepot.doors.rebound.flows import chosen_flow, first
from entrepot.doors.rebound.replies.orders import sales_order
from entrepot.doors.rebound.replies.returns import is_cancelled, return_order
from entrepot.failures import Failure
from entrepot.failures.access import AccessDenied
from entrepot.failures.orders import InvalidInput, OrderUnknown
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.sold.sales import Sale, returns_by_name, sales_by_name, sales_by_uuid

KEPT: Final = Keeps(request=(), reply=(), query=frozenset({"clientOrderId", "flowKey"}))
"""What logs may keep of each operation on orders: labels lead to files, and nobody gets in by them."""
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MISSING: Final = InvalidInput((NAME_MISSING.removeprefix("Invalid request: "),))

Handler = Callable[[Request, Caller], Awaitable[Answer]]


class Routes:
    """The paths below the door, but for those of tokens and of the description."""

    def __init__(self, services: Services, door: Door, admit: Admission) -> None:
        self._services = services
        self._door = door
        self._admit = admit
        self._sales = TickBatcher[tuple[int, UUID], Sale](by_workspace(services.reads, sales_by_uuid))

    def resources(self) -> list[Resource]:
        """Every path with its methods."""
        return [
            Resource(
                "/sales-orders",
                {"POST": self._guarded("create", self.create), "GET": self._guarded("list", self.list)},
            ),
            Resource("/sales-orders/{salesOrderId}", {"GET": self._guarded("get", self.get)}),
            Resource("/return-orders", {"GET": self._guarded("return-orders", self.return_orders)}),
        ]

    async def create(self, request: Request, caller: Caller) -> Answer:
        """Register a sales order (POST /sales-orders)."""
        chosen = await chosen_flow(self._services, request, caller)
        if isinstance(chosen, Failure):
            return chosen
        body = await beside(request.body, lambda: new_sales_order(request))
        if isinstance(body, Failure):
            return body
        key, flow = chosen
        address: dict[str, Any] = body.get("customerAddress") or {}
        parcel_type = parcel_type_for(flow, body.get("parcelType"), address.get("countryCode"))
        if isinstance(parcel_type, Failure):
            return parcel_type
        command = take_order(body, key, parcel_type, caller)
        wish = label_wish(flow, body, address.get("countryCode"))
        outcome = await self._services.sales.take(caller.workspace, caller.settings, command, wish)
        if isinstance(outcome, Refused):
            return outcome.failures[0]
        if not isinstance(outcome, Placed):
            raise TypeError(f"a sale came to {type(outcome).__name__}")
        place = f"{request.scope.get('root_path', '')}/sales-orders/{outcome.order.uuid}"
        shown = sales_order(outcome.order, outcome.lines, request.origin, outcome.document)
        return Reply(201, encode(shown), ((b"location", place.encode("ascii")),))

    async def list(self, request: Request, caller: Caller) -> Answer:
        """The orders of one name, newest first (GET /sales-orders)."""
        name = _name(request)
        if isinstance(name, Failure):
            return name
        flow = await self._flow_filter(request, caller)
        if isinstance(flow, Failure):
            return flow
        async with self._services.reads.acquire() as connection:
            found = await sales_by_name(
                connection, caller.workspace, caller.environment, name, _whose(caller)
            )
        shown = [sale for sale in found if flow is None or sale.order.data.get("flow") == flow]
        return Reply(200, encode([sales_order(sale.order, sale.lines, request.origin) for sale in shown]))

    async def get(self, request: Request, caller: Caller) -> Answer:
        """One order by its id (GET /sales-orders/{salesOrderId})."""
        given: str = request.params["salesOrderId"]
        if not _ID.fullmatch(given):
            return OrderUnknown(given)
        sale = await self._sales.get((caller.workspace, UUID(given)))
        if sale is None or sale.order.environment != caller.environment:
            return OrderUnknown(given)
        if not may_see(asker(caller), caller.settings, sale.order):
            return AccessDenied()
        return Reply(200, encode(sales_order(sale.order, sale.lines, request.origin)))

    async def return_orders(self, request: Request, caller: Caller) -> Answer:
        """What comes back of the orders of one name (GET /return-orders)."""
        name = _name(request)
        if isinstance(name, Failure):
            return name
        async with self._services.reads.acquire() as connection:
            found = await returns_by_name(
                connection, caller.workspace, caller.environment, name, _whose(caller)
            )
        settings = settings_of(caller)
        return Reply(200, encode([return_order(each, settings) for each in found if not is_cancelled(each)]))

    async def _flow_filter(self, request: Request, caller: Caller) -> str | Failure | None:
        """The flow whose orders alone are listed; None where the request names none at all."""
        if first(request, "flowKey") is None:
            return None
        chosen = await chosen_flow(self._services, request, caller)
        return chosen if isinstance(chosen, Failure) else chosen[0]

    def _guarded(self, name: str, handle: Handler) -> GuardedEndpoint[Caller]:
        return GuardedEndpoint(self._door, name, self._admit, handle, keeps=KEPT)


def _name(request: Request) -> str | Failure:
    """The client's name of an order, which every search needs."""
    name = first(request, "clientOrderId")
    return name if name and name.strip() else _MISSING


def _whose(caller: Caller) -> int | None:
    """The channel whose orders are searched; None for those of all."""
    return None if sees_others(caller.settings, caller.environment) else caller.channel
