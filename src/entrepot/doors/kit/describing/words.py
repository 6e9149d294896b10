"""The few words of JSON Schema in which the replies are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

JsonSchema: TypeAlias = dict[str, Any]

TEXT: Final[JsonSchema] = {"type": "string"}
NULLABLE_TEXT: Final[JsonSchema] = {"type": ["string", "null"]}
NUMBER: Final[JsonSchema] = {"type": "number"}
POSITIVE: Final[JsonSchema] = {"type": "number", "minimum": 0}
NULLABLE_NUMBER: Final[JsonSchema] = {"type": ["number", "null"]}
QUANTITY: Final[JsonSchema] = {"type": "integer", "minimum": 1}
COUNT: Final[JsonSchema] = {"type": "integer", "minimum": 0}
FLAG: Final[JsonSchema] = {"type": "boolean"}
EMAIL: Final[JsonSchema] = {"type": "string", "format": "email"}
MOMENT: Final[JsonSchema] = {"type": "string", "format": "date-time"}


def obj(required: Mapping[str, JsonSchema], optional: Mapping[str, JsonSchema] | None = None) -> JsonSchema:
    """An object with these members and no others."""
    members = {**required, **(optional or {})}
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }


def array(items: JsonSchema, *, least: int = 0, most: int | None = None) -> JsonSchema:
    """A list of `items`."""
    schema: JsonSchema = {"type": "array", "items": items}
    return schema | ({"minItems": least} if least else {}) | ({} if most is None else {"maxItems": most})


def constant(value: str | int) -> JsonSchema:
    """Exactly `value`."""
    return {"const": value}


def one_of(*values: str) -> JsonSchema:
    """One of these texts."""
    return {"type": "string", "enum": list(values)}


def ref(name: str) -> JsonSchema:
    """The component schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}
