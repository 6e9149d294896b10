"""Everything that somebody can ask a server for, read from the server's own parts: a new route is here by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from unittest.mock import patch

from starlette.routing import Mount
from starlette.routing import Route as Page

from entrepot.app import create_app
from entrepot.config import Settings
from entrepot.doors.kit import DoorSwitch, Resource, Router, services_of
from entrepot.doors.kit.lazy import LazyDoor
from entrepot.doors.kit.observing.exchanges import observers
from entrepot.doors.textalk.page import method_table
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.registry import doors, manifests

NOWHERE = "postgresql://nowhere/none"


class Route(NamedTuple):
    """One operation: the room that answers it, its method, and its path below the room; of Textalk the call's name."""

    room: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.room} {self.method} {self.path}"


async def all_routes() -> list[Route]:
    """All of them, in order; what a door says that it does not have holds nothing (`docs/test_described_doors.py`)."""
    found: list[Route] = []
    make = Router.__init__

    def noted(self: Router, door: Any, resources: Sequence[Resource], **named: Any) -> None:
        make(self, door, resources, **named)
        found.extend(Route(door.name, method, each.path) for each in resources for method in each.methods)

    with patch.object(Router, "__init__", noted):
        services = services_of(Worker(NOWHERE, Clock()), observers())
        for door in doors(services).values():
            await door._made()  # pyright: ignore
        found += await _of_the_server()
    found += (Route("textalk", "CALL", name) for name in method_table())
    return sorted({*found} - {*_absent()})


def _absent() -> Iterator[Route]:
    for name, manifest in manifests().items():
        yield from (Route(name, each.method, each.path) for each in manifest.missing)


async def _of_the_server() -> list[Route]:
    """What stands beside the doors; the sandbox's too. What is made with a router of ours is noted as it is made."""
    switch: Any = create_app(Settings(sandbox=True), NOWHERE)
    while not isinstance(switch, DoorSwitch):
        switch = switch._app
    plain: Any = switch._fallback
    found = [*_pages("server", plain.routes)]
    beside: dict[str, Any] = dict(switch._everywhere)
    for name, each in beside.items():
        found += _pages(name, getattr(each, "routes", ()))
    mounted = next(each for each in plain.routes if isinstance(each, Mount))
    console: Any = mounted.app
    if isinstance(console, LazyDoor):
        console = await console._made()  # pyright: ignore
    return [*found, *_pages("console", _inner(console).routes)]


def _inner(app: Any) -> Any:
    while not hasattr(app, "routes"):
        app = app._app if hasattr(app, "_app") else app.app
    return app


def _pages(room: str, routes: Iterable[Any]) -> Iterator[Route]:
    for each in routes:
        if isinstance(each, Page):
            yield from (Route(room, method, each.path) for method in (each.methods or ()) if method != "HEAD")
