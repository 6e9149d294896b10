"""The parameters and results of the methods that every class has, as JSON Schema."""

from collections.abc import Callable, Mapping
from typing import Final

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Operation
from entrepot.doors.textalk.declare.shapes import Kind
from entrepot.doors.textalk.pattern.schemas import DIALECT, Schema, object_of, patch_schema
from entrepot.doors.textalk.rpc.methods import Handler, Method, Param

QUERY_SCHEMA: Final[Schema] = {
    "description": "What the answer holds: true for everything, a key, an array of keys, or an object of keys.",
    "oneOf": [
        {"const": True},
        {"type": "null"},
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object"},
    ],
}
SELECTION_SCHEMA: Final[Schema] = {
    "oneOf": [
        {"const": True},
        {"type": "null"},
        {
            "type": "object",
            "properties": {
                "filters": {"type": "object"},
                "sort": {"type": "string"},
                "descending": {"type": "boolean"},
                "limit": {"type": "integer", "minimum": 0},
                "offset": {"type": "integer", "minimum": 0},
            },
            "additionalProperties": False,
        },
    ]
}
_FILTERS: Final[Schema] = {"type": ["object", "null"]}
_PROBLEMS: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"message": {"type": "string"}, "pointer": {"type": "string"}},
        "required": ["message", "pointer"],
    },
}
_SUMMARIES: Final[Mapping[Operation, str]] = {
    Operation.GET: "One object",
    Operation.LIST: "The selected objects",
    Operation.COUNT: "How many objects match",
    Operation.SET: "Changes an object, or creates one if the uid is null",
    Operation.CREATE: "Creates an object",
    Operation.DELETE: "Deletes an object",
    Operation.VALIDATE: "What is wrong with a patch; nothing is stored",
    Operation.NORMALIZE: "The patch as it would be stored",
    Operation.GET_SCHEMA: "The JSON Schema of patches",
}


def method(decl: ClassDecl, operation: Operation, audience: Audience, handler: Handler) -> Method:
    """The entry of the dispatch table."""
    return Method(
        name=f"{decl.name}.{operation.value}",
        summary=_SUMMARIES[operation],
        handler=handler,
        params=_PARAMS[operation](decl),
        result=_result(decl, operation),
        audience=audience,
        logged=True,
    )


def uid_schema(decl: ClassDecl, *, nullable: bool = False) -> Schema:
    """The schema of a uid; decimal texts stand for integers too."""
    kinds = ["integer", "string"] if decl.uid_kind is Kind.INTEGER else ["string"]
    return {"type": [*kinds, "null"] if nullable else kinds}


def _uid(decl: ClassDecl) -> tuple[Param, ...]:
    return (Param("uid", uid_schema(decl)),)


def _uid_or_null(decl: ClassDecl) -> tuple[Param, ...]:
    return (Param("uid", uid_schema(decl, nullable=True)),)


def _patch(decl: ClassDecl, *, creating: bool) -> tuple[Param, ...]:
    schema = patch_schema(decl, Audience.ADMIN, creating=creating)
    return (Param("patch", {name: value for name, value in schema.items() if value != DIALECT}),)


def _query() -> tuple[Param, ...]:
    return (Param("query", QUERY_SCHEMA, required=False),)


_PARAMS: Final[Mapping[Operation, Callable[[ClassDecl], tuple[Param, ...]]]] = {
    Operation.GET: lambda decl: _uid(decl) + _query(),
    Operation.LIST: lambda _: (*_query(), Param("selection", SELECTION_SCHEMA, required=False)),
    Operation.COUNT: lambda _: (Param("filters", _FILTERS, required=False),),
    Operation.SET: lambda decl: _uid_or_null(decl) + _patch(decl, creating=False) + _query(),
    Operation.CREATE: lambda decl: _patch(decl, creating=True) + _query(),
    Operation.DELETE: _uid,
    Operation.VALIDATE: lambda decl: _uid_or_null(decl) + _patch(decl, creating=False),
    Operation.NORMALIZE: lambda decl: _uid_or_null(decl) + _patch(decl, creating=False),
    Operation.GET_SCHEMA: lambda decl: (Param("uid", uid_schema(decl, nullable=True), required=False),),
}


def _result(decl: ClassDecl, operation: Operation) -> Schema:
    if operation is Operation.LIST:
        return {"type": "array", "items": object_of(decl.name)}
    fixed: Mapping[Operation, Schema] = {
        Operation.COUNT: {"type": "integer", "minimum": 0},
        Operation.DELETE: {"type": "null"},
        Operation.VALIDATE: _PROBLEMS,
        Operation.NORMALIZE: {"type": "object"},
        Operation.GET_SCHEMA: {"type": "object"},
    }
    return fixed.get(operation) or object_of(decl.name)
