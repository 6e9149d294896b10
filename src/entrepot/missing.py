"""The page at `/missing`: what the vendors' APIs have and this server does not, as HTML for people and as JSON."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp

from entrepot.doors.kit import NOTHING, Answer, Bodiless, Door, Observer, Request, Resource, Router
from entrepot.doors.kit.failing.pages import page_for, render_plainly
from entrepot.registry import manifests


def missing_page(observe: Observer) -> ASGIApp:
    """The page as an ASGI app."""
    door = Door("missing", render_plainly, observe)
    return Router(
        door, [Resource("/", {"GET": Bodiless(door, "list", _list, keeps=NOTHING)})], slash_optional=True
    )


def listed() -> list[dict[str, Any]]:
    """What each door lacks, ready for JSON; those that lack nothing are there too."""
    return [
        {"door": name, "title": manifest.title, "missing": [each._asdict() for each in manifest.missing]}
        for name, manifest in manifests().items()
    ]


def _list(request: Request) -> Answer:
    return page_for(request, "missing.html", {"doors": listed()})
