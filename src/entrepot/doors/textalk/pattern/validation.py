"""Patches: brought into normal form (9002), then held to the schema that getSchema shows (9001)."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, tzinfo
from functools import cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs
import msgspec

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl
from entrepot.doors.textalk.declare.money import number_problems
from entrepot.doors.textalk.declare.normalization import normalize
from entrepot.doors.textalk.pattern.schemas import patch_schema
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json, escape
from entrepot.doors.textalk.wire.sentences import Text, say

MAX_PROBLEMS: Final = 100


class Checked(msgspec.Struct, frozen=True):
    """A patch in normal form, with what could not be converted and what the schema refuses."""

    patch: Mapping[str, Json]
    unconverted: tuple[Problem, ...]
    invalid: tuple[Problem, ...]

    @property
    def error(self) -> RpcError | None:
        """9002 before 9001: the schema sees values only once they are normal."""
        if self.unconverted:
            return RpcError(Code.NORMALIZATION_ERROR, self.unconverted)
        return RpcError(Code.VALIDATION_ERROR, self.invalid) if self.invalid else None


def check_patch(
    decl: ClassDecl,
    audience: Audience,
    patch: Mapping[str, Json],
    *,
    creating: bool,
    zone: tzinfo = UTC,
) -> Checked:
    """The patch as it would be stored, and everything that is wrong with it; `zone` is where days begin and end."""
    unconverted: list[Problem] = []
    normal = normalized(decl, patch, unconverted, zone)
    validator = _validator(decl, audience, creating)
    known = {problem.pointer for problem in unconverted}
    invalid = [problem for problem in _problems(validator, normal) if problem.pointer not in known]
    invalid += _unheld(decl, normal, known | {problem.pointer for problem in invalid})
    return Checked(normal, tuple(unconverted[:MAX_PROBLEMS]), tuple(invalid))


def _unheld(decl: ClassDecl, patch: Mapping[str, Json], known: AbstractSet[str]) -> Iterator[Problem]:
    """The numbers that cannot be held as they are, where nothing else is wrong with them."""
    for name, value in patch.items():
        if (field := decl.by_name.get(name)) is not None:
            found = number_problems(value, field.shape, f"/{escape(name)}")
            yield from islice((problem for problem in found if problem.pointer not in known), MAX_PROBLEMS)


def normalized(
    decl: ClassDecl, patch: Mapping[str, Json], problems: list[Problem], zone: tzinfo = UTC
) -> Mapping[str, Json]:
    """The patch with each known property in its normal form."""
    return {
        name: normalize(value, field.shape, f"/{escape(name)}", problems, zone)
        if (field := decl.by_name.get(name)) is not None
        else value
        for name, value in patch.items()
    }


@cache
def _validator(decl: ClassDecl, audience: Audience, creating: bool) -> jsonschema_rs.Draft202012Validator:
    """The compiled schema; there are few, one for each class, kind of caller and purpose."""
    schema = patch_schema(decl, audience, creating=creating)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _problems(validator: jsonschema_rs.Draft202012Validator, patch: Mapping[str, Json]) -> Iterator[Problem]:
    for count, fault in enumerate(validator.iter_errors(patch)):
        if count >= MAX_PROBLEMS:
            return
        place = "".join(f"/{escape(token)}" for token in fault.instance_path)
        yield from _described(fault.kind, place)


def _described(kind: Any, place: str) -> Iterator[Problem]:
    """The fault in our words: the library's own repeat the value, which may be a password."""
    if kind.name == "additionalProperties":
        for name in kind.unexpected:
            yield Problem(f"{place}/{escape(name)}", say("patch.unknown"))
    elif kind.name == "required":
        yield Problem(f"{place}/{escape(kind.property)}", say("patch.required"))
    else:
        yield Problem(place, _WORDS.get(kind.name, _invalid)(kind))


def _invalid(_: Any) -> Text:
    return say("patch.invalid")


def _limited(key: str) -> Callable[[Any], Text]:
    return lambda kind: say(key, limit=kind.limit)


def _type(kind: Any) -> Text:
    return say("patch.type", expected=" | ".join(kind.types))


def _option(kind: Any) -> Text:
    return say("patch.enum", expected=", ".join(str(option) for option in kind.options if option is not None))


_WORDS: Final[Mapping[str, Callable[[Any], Text]]] = {
    "type": _type,
    "enum": _option,
    "not": lambda _: say("patch.read-only"),
    "minimum": _limited("patch.minimum"),
    "maximum": _limited("patch.maximum"),
    "multipleOf": lambda kind: say("patch.multiple-of", limit=kind.multiple_of),
    "minLength": _limited("patch.min-length"),
    "maxLength": _limited("patch.max-length"),
    "minItems": _limited("patch.min-items"),
    "maxItems": _limited("patch.max-items"),
    "pattern": lambda _: say("patch.pattern"),
    "format": lambda _: say("patch.pattern"),
    "uniqueItems": lambda _: say("patch.unique"),
}
