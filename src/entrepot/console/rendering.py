"""Pages from templates."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse


@cache
def templates() -> Environment:
    """The console's templates; what they show is escaped."""
    environment = Environment(
        loader=PackageLoader("entrepot.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["moment"] = moment
    environment.filters["duration"] = duration
    return environment


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of these values."""
    given = {"proof": None, "fault": "", **values}
    return HTMLResponse(templates().get_template(template).render(given), status)


def moment(at: datetime) -> str:
    """A moment for people, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def duration(micros: int) -> str:
    """A duration for people."""
    return f"{micros / 1000:.1f} ms" if micros < 1_000_000 else f"{micros / 1_000_000:.2f} s"
