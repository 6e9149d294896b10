"""Reading orders, by their id and by the id that the caller gave them. A private key reads its own account's, test and
live orders alike (decision bonsai U21), and the live ones of others where the account sees the workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from entrepot.domain.kernel.ids import from_cuid
from entrepot.doors.bonsai.commands import asker
from entrepot.doors.bonsai.replies import orders as render_orders
from entrepot.doors.bonsai.routes.group import Routes
from entrepot.doors.kit import BODIES, Answer, Reply, Request, Resource, encode
from entrepot.failures import UnknownRoute
from entrepot.failures.orders import OrderUnknown
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OwnOrder, order_by_external_id, order_by_uuid

LONGEST_EXTERNAL_ID = 255
_BY_EXTERNAL_ID = b"external-order-id"

Show = Callable[[OwnOrder], dict[str, Any]]


class OrderRoutes(Routes):
    """The routes that read an order."""

    def resources(self) -> list[Resource]:
        """Status and refunds, each by both ids."""
        by_external_id = self.private("order-by-external-id", self.by_external_id, BODIES)
        return [
            # The id may hold an encoded slash, so one operation reads the rest of the path as it was sent.
            Resource("/orders/v2/external-order-id/{rest:path}", {"GET": by_external_id}),
            Resource("/orders/v2/{id}", {"GET": self.private("order-status", self.status, BODIES)}),
            Resource("/orders/v2/{id}/refunds", {"GET": self.private("order-refunds", self.refunds, BODIES)}),
        ]

    async def status(self, request: Request, caller: Caller) -> Answer:
        """How far an order is (GET /orders/v2/{id})."""
        return await self._by_id(request, caller, _status)

    async def refunds(self, request: Request, caller: Caller) -> Answer:
        """What was refunded of an order (GET /orders/v2/{id}/refunds)."""
        return await self._by_id(request, caller, _refunds)

    async def by_external_id(self, request: Request, caller: Caller) -> Answer:
        """The same by the caller's own id. A live and a test order may share it: the one of the key's kind is shown."""
        match _rest_of_path(request):
            case [name]:
                show = _status
            case [name, last] if last.lower() == b"refunds":
                show = _refunds
            case _:
                return UnknownRoute()
        value = unquote_to_bytes(name).decode("utf-8", "replace").replace("\0", "\ufffd")
        if len(value) > LONGEST_EXTERNAL_ID:
            return OrderUnknown(value)
        async with self.services.reads.acquire() as connection:
            found = await order_by_external_id(
                connection, caller.workspace, caller.channel, caller.environment, value
            )
        return _shown(found, value, show)

    async def _by_id(self, request: Request, caller: Caller, show: Show) -> Answer:
        name: str = request.params["id"]
        uuid = from_cuid(name)
        if uuid is None:
            return OrderUnknown(name)
        async with self.services.reads.acquire() as connection:
            found = await order_by_uuid(connection, caller.workspace, asker(caller), caller.settings, uuid)
        return _shown(found, name, show)


def _shown(found: OwnOrder | None, name: str, show: Show) -> Answer:
    if found is None:
        return OrderUnknown(name)
    return Reply(200, encode({"data": show(found), "errors": []}))


def _status(found: OwnOrder) -> dict[str, Any]:
    return render_orders.status(found)


def _refunds(found: OwnOrder) -> dict[str, Any]:
    return render_orders.refunds(found.order, found.lines, found.refunds)


def _rest_of_path(request: Request) -> list[bytes]:
    """The segments after `external-order-id`, still encoded; a final slash says nothing."""
    path: bytes = request.scope["raw_path"].partition(b"?")[0]
    segments = path.removesuffix(b"/").split(b"/")
    names = [unquote_to_bytes(segment).lower() for segment in segments]
    return segments[names.index(_BY_EXTERNAL_ID) + 1 :]
