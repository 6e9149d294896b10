"""What every group of routes does alike: who is admitted, and what a silent database comes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

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
from entrepot.store.credentials.directory import Caller

Handler = Callable[[Request, Caller], Awaitable[Answer]]


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
        return GuardedEndpoint(self.door, name, by_api_key(self.services), handle, keeps=keeps)

    def private(self, name: str, handle: Handler, keeps: Keeps) -> Operation:
        """An operation for the bearer of the private key."""
        return GuardedEndpoint(self.door, name, by_private_key(self.services), handle, keeps=keeps)
