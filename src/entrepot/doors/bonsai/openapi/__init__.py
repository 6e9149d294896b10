"""The Bonsai API described, made from the tables that the door itself uses."""

from __future__ import annotations

from typing import Any, Final

from entrepot.doors.bonsai.openapi import errors, products, replies
from entrepot.doors.bonsai.openapi.routes import ROUTES, Route, query_parameters, reply
from entrepot.doors.kit.describing import Api, Operation

__all__ = ["API"]

_SECURITY: Final[dict[str, Any]] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "API-Key"},
    "authorization": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Basic ` and the base64 form of the private key, with or without a colon at its end.",
    },
}


def _operation(route: Route) -> Operation:
    return Operation(
        route.method,
        route.path,
        route.name,
        {status: reply(route, status) for status in route.statuses()},
        (route.security,),
        route.body,
        query_parameters(route),
    )


API: Final = Api(
    "Bonsai API",
    "7.9.1",
    tuple(_operation(route) for route in ROUTES),
    {**replies.SCHEMAS, "Product": products.PRODUCT, **errors.schemas()},
    _SECURITY,
)
