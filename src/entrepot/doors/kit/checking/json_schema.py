"""A shape as JSON Schema (draft 2020-12), for the API description.

It describes the clean form: numbers as numbers, though the checker also takes them from strings. With a manner it
describes what that takes: unknown members, null for what may be left out, numbers in texts' places, and what else it
says itself.
"""

from __future__ import annotations

from typing import Final

from entrepot.doors.kit.checking.manner import JsonSchema, Manner, exact, strict_boolean, strict_number
from entrepot.doors.kit.checking.shapes import (
    Amount,
    Anything,
    Arr,
    Bag,
    Bool,
    Key,
    Moment,
    Number,
    Obj,
    Shape,
    Str,
    Whole,
)

CLEAN: Final = Manner(number=strict_number, amount=exact, boolean=strict_boolean)


def json_schema(shape: Shape, manner: Manner = CLEAN) -> JsonSchema:
    """The schema of `shape`.

    A body that it accepts, the checker accepts too, but for the form of an e-mail address and a bag's limits; and but
    for blanks around texts, numbers within them and the form of moments, where the manner is lenient with these.
    """
    return {**_schema(shape, manner), **manner.described.get(type(shape), {})}


def _schema(shape: Shape, manner: Manner) -> JsonSchema:
    match shape:
        case Str():
            return _string(shape, manner)
        case Number():
            return {"type": "number"}
        case Whole():
            return {"type": "integer", "minimum": shape.least, "maximum": shape.most}
        case Amount():
            return {"type": "number", "minimum": 0, "maximum": shape.most}
        case Bool():
            return {"type": "boolean"}
        case Anything():
            return {}
        case Moment() | Bag():
            kind = "string" if isinstance(shape, Moment) else "object"
            return {"type": _type(kind, nullable=shape.nullable)}
        case Arr():
            items = json_schema(shape.items, manner)
            return {"type": "array", "items": items, "minItems": shape.least, "maxItems": shape.most}
        case Obj():
            return _object(shape, manner)


def _string(shape: Str, manner: Manner) -> JsonSchema:
    kind = _type("string", nullable=shape.nullable)
    if manner.numbers_are_texts and not shape.choices:
        kind = [*([kind] if isinstance(kind, str) else kind), "number"]
    schema: JsonSchema = {"type": kind}
    if shape.choices:
        schema["enum"] = list(shape.choices)
    else:
        pattern = f"^(?:{shape.pattern})$" if shape.pattern else "^[^\\u0000]*$"
        schema |= {
            "minLength": 0 if shape.blank else 1,
            "maxLength": shape.longest,
            "pattern": pattern,
        }
    if shape.form:
        schema |= shape.form.schema
    if shape.email:
        schema["format"] = "email"
    if shape.example is not None:
        schema["examples"] = [shape.example]
    return schema


def _object(shape: Obj, manner: Manner) -> JsonSchema:
    schema: JsonSchema = {
        "type": _type("object", nullable=shape.nullable),
        "properties": {key.name: _member(key, manner) for key in shape.keys},
        "required": [key.name for key in shape.keys if key.required],
    }
    if manner.refuses_unknown:
        schema["additionalProperties"] = False
    if shape.any_of:
        schema["anyOf"] = [{"required": [name]} for name in shape.any_of]
    return schema


def _member(key: Key, manner: Manner) -> JsonSchema:
    schema = json_schema(key.shape, manner)
    return schema if key.required or not manner.null_is_absent else {"anyOf": [schema, {"type": "null"}]}


def _type(name: str, *, nullable: bool) -> str | list[str]:
    return [name, "null"] if nullable else name
