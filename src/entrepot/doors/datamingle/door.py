"""The DataMingle door: its groups of routes put together."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp

from entrepot.doors.datamingle.failures import render
from entrepot.doors.datamingle.routes.group import Routes
from entrepot.doors.datamingle.routes.orders import OrderRoutes
from entrepot.doors.kit import Door, Router, Services

BODY_LIMIT: Final = 10 * 1024 * 1024

GROUPS: Final[tuple[type[Routes], ...]] = (OrderRoutes,)
"""In the order in which their paths are tried."""


class Datamingle:
    """The operations of the door."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.door = Door("datamingle", render, services.observe, BODY_LIMIT)

    def app(self) -> ASGIApp:
        """The door as an ASGI app. An encoded slash is a part of the identifier in which it stands."""
        resources = [each for group in GROUPS for each in group(self.services, self.door).resources()]
        return Router(self.door, resources, slash_optional=True, slashes_in_values=True)
