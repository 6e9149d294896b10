"""The JSON Schema of a world file, made from its types, and the check against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any, cast

import jsonschema_rs
import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.registry import manifests
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.settings import AMOUNTS
from entrepot.worlds.form.shop_types import Amounts
from entrepot.worlds.form.types import Secret, World

SECRETS = frozenset({"api_key", "license_key", "password", "secret"})
"""The settings of a channel that are secrets."""

OF_WEBSHOPS = ("vat", "exports_without_vat")
"""Settings of a shop that a file says in its table of webshops, in percentages."""

_REF = "#/$defs/{name}"
_TEXT = {"type": "string", "maxLength": 255}


@cache
def world_schema() -> dict[str, Any]:
    """The schema that is published, and that files are checked against."""
    own = {door: manifest.settings for door, manifest in manifests().items()}
    (world, settings, secret, amounts, *forms), parts = msgspec.json.schema_components(
        [World, ChannelSettings, Secret, Amounts, *own.values()], ref_template=_REF
    )
    instead = dict.fromkeys(SECRETS, secret) | dict.fromkeys(AMOUNTS, amounts)
    for name in _reachable([settings, *forms], parts):
        parts[name] = _strict(parts[name], instead)
    for name in OF_WEBSHOPS:
        del parts["ShopSettings"]["properties"][name]
    parts["Channel"]["properties"] |= {
        "door": {"enum": list(own), "description": f"a door of this release: {' or '.join(own)}"},
        "settings": settings,
    }
    parts["Channel"]["allOf"] = [
        _of_door(door, form, parts[_name(form)]) for door, form in zip(own, forms, strict=True)
    ]
    root = parts.pop(_name(world))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return head | root | {"title": "An Entrepôt world", "$defs": dict(sorted(parts.items()))}


def _of_door(door: str, form: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What holds for the accounts of one door: the form of `settings.door`, and whether it must be there."""
    needed: dict[str, Any] = {"required": ["settings"]} if part.get("required") else {}
    inner: dict[str, Any] = {"required": ["door"]} if part.get("required") else {}
    return {
        "if": {"properties": {"door": {"const": door}}, "required": ["door"]},
        "then": needed | {"properties": {"settings": inner | {"properties": {"door": form}}}},
    }


def schema_faults(data: object, limit: int) -> list[Fault]:
    """The first `limit` ways in which the data departs from the schema, each with its pointer."""
    faults = chain.from_iterable(map(_faults, _validator().iter_errors(data)))
    return list(islice(faults, limit))


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    # What a fault says never quotes the value: it could be a secret.
    return jsonschema_rs.Draft202012Validator(world_schema(), mask="this")


def _faults(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    kind: Any = error.kind
    if error.kind.name == "additionalProperties":
        for key in kind.unexpected:
            yield Fault(pointer([*error.instance_path, key]), "unknown key")
    elif error.kind.name == "propertyNames":
        yield Fault(pointer([*error.instance_path, kind.error.instance]), _message(error, "a key that is "))
    elif error.kind.name == "anyOf" and (meant := _branch_meant(error)):
        for inner in meant:
            yield from _faults(inner)
    else:
        yield Fault(pointer(error.instance_path), _message(error))


def _branch_meant(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """The alternative that is a table, where the value is one: what is wrong is inside it."""
    kind: Any = error.kind
    branches: list[list[jsonschema_rs.ValidationError]] = (
        kind.context if isinstance(error.instance, dict) else []
    )
    tables = [
        errors
        for errors in branches
        if all(inner.kind.name != "type" or _inside(inner, error) for inner in errors)
    ]
    return tables[0] if len(tables) == 1 else []


def _inside(inner: jsonschema_rs.ValidationError, outer: jsonschema_rs.ValidationError) -> bool:
    return len(inner.instance_path) > len(outer.instance_path)


def _message(error: jsonschema_rs.ValidationError, prefix: str = "") -> str:
    expected = _description(error.schema_path)
    return f"expected {prefix}{expected}" if expected else error.message


def _description(path: Sequence[str | int]) -> str | None:
    """What the schema that failed says of itself, where it is about one value."""
    if path[-1] not in ("anyOf", "enum", "pattern", "minimum", "maximum", "maxLength", "minLength", "type"):
        return None
    *steps, _ = path
    schema: Any = world_schema()
    for step in steps:
        schema = schema[step]
    return cast("str | None", schema.get("description")) if schema.get("type") != "object" else None


def _strict(part: dict[str, Any], instead: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A part of the channel's settings as a file has it: no other keys, bounded texts, secrets and amounts as here."""
    if "properties" not in part:
        return part
    properties = {name: instead.get(name) or _bounded(value) for name, value in part["properties"].items()}
    return part | {"properties": properties, "additionalProperties": False}


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("type") == "string":
        return value | _TEXT
    if value.get("type") == "array":
        return value | {"items": value["items"] | _TEXT, "maxItems": 100}
    return value


def _reachable(part: object, parts: dict[str, dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    waiting = list(_references(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(parts[name]))
    return found


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        values = cast("dict[str, object]", part)
        if isinstance(reference := values.get("$ref"), str):
            yield reference.rpartition("/")[2]
        yield from _of_all(values.values())
    elif isinstance(part, list):
        yield from _of_all(cast("list[object]", part))


def _of_all(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield from _references(value)


def _name(part: dict[str, Any]) -> str:
    return cast("str", part["$ref"]).rpartition("/")[2]
