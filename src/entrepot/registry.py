"""Which doors there are: the one place that names them. Each has a manifest, which is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from entrepot.loading import loaded

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from entrepot.domain.mapping.definition import Definition
    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.manifest import Manifest
    from entrepot.engine.deliveries.events import Body

DOORS: Final = (
    "bonsai",
    "textalk",
    "walmart",
    "datamingle",
    "rebound",
)
"""The names of all doors. One is registered by its line here; all else stands in `doors/<name>/door.py`."""


@cache
def manifests() -> Mapping[str, Manifest]:
    """Every door by its name, which is its prefix in paths."""
    return {name: _manifest(name) for name in DOORS}


def _manifest(name: str) -> Manifest:
    manifest: Manifest = import_module(f"entrepot.doors.{name}.door").MANIFEST
    return manifest


def doors(services: Services) -> dict[str, ASGIApp]:
    """Every door by its name; each is made for its first caller."""
    from entrepot.doors.kit import LazyDoor

    return {name: LazyDoor(partial(each.app, services)) for name, each in manifests().items()}


def failure_tables() -> tuple[DoorFailures, ...]:
    """How each door says each failure."""
    return tuple(each.failures() for each in manifests().values())


def mapping_templates(door: str, name: str) -> Mapping[str, Definition]:
    """The mappings of one of a door's templates, by resource. Raises `LookupError` for what there is not."""
    manifest = manifests()[door]
    if manifest.template is None or name not in manifest.templates:
        raise LookupError(f"the door {door} has no template {name}")
    return manifest.template(name)


@cache
def event_body(door: str) -> Body | None:
    """How a door tells its listeners of what happened; None for one that tells of nothing.

    It is loaded for the first event. Later ones wait for nothing that is being loaded.
    """
    manifest = manifests().get(door)
    return loaded(manifest.tells) if manifest and manifest.tells else None
