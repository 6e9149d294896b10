"""Which doors there are: the one place that names them all. Each is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from entrepot.domain.mapping.definition import Definition
    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.manifest import Manifest
    from entrepot.engine.deliveries.events import Body


def doors(services: Services) -> dict[str, ASGIApp]:
    """Every door by its name, which is its prefix in paths."""
    from entrepot.doors.kit import LazyDoor

    return {name: LazyDoor(partial(make, services)) for name, make in _DOORS.items()}


def failure_tables() -> tuple[DoorFailures, ...]:
    """How each door says each failure."""
    from entrepot.doors import bonsai, datamingle, rebound, textalk, walmart

    return (bonsai.CODES, textalk.CODES, walmart.CODES, datamingle.CODES, rebound.CODES)


@cache
def manifests() -> Mapping[str, Manifest]:
    """What each door tells whoever sets up accounts at it."""
    from entrepot.doors.bonsai.manifest import MANIFEST as BONSAI
    from entrepot.doors.datamingle.manifest import MANIFEST as DATAMINGLE
    from entrepot.doors.rebound.manifest import MANIFEST as REBOUND
    from entrepot.doors.textalk.manifest import MANIFEST as TEXTALK
    from entrepot.doors.walmart.manifest import MANIFEST as WALMART

    return {
        "bonsai": BONSAI,
        "textalk": TEXTALK,
        "walmart": WALMART,
        "datamingle": DATAMINGLE,
        "rebound": REBOUND,
    }


def mapping_templates(door: str, name: str) -> Mapping[str, Definition]:
    """The mappings of one of a door's templates, by resource. Raises `LookupError` for what there is not."""
    if door != "datamingle" or name not in manifests()[door].templates:
        raise LookupError(f"the door {door} has no template {name}")
    from entrepot.doors.datamingle.templates import template

    return template(name)


def event_body(door: str) -> Body | None:
    """How a door tells its listeners of what happened; None for one that tells of nothing."""
    if door == "textalk":
        from entrepot.doors.textalk.shop.events import body as of_textalk

        return of_textalk
    if door == "rebound":
        from entrepot.doors.rebound.replies.notices import body as of_rebound

        return of_rebound
    return None


def _bonsai(services: Services) -> ASGIApp:
    from entrepot.doors.bonsai import Bonsai

    return Bonsai(services).app()


def _textalk(services: Services) -> ASGIApp:
    from entrepot.doors.textalk import Textalk

    return Textalk(services).app()


def _walmart(services: Services) -> ASGIApp:
    from entrepot.doors.walmart import Walmart

    return Walmart(services).app()


def _datamingle(services: Services) -> ASGIApp:
    from entrepot.doors.datamingle import Datamingle

    return Datamingle(services).app()


def _rebound(services: Services) -> ASGIApp:
    from entrepot.doors.rebound import Rebound

    return Rebound(services).app()


_DOORS: Final[Mapping[str, Callable[[Services], ASGIApp]]] = {
    "bonsai": _bonsai,
    "textalk": _textalk,
    "walmart": _walmart,
    "datamingle": _datamingle,
    "rebound": _rebound,
}
DOORS: Final = tuple(_DOORS)
"""The names of all doors."""
