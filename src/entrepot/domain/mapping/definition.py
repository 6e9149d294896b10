"""A mapping as somebody writes it, the resource that it is for, and what of it cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from entrepot.domain.mapping.paths import Path, copied, put, read_path, starts_with

MOST_RULES: Final = 200
LARGEST: Final = 65_536
"""The most bytes that a mapping may have as JSON."""
MOST_FILLED: Final = 10_000
"""The sum of all places in lists that the rules name: so many objects would fill them up at the most."""
MOST_FILLED_EACH: Final = 100
"""The same for the rules of a list's elements, of which there are many."""

FieldKind = Literal["plain", "free", "list"]
"""One value; an object that its owner fills freely; a list of objects."""


class Resource(msgspec.Struct, frozen=True):
    """What a resource is made of: its fields by kind, those that a new record must have, and fields of list elements.

    `identifiers` are the fields that name one record each.
    """

    name: str
    fields: Mapping[str, FieldKind]
    required: frozenset[str]
    elements: Mapping[str, Resource] = {}
    identifiers: frozenset[str] = frozenset()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands at `source` in the partner's payload is the field `target`."""

    source: str
    target: str


class Nested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each element of the list at `source` is one of the list `target`; rules begin at the element."""

    source: str
    target: str
    field_map: tuple[Rule, ...] = ()


class Definition(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A mapping of one resource. `static_values` are written by path into whatever comes, last of all."""

    field_map: tuple[Rule, ...] = ()
    nested_mappings: tuple[Nested, ...] = ()
    static_values: dict[str, Any] = {}
    identifier_field: str | None = None


class Flaw(msgspec.Struct, frozen=True):
    """What is wrong with a mapping, and at which of its rules."""

    rule: str
    problem: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.problem}" if self.rule else self.problem


def list_path(text: str) -> Path | None:
    """The path of a list; brackets at its end say nothing more."""
    return read_path(text.removesuffix("[]"))


def flaws(definition: Definition, resource: Resource) -> list[Flaw]:
    """Everything for which a mapping is refused."""
    count = len(definition.field_map) + len(definition.static_values)
    count += sum(1 + len(each.field_map) for each in definition.nested_mappings)
    if count > MOST_RULES:
        return [Flaw("", f"{count} rules; there may be {MOST_RULES}")]
    if len(msgspec.json.encode(definition)) > LARGEST:
        return [Flaw("", f"larger than {LARGEST} bytes")]
    found = [
        *_filling(definition),
        *_of_rules(definition.field_map, resource, ""),
        *_of_lists(definition, resource),
    ]
    for target in definition.static_values:
        found += _of_target(target, resource, "static_values")
    return [*found, *_doubled(definition), *_in_each_others_way(definition)]


def warnings(definition: Definition, resource: Resource) -> list[Flaw]:
    """What a mapping may be, and is hardly meant to be."""
    named = definition.identifier_field
    if named is None or named in resource.identifiers:
        return []
    known = ", ".join(sorted(resource.identifiers)) or "none"
    return [Flaw("identifier_field", f"{named} names no one record, so nothing is found; these do: {known}")]


def _filling(definition: Definition) -> Iterator[Flaw]:
    """Rules whose places in lists are so far back that filling these up would cost more than the payload."""
    outer = [*((each.source, each.target) for each in (*definition.field_map, *definition.nested_mappings))]
    outer += [(target, "") for target in definition.static_values]
    groups = [("", outer, MOST_FILLED)]
    for nested in definition.nested_mappings:
        inner = [(each.source, each.target) for each in nested.field_map]
        groups.append((f"{nested.target}[]", inner, MOST_FILLED_EACH))
    for rule, pairs, most in groups:
        places = (list_path(text) or () for pair in pairs for text in pair)
        filled = sum(step for place in places for step in place if isinstance(step, int))
        if filled > most:
            yield Flaw(rule, f"the places in lists add up to {filled}; they may to {most}")


def _of_rules(rules: Sequence[Rule], resource: Resource, within: str) -> Iterator[Flaw]:
    for rule in rules:
        place = f"{within}{rule.source} -> {rule.target}"
        if read_path(rule.source) is None:
            yield Flaw(place, "the source is no path")
        yield from _of_target(rule.target, resource, place)


def _of_lists(definition: Definition, resource: Resource) -> Iterator[Flaw]:
    for each in definition.nested_mappings:
        place = f"{each.source}[] -> {each.target}[]"
        element = resource.elements.get(each.target.removesuffix("[]"))
        if list_path(each.source) is None:
            yield Flaw(place, "the source is no path")
        if element is None:
            known = ", ".join(resource.elements) or "none"
            yield Flaw(place, f"the target is no list of {resource.name}; these are: {known}")
        else:
            yield from _of_rules(each.field_map, element, f"{place}: ")


def _of_target(target: str, resource: Resource, place: str) -> Iterator[Flaw]:
    path = read_path(target)
    if path is None:
        yield Flaw(place, f"{target!r} is no path")
    elif not is_field(path, resource):
        yield Flaw(place, f"{target!r} is no field of {resource.name}")


def is_field(path: Path, resource: Resource) -> bool:
    """Whether a path is a field of the resource, or a place within a free object or a list of it."""
    kind = resource.fields.get(str(path[0])) if isinstance(path[0], str) else None
    rest = path[1:]
    if kind == "list" and rest and isinstance(rest[0], int):
        element = resource.elements.get(str(path[0]))
        return len(rest) == 1 or (element is not None and is_field(rest[1:], element))
    return kind is not None and (not rest or (kind == "free" and isinstance(rest[0], str)))


def _doubled(definition: Definition) -> Iterator[Flaw]:
    lists = [Rule(each.source, each.target.removesuffix("[]")) for each in definition.nested_mappings]
    groups = [("", (*definition.field_map, *lists))]
    groups += [(f"{each.target}[]: ", each.field_map) for each in definition.nested_mappings]
    for within, rules in groups:
        sources = Counter(target for target, _ in {(rule.target, rule.source) for rule in rules})
        for target, times in sources.items():
            if times > 1:
                yield Flaw(f"{within}{target}", "two rules have this target")
    for target in {each.target for each in lists}:
        if sum(each.target == target for each in lists) > 1:
            yield Flaw(target, "two rules have this target")
    yield from _into_lists(definition, [each.target for each in lists])


def _in_each_others_way(definition: Definition) -> Iterator[Flaw]:
    """Static values that lie within others which are no objects: with them no payload at all could be mapped."""
    written: dict[str, Any] = {}
    for target, value in definition.static_values.items():
        path = read_path(target)
        if path is not None and put(written, path, copied(value)) is not None:
            yield Flaw(target, "another static value stands in its way")


def _into_lists(definition: Definition, lists: Sequence[str]) -> Iterator[Flaw]:
    """Rules that write into a list which another rule makes."""
    written = [rule.target for rule in definition.field_map] + list(definition.static_values)
    for target in written:
        path = read_path(target) or ()
        if any(starts_with(path, (name,)) and len(path) > 1 for name in lists):
            yield Flaw(target, "it lies in a list that another rule makes")
