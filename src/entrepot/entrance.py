"""Which doors there are: the one place that names them all. Each is imported when it is first needed."""

from __future__ import annotations

from functools import partial

from starlette.types import ASGIApp

from entrepot.doors.kit import DoorFailures, LazyDoor, Services
from entrepot.engine.deliveries.events import Body


def doors(services: Services) -> dict[str, ASGIApp]:
    """Every door by its name, which is its prefix in paths."""
    return {"bonsai": LazyDoor(partial(_bonsai, services)), "textalk": LazyDoor(partial(_textalk, services))}


def failure_tables() -> tuple[DoorFailures, ...]:
    """How each door says each failure."""
    from entrepot.doors import bonsai, textalk

    return (bonsai.CODES, textalk.CODES)


def event_body(door: str) -> Body | None:
    """How a door tells its listeners of what happened; None for one that tells of nothing."""
    if door != "textalk":
        return None
    from entrepot.doors.textalk.shop.events import body

    return body


def _bonsai(services: Services) -> ASGIApp:
    from entrepot.doors.bonsai import Bonsai

    return Bonsai(services).app()


def _textalk(services: Services) -> ASGIApp:
    from entrepot.doors.textalk import Textalk

    return Textalk(services).app()
