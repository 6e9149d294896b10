"""The Bonsai door: its groups of routes put together, whose paths are matched in any case (decision bonsai I17)."""

from __future__ import annotations

from starlette.types import ASGIApp

from entrepot.doors.bonsai.failures import render as render_failure
from entrepot.doors.bonsai.openapi import API
from entrepot.doors.bonsai.routes.carts import CartRoutes
from entrepot.doors.bonsai.routes.checkout import CheckoutRoutes
from entrepot.doors.bonsai.routes.group import Routes
from entrepot.doors.bonsai.routes.orders import OrderRoutes
from entrepot.doors.bonsai.routes.products import ProductRoutes
from entrepot.doors.bonsai.routes.submit import SubmitRoutes
from entrepot.doors.kit import CorsPolicy, Door, Resource, Router, Services
from entrepot.doors.kit.describing.served import described

BODY_LIMIT = 1_000_000
CORS = CorsPolicy(
    origin="*",
    methods=("GET", "POST", "PATCH", "DELETE", "OPTIONS"),
    headers=("API-Key", "Authorization", "Content-Type", "X-Request-Id"),
    exposed=("X-Request-Id", "Link", "Retry-After"),
)
"""Browsers may call every route and read every refusal, that of an unknown path too (decision bonsai endpoints)."""

GROUPS: tuple[type[Routes], ...] = (CheckoutRoutes, SubmitRoutes, OrderRoutes, ProductRoutes, CartRoutes)
"""In the order in which their paths are tried."""


class Bonsai:
    """The operations of the door."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.door = Door("bonsai", render_failure, services.observe, BODY_LIMIT)

    def app(self) -> ASGIApp:
        """The door as an ASGI app."""
        description = described(self.door, API)
        resources = [each for group in GROUPS for each in group(self.services, self.door).resources()]
        resources.append(Resource("/openapi.json", {"GET": description}))
        return Router(self.door, resources, any_case=True, slash_optional=True, cors=CORS)
