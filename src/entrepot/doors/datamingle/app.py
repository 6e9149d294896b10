"""The DataMingle door: its groups of routes put together."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp

from entrepot.doors.datamingle.failures import render
from entrepot.doors.datamingle.mapped import Speeches
from entrepot.doors.datamingle.openapi import API
from entrepot.doors.datamingle.routes.group import Routes
from entrepot.doors.datamingle.routes.inventory import InventoryRoutes
from entrepot.doors.datamingle.routes.locations import LocationRoutes
from entrepot.doors.datamingle.routes.orders import OrderRoutes
from entrepot.doors.datamingle.routes.products import ProductRoutes
from entrepot.doors.kit import Door, Resource, Router, Services
from entrepot.doors.kit.describing.served import described

BODY_LIMIT: Final = 10 * 1024 * 1024

GROUPS: Final[tuple[type[Routes], ...]] = (OrderRoutes, InventoryRoutes, LocationRoutes, ProductRoutes)
"""In the order in which their paths are tried."""


class Datamingle:
    """The operations of the door."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.door = Door("datamingle", render, services.observe, BODY_LIMIT)

    def app(self) -> ASGIApp:
        """The door as an ASGI app. An encoded slash is a part of the identifier in which it stands."""
        speeches = Speeches(self.services)
        groups = [group(self.services, self.door, speeches) for group in GROUPS]
        resources = [each for group in groups for each in group.resources()]
        description = described(self.door, API)
        resources.append(Resource("/openapi.json", {"GET": description}))
        return Router(self.door, resources, slash_optional=True, slashes_in_values=True)
