"""Which flow of its client a request means."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from entrepot.doors.kit import Request, Services
from entrepot.doors.rebound.commands import settings_of
from entrepot.doors.rebound.settings import MAIN, Flow, ReboundSettings
from entrepot.failures import Failure
from entrepot.failures.access import AccessDenied
from entrepot.failures.lanes import FlowUnknown
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.sold.sales import other_accounts

DOOR = "rebound"
Chosen: TypeAlias = tuple[str, Flow]
"""A flow with its key."""


def first(request: Request, name: str) -> str | None:
    """The value of a query parameter; of one that is given twice the first counts."""
    found = request.query.getlist(name)
    return found[0] if found else None


async def chosen_flow(services: Services, request: Request, caller: Caller) -> Chosen | Failure:
    """The flow that `flowKey` names, the main one without; another client's is refused as such."""
    key = first(request, "flowKey") or MAIN
    flow = settings_of(caller).flows.get(key)
    if flow is not None:
        return key, flow
    async with services.reads.acquire() as connection:
        others = await other_accounts(connection, caller.workspace, DOOR, caller.channel, caller.environment)
    theirs = (msgspec.convert(settings.door, ReboundSettings) for settings in others)
    # Each client has a main flow of its own: who has none does not mean another's.
    taken = key != MAIN and any(key in settings.flows for settings in theirs)
    return AccessDenied() if taken else FlowUnknown()
