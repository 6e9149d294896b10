"""The Bonsai API described in OpenAPI 3.1, made from the tables that the door itself uses."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from entrepot.doors.bonsai.openapi import errors, products, replies
from entrepot.doors.bonsai.openapi.routes import ROUTES, Route, query_parameters, reply
from entrepot.doors.bonsai.openapi.words import JsonSchema, ref
from entrepot.doors.bonsai.schemas import BODIES
from entrepot.doors.kit.checking.json_schema import json_schema

__all__ = ["document", "reply_schema"]

_TITLE = "Bonsai API"
_VERSION = "7.9.1"
_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_SECURITY = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "API-Key"},
    "authorization": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Basic ` and the base64 form of the private key, with or without a colon at its end.",
    },
}
_HEADERS = {
    "RequestId": {"description": "The id of the request.", "schema": {"type": "string"}},
    "Help": {"description": "The page that explains the failure.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Whole seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
}


def document(server: str = "/bonsai") -> dict[str, Any]:
    """The whole description; `server` is the prefix or host under which the paths stand."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": _VERSION},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _SECURITY, "headers": _HEADERS},
    }


def reply_schema(method: str, path_template: str, status: int) -> JsonSchema:
    """A self-contained JSON Schema (draft 2020-12) of one reply's body.

    `path_template` is written as in the contract, without the door's prefix. Raises KeyError for a route that
    does not exist and for a status that the route never answers.
    """
    route = next(
        (each for each in ROUTES if (each.method, each.path) == (method.upper(), path_template)), None
    )
    if route is None:
        raise KeyError((method, path_template))
    return {**reply(route, status), "components": {"schemas": _schemas()}}


def _schemas() -> dict[str, Any]:
    bodies = {body.name: json_schema(body.shape) for body in BODIES}
    return {**bodies, **replies.SCHEMAS, "Product": products.PRODUCT, **errors.schemas()}


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", route.name).lower(),
        "summary": route.name,
        "security": [{route.security: []}],
        "responses": {str(status): _response(route, status) for status in route.statuses()},
    }
    parameters = [_ID] * ("{id}" in route.path) + query_parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = {"required": True, "content": _json(ref(route.body.name))}
    return operation


def _response(route: Route, status: int) -> dict[str, Any]:
    names = {"X-Request-Id": "RequestId"}
    if status >= 400:
        names["Link"] = "Help"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        names["Retry-After"] = "RetryAfter"
    headers = {header: {"$ref": f"#/components/headers/{name}"} for header, name in names.items()}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": _json(reply(route, status)),
    }


def _json(schema: JsonSchema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
