"""The control plane's operations on messages of the outbox."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from entrepot.domain.kernel.commands import Refused
from entrepot.domain.outbox.deliveries import ResendDelivery
from entrepot.doors.kit import Request
from entrepot.sandbox.after_sale import RefusedError
from entrepot.sandbox.register import Name
from entrepot.sandbox.requests import BadRequestError, read_body, workspace_of
from entrepot.sandbox.sandbox import Sandbox
from entrepot.store.queries.outbox import DeliveryRow, DeliveryState, list_deliveries

MOST: Final = 500
_STATES: Final[dict[str, DeliveryState]] = {
    "waiting": "waiting",
    "parked": "parked",
    "delivered": "delivered",
}
_MESSAGE: Final = re.compile(r"([0-9]{1,16})/([^/]{1,200})/([0-9]{1,9})")


class ResendOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which event is told again, as the list names it."""

    message: Name


class Deliveries:
    """The operations, each on the workspace that the query names."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def all(self, request: Request) -> dict[str, Any]:
        """GET /sandbox/deliveries."""
        state = _STATES.get(request.query.get("state") or "delivered")
        if state is None:
            raise BadRequestError(f"?state: one of {', '.join(_STATES)} is expected")
        async with self._sandbox.acquire() as connection:
            workspace = await workspace_of(connection, request)
            listener = request.query.get("listener") or None
            found = await list_deliveries(connection, workspace, state, listener, limit=MOST)
        return {"deliveries": [_told(each) for each in found]}

    async def resend(self, request: Request) -> dict[str, Any]:
        """POST /sandbox/deliveries/resend."""
        order = read_body(request.body, ResendOrder)
        named = _MESSAGE.fullmatch(order.message)
        if named is None:
            raise BadRequestError("/message: a name such as 7/event:12/1 is expected")
        async with self._sandbox.acquire() as connection:
            workspace = await workspace_of(connection, request)
        command = ResendDelivery(int(named[1]), named[2], int(named[3]))
        outcome = await self._sandbox.execute(workspace, command)
        if isinstance(outcome, Refused):
            raise RefusedError(outcome.failures[0], msgspec.structs.asdict(outcome.failures[0]))
        return {"message": order.message, "resent": True}


def _told(row: DeliveryRow) -> dict[str, Any]:
    return {"message": f"{row.subject}/{row.listener}/{row.seq}", **msgspec.structs.asdict(row)}
