"""What every group of routes does alike: who is admitted, and what a silent database comes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import structlog

from entrepot.doors.bonsai.admission import by_api_key, by_private_key
from entrepot.doors.kit import (
    Answer,
    Door,
    GuardedEndpoint,
    Keeps,
    Operation,
    Request,
    Resource,
    Services,
)
from entrepot.failures import Unavailable
from entrepot.store.connections import FAULTS
from entrepot.store.credentials.directory import Caller

Handler = Callable[[Request, Caller], Awaitable[Answer]]

_log = structlog.stdlib.get_logger("entrepot.doors")


class Routes(ABC):
    """A group of routes of the door."""

    def __init__(self, services: Services, door: Door) -> None:
        self.services = services
        self.door = door

    @abstractmethod
    def resources(self) -> list[Resource]:
        """The paths of the group, relative to the door."""

    def keyed(self, name: str, handle: Handler, keeps: Keeps) -> Operation:
        """An operation for the bearer of an API key."""
        return GuardedEndpoint(self.door, name, by_api_key(self.services), _steady(handle), keeps=keeps)

    def private(self, name: str, handle: Handler, keeps: Keeps) -> Operation:
        """An operation for the bearer of the private key."""
        return GuardedEndpoint(self.door, name, by_private_key(self.services), _steady(handle), keeps=keeps)


def _steady(handle: Handler) -> Handler:
    """The handler, with a temporary refusal where a plain read finds the database silent."""

    async def answer(request: Request, caller: Caller) -> Answer:
        try:
            return await handle(request, caller)
        except FAULTS as fault:
            _log.warning("a read failed", request_id=request.id, error=type(fault).__name__)
            return Unavailable(1)

    return answer
