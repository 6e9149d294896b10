"""A server whose application answers once a signal has come, to see what happens to requests in flight.

Usage: slow_server.py SETTING=VALUE... The application is replaced in every worker process, which imports this file
anew; the real one, which takes a second to import, is never loaded.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import ModuleType

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from entrepot.config import Settings, load_settings
from entrepot.serving import serve


async def slow(request: Request) -> PlainTextResponse:
    """Write the file that the caller names, then answer after this process was told to end."""
    Path(request.query_params["begun"]).touch()  # noqa: ASYNC240
    while not request.app.state.ending():  # noqa: ASYNC110  (nobody tells)
        await asyncio.sleep(0.01)
    return PlainTextResponse("answered")


async def pid(_request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))


async def seen(request: Request) -> JSONResponse:
    """What a door would believe of the caller."""
    assert request.client is not None
    return JSONResponse({"scheme": request.url.scheme, "client": request.client.host})


async def errors(_request: Request) -> PlainTextResponse:
    """Write more error lines than a pipe holds."""
    log = structlog.stdlib.get_logger("test")
    for _ in range(100):
        log.error("x" * 10_000)
    return PlainTextResponse("written")


async def headers(request: Request) -> JSONResponse:
    """The request's headers once its body is whole."""
    await request.body()
    return JSONResponse(dict(request.headers))


async def accept(socket: WebSocket) -> None:
    """A socket that only listens."""
    await socket.accept()
    with suppress(WebSocketDisconnect):
        await socket.receive_text()


@asynccontextmanager
async def away(folder: Path, _: Starlette) -> AsyncGenerator[None]:
    """As without its database: a worker cannot start while the test's folder has a file `away`."""
    if (folder / "away").exists():
        with (folder / "failed").open("a") as log:
            log.write("x ")
        raise ConnectionError
    yield


def create_app(settings: Settings, _database_url: str, ending: Callable[[], bool]) -> ASGIApp:
    routes = [
        Route("/slow", slow),
        Route("/pid", pid),
        Route("/seen", seen),
        Route("/errors", errors),
        Route("/headers", headers, methods=["POST"]),
        WebSocketRoute("/socket", accept),
    ]
    app = Starlette(routes=routes, lifespan=partial(away, settings.data_dir))
    app.state.ending = ending
    return app


replacement = ModuleType("entrepot.app")
replacement.__dict__["create_app"] = create_app
sys.modules["entrepot.app"] = replacement

if __name__ == "__main__":
    settings = load_settings({"port": "0"} | dict(each.split("=", 1) for each in sys.argv[1:]), {}, None)
    serve(settings)
    assert not Path(settings.data_dir, "postgres", "postmaster.pid").exists()
