"""The ReBound door: tokens, sales orders, return orders, and the description of them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from starlette.types import ASGIApp

from entrepot.doors.kit import Door, Resource, Router, Services, with_missing
from entrepot.doors.kit.describing.served import described
from entrepot.doors.manifest import Missing
from entrepot.doors.rebound import tokens
from entrepot.doors.rebound.admission import by_token
from entrepot.doors.rebound.admission import tokens as access_tokens
from entrepot.doors.rebound.failures import render
from entrepot.doors.rebound.openapi import API
from entrepot.doors.rebound.routes import Routes

BODY_LIMIT: Final = 4_000_000
"""Enough for the most items with the longest texts."""
TOKEN_LIMIT: Final = 20_000


class Rebound:
    """The operations of the door."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.door = Door("rebound", render, services.observe, BODY_LIMIT, now=services.clock.now)

    def app(self, missing: Iterable[Missing] = ()) -> ASGIApp:
        """The door as an ASGI app. `missing` is what the vendor has beyond it."""
        access = access_tokens(self.services)
        at_tokens = replace(self.door, render=tokens.render, body_limit=TOKEN_LIMIT)
        description = described(self.door, API)
        token = tokens.token_endpoint(self.services, at_tokens, access)
        resources = [
            Resource("/oauth/token", {"POST": token}),
            *Routes(self.services, self.door, by_token(access)).resources(),
            Resource("/openapi.json", {"GET": description}),
        ]
        return Router(self.door, with_missing(self.door, resources, missing), slashes_in_values=True)
