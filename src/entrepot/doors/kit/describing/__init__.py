"""APIs described in OpenAPI 3.1, made from the tables that the doors themselves use.

A door declares its operations once. The document for clients, the schema by which a test checks a reply, and the
table of routes in the docs all follow from that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from entrepot.doors.kit.checking import Body, Manner
from entrepot.doors.kit.checking.json_schema import CLEAN, json_schema
from entrepot.doors.kit.describing.words import JsonSchema, ref

__all__ = ["Api", "JsonSchema", "Operation"]

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_HEADERS: Final[dict[str, Any]] = {
    "RequestId": {"description": "The id of the request.", "schema": {"type": "string"}},
    "Help": {"description": "The page that explains the failure.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Whole seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "Challenge": {"description": "Which credentials are asked for.", "schema": {"type": "string"}},
    "Place": {"description": "Where what was made is read.", "schema": {"type": "string"}},
}


class Operation(msgspec.Struct, frozen=True):
    """One operation of an API: what it reads, and the body of its reply for every status that it can answer.

    `path` is written without the door's prefix. `security` names schemes of the API, of which one is needed; none
    where everybody may call. `query` and `headers` are OpenAPI parameters without their `in`. What does not need its
    body may come without. `located`: the reply says in `Location` where what was made is read.
    """

    method: str
    path: str
    name: str
    replies: Mapping[int, JsonSchema]
    security: tuple[str, ...] = ()
    body: Body[Any] | None = None
    query: tuple[JsonSchema, ...] = ()
    headers: tuple[JsonSchema, ...] = ()
    needs_body: bool = True
    located: bool = False


class Api(msgspec.Struct, frozen=True):
    """An API as its door describes it; `schemas` are the components that replies refer to.

    Bodies are described in the clean form, or as the door's `manner` takes them.
    """

    title: str
    version: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, JsonSchema]
    security: Mapping[str, JsonSchema]
    manner: Manner = CLEAN

    def document(self, server: str) -> dict[str, Any]:
        """The whole description; `server` is the prefix or host under which the paths stand."""
        paths: dict[str, dict[str, Any]] = {}
        for operation in self.operations:
            paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
        return {
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": self.version},
            "servers": [{"url": server}],
            "paths": paths,
            "components": {
                "schemas": self._components(),
                "securitySchemes": dict(self.security),
                "headers": _HEADERS,
            },
        }

    def reply_schema(self, method: str, path: str, status: int) -> JsonSchema:
        """A self-contained JSON Schema (draft 2020-12) of one reply's body.

        Raises KeyError for an operation that does not exist and for a status that it never answers.
        """
        for operation in self.operations:
            if (operation.method, operation.path) == (method.upper(), path):
                return {**operation.replies[status], "components": {"schemas": self._components()}}
        raise KeyError((method, path))

    def _components(self) -> dict[str, Any]:
        bodies = {
            each.body.name: json_schema(each.body.shape, self.manner) for each in self.operations if each.body
        }
        return {**bodies, **self.schemas}


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", operation.name).lower(),
        "summary": operation.name,
        "security": [{scheme: []} for scheme in operation.security],
        "responses": {
            str(status): _response(status, body, located=operation.located)
            for status, body in operation.replies.items()
        },
    }
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {
            "required": operation.needs_body,
            "content": _json(ref(operation.body.name)),
        }
    return described


def _parameters(operation: Operation) -> list[JsonSchema]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
        for name in _PLACEHOLDER.findall(operation.path)
    ]
    in_query = [{"in": "query", **parameter} for parameter in operation.query]
    return [*in_path, *in_query, *({"in": "header", **parameter} for parameter in operation.headers)]


def _response(status: int, body: JsonSchema, *, located: bool) -> dict[str, Any]:
    names = {"X-Request-Id": "RequestId"}
    if status >= HTTPStatus.BAD_REQUEST:
        names |= {"Link": "Help", "Retry-After": "RetryAfter"}
    if status == HTTPStatus.UNAUTHORIZED:
        names["WWW-Authenticate"] = "Challenge"
    if located and status == HTTPStatus.CREATED:
        names["Location"] = "Place"
    headers = {header: {"$ref": f"#/components/headers/{name}"} for header, name in names.items()}
    return {"description": HTTPStatus(status).phrase, "headers": headers, "content": _json(body)}


def _json(schema: JsonSchema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
