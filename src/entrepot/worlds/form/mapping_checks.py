"""Mappings in a world file: the definition that each stands for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from entrepot.domain.mapping.definition import Definition, Nested, Rule, flaws
from entrepot.registry import manifests, mapping_templates
from entrepot.worlds.form.types import Channel, Mapping

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]


def definition_of(door: str, resource: str, mapping: Mapping) -> Definition:
    """What a mapping of a file that is in order stands for."""
    if mapping.template is not None:
        return mapping_templates(door, mapping.template).get(resource, Definition())
    lists = (
        Nested(each.source, each.target, tuple(Rule(rule.source, rule.target) for rule in each.field_map))
        for each in mapping.nested_mappings
    )
    return Definition(
        tuple(Rule(each.source, each.target) for each in mapping.field_map),
        tuple(lists),
        mapping.static_values,
        mapping.identifier_field,
    )


def mapping_faults(channel: Channel, steps: Steps) -> Found:
    """All faults of a channel's mappings."""
    manifest = manifests()[channel.door]
    for resource, mapping in channel.mappings.items():
        where = (*steps, "mappings", resource)
        if resource not in manifest.mapped:
            known = ", ".join(manifest.mapped) or "none"
            yield where, f"the door {channel.door} maps no such resource; it has: {known}"
        elif mapping.template is None:
            definition = definition_of(channel.door, resource, mapping)
            for flaw in flaws(definition, manifest.mapped[resource]):
                yield where, str(flaw)
        elif mapping.template not in manifest.templates:
            known = ", ".join(sorted(manifest.templates))
            yield (*where, "template"), f"there is no such template; there are: {known}"
        elif mapping != Mapping(template=mapping.template):
            yield where, "a template is copied as it is; write the rules out instead"
