"""The application of one worker process: its parts put together, and their life from start to stop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from entrepot.config import Settings
from entrepot.doors import bonsai
from entrepot.doors.kit import DoorSwitch, FailurePages, Services, TickBatcher
from entrepot.engine import Clock, Engine
from entrepot.observe import METRICS_TYPE, observe_request, render_metrics
from entrepot.store.connections import FAULTS, OpenablePool, connect_engine, read_pool
from entrepot.store.directory import Directory


def create_app(settings: Settings, database_url: str) -> ASGIApp:
    """The application; it connects to the database when the server starts it."""
    reads = OpenablePool(partial(read_pool, database_url))
    connect = partial(connect_engine, database_url)
    clock = Clock()
    everywhere: dict[str, ASGIApp] = {"failures": FailurePages([bonsai.CODES], observe_request)}
    if settings.sandbox:
        from entrepot.sandbox.routes import Routes
        from entrepot.sandbox.sandbox import Sandbox

        sandbox = Sandbox(database_url, clock)
        engine, pool, guarded = sandbox.engine(connect), sandbox.faults.wrap_pool(reads), sandbox.door
        everywhere["sandbox"] = Routes(sandbox, observe_request).app()
    else:
        engine, pool, guarded = Engine(connect, clock), reads, _unguarded
    services = Services(engine, pool, TickBatcher(Directory(pool).load), clock, observe_request)
    return DoorSwitch(
        {"bonsai": guarded(bonsai.Bonsai(services).app())},
        settings.door_hosts,
        _operations(engine, reads),
        everywhere=everywhere,
    )


def _unguarded(door: ASGIApp) -> ASGIApp:
    return door


def _operations(engine: Engine, reads: OpenablePool) -> Starlette:
    """What the operator asks of the process itself, and its life."""

    async def readyz(_: Request) -> Response:
        try:
            async with reads.acquire() as connection:
                await connection.fetchval("select 1")
        except FAULTS:
            return PlainTextResponse("the database does not answer\n", 503)
        return PlainTextResponse("ok\n")

    routes = [Route("/healthz", _healthz), Route("/readyz", readyz), Route("/metrics", _metrics)]
    return Starlette(routes=routes, lifespan=_lifespan(engine, reads))


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _metrics(_: Request) -> Response:
    return Response(render_metrics(), media_type=METRICS_TYPE)


def _lifespan(
    engine: Engine, reads: OpenablePool
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(_: Starlette) -> AsyncGenerator[None]:
        await reads.open()
        await engine.start()
        try:
            yield
        finally:
            await engine.stop()
            await reads.close()

    return life
