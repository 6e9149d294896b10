"""Which doors there are: the one place that names them all."""

from __future__ import annotations

from starlette.types import ASGIApp

from entrepot.doors import bonsai, textalk
from entrepot.doors.kit import DoorFailures, Services

FAILURE_TABLES: tuple[DoorFailures, ...] = (bonsai.CODES, textalk.CODES)
"""How each door says each failure."""


def door_apps(services: Services) -> dict[str, ASGIApp]:
    """Every door's app by its name, which is its prefix in paths."""
    return {"bonsai": bonsai.Bonsai(services).app(), "textalk": textalk.Textalk(services).app()}
