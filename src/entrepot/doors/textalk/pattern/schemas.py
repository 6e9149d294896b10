"""JSON Schema (draft 2020-12) made from a declaration: what getSchema answers and what patches are held to."""

from collections.abc import Mapping
from typing import Final

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field
from entrepot.doors.textalk.declare.shapes import Array, Free, Kind, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.wire.json import Json

Schema = Mapping[str, Json]
COMPONENTS: Final = "#/components/schemas/"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DATE_TIME: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


def patch_schema(decl: ClassDecl, audience: Audience, *, creating: bool) -> dict[str, Json]:
    """The schema of a patch by this caller. A property that the caller can see but not set admits no value."""
    shown = [field for field in decl.fields if field.read <= audience or _is_writable(field, audience)]
    schema: dict[str, Json] = {
        "$schema": DIALECT,
        "title": decl.name,
        "type": "object",
        "properties": {field.name: _property(field, audience) for field in shown},
        "additionalProperties": False,
    }
    required = [field.name for field in shown if field.required and _is_writable(field, audience)]
    if creating and required:
        schema["required"] = required
    return schema


def object_schema(decl: ClassDecl) -> dict[str, Json]:
    """The schema of an object in an answer; a query may leave out any property or expand a reference."""
    properties = {field.name: _titled(field, shape_schema(field.shape, answer=True)) for field in decl.fields}
    return {"title": decl.name, "type": "object", "properties": properties, "additionalProperties": False}


def object_of(class_name: str) -> Schema:
    """The schema of an object in an answer, where the document that holds it describes the class."""
    return {"$ref": COMPONENTS + class_name}


def shape_schema(shape: Shape, *, answer: bool = False) -> dict[str, Json]:
    """The schema of a shape; in an answer keys may be left out, and objects stand in the place of their uids."""
    if isinstance(shape, Free):
        return {}
    if answer and isinstance(shape, Scalar) and shape.reference is not None:
        return {"anyOf": [shape_schema(shape), {"type": "null"}, object_of(shape.reference)]}
    schema = _schema(shape, answer=answer)
    return _or_null(schema) if shape.nullable else schema


def _inner(shape: Shape, *, answer: bool) -> dict[str, Json]:
    """The schema of what stands under a key; a key that is asked for and not there is null in the answer."""
    schema = shape_schema(shape, answer=answer)
    return _or_null(schema) if answer else schema


def _or_null(schema: dict[str, Json]) -> dict[str, Json]:
    kind, options = schema.get("type"), schema.get("enum")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
    if isinstance(options, list):
        schema["enum"] = [*options, None]
    return schema


def _is_writable(field: Field, audience: Audience) -> bool:
    return field.write is not None and field.write <= audience


def _property(field: Field, audience: Audience) -> dict[str, Json]:
    if not _is_writable(field, audience):
        return _titled(field, {"readOnly": True, "not": {}})
    schema = shape_schema(field.shape)
    return _titled(field, schema if field.read <= audience else {**schema, "writeOnly": True})


def _titled(field: Field, schema: Mapping[str, Json]) -> dict[str, Json]:
    return {"title": field.title, **schema} if field.title else {**schema}


def _schema(shape: Scalar | Mapped | Array | Record, *, answer: bool) -> dict[str, Json]:
    if isinstance(shape, Scalar):
        return _scalar(shape)
    if isinstance(shape, Array):
        unique: dict[str, Json] = {"uniqueItems": True} if shape.unique and not answer else {}
        items = shape_schema(shape.items, answer=answer)
        return {"type": "array", "items": items, "maxItems": shape.max_items, **unique}
    if isinstance(shape, Mapped):
        patterns = {shape.keys: _inner(shape.values, answer=answer)}
        return {"type": "object", "patternProperties": patterns, "additionalProperties": False}
    properties = {name: _inner(inner, answer=answer) for name, inner in shape.properties.items()}
    needed: dict[str, Json] = {"required": list(shape.required)} if shape.required and not answer else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **needed}


def _scalar(shape: Scalar) -> dict[str, Json]:
    if shape.kind is Kind.DATETIME:
        return {"type": "string", "format": "date-time", "pattern": _DATE_TIME}
    limits: dict[str, Json | None] = {
        "enum": list(shape.options) or None,
        "minimum": shape.minimum,
        "maximum": shape.maximum,
        "multipleOf": shape.multiple_of,
        "minLength": shape.min_length or None,
        "maxLength": shape.max_length,
        "pattern": shape.pattern,
    }
    stated = {name: value for name, value in limits.items() if value is not None}
    return {"type": shape.kind.value, **stated}
