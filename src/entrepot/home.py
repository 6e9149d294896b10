"""The page at `/`: what answers here, and a first request for each API, for people and for terminals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from entrepot.doors.kit.failing.pages import render_page, wants_html
from entrepot.registry import manifests

_FOR_ALL: Final = (
    ("/failures", "every failure, and what to do about it"),
    ("/console", "for operators: what came in, and what became of it"),
    ("/metrics", "figures for Prometheus"),
    ("/healthz", "whether this process answers"),
    ("/readyz", "whether the database does"),
)
_OF_SANDBOXES: Final = (
    ("/sandbox/openapi.json", "the control plane, described in OpenAPI"),
    ("/sandbox/world", "what stands in this sandbox, with keys and ids"),
    ("/sandbox/requests", "what came in, and what was answered"),
    ("/sandbox/faults", "what can be broken, and what is"),
    ("/sandbox/clock", "the clock of business time"),
)
_WIDTH: Final = 24


class DoorLine(NamedTuple):
    """One API: where it is, what it is, where it describes itself, and a first request."""

    path: str
    title: str
    description: str | None
    first: str


class Home:
    """The page at `/`, as HTML for a browser and as text for everybody else."""

    def __init__(self, *, sandbox: bool) -> None:
        self._sandbox = sandbox
        self._links = (*(_OF_SANDBOXES if sandbox else ()), *_FOR_ALL)

    async def show(self, request: Request) -> Response:
        """Answer one request for it."""
        doors = list(_doors(str(request.base_url).rstrip("/")))
        vary = {"vary": "Accept"}
        if not wants_html(request.headers.get("accept", "")):
            return PlainTextResponse("\n".join(self._text(doors)), headers=vary)
        values = {"doors": doors, "links": self._links, "sandbox": self._sandbox}
        return HTMLResponse(render_page("home.html", values), headers=vary)

    def _text(self, doors: list[DoorLine]) -> Iterator[str]:
        yield "Entrepôt answers here.\n"
        for door in doors:
            described = f"; {door.description} describes it" if door.description else ""
            yield f"{door.path.ljust(_WIDTH)}{door.title}{described}"
        yield ""
        for path, meaning in self._links:
            yield f"{path.ljust(_WIDTH)}{meaning}"
        yield "\nA first request for each, with the keys of the demo world:\n"
        for door in doors:
            yield f"{door.first}\n"


def _doors(url: str) -> Iterator[DoorLine]:
    for name, manifest in manifests().items():
        described = f"/{name}{manifest.description}" if manifest.description else None
        yield DoorLine(f"/{name}", manifest.title, described, f"curl {manifest.first.format(url=url)}")
