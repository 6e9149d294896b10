"""The application of one worker process: its parts put together, and their life from start to stop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from entrepot.config import Settings
from entrepot.doors.kit import DoorSwitch, FailurePages, LazyDoor, Services, observers, services_of
from entrepot.engine import Clock
from entrepot.engine.worker import Wiring, Worker
from entrepot.home import Home
from entrepot.integration_log.writer import Copy, RequestLog
from entrepot.lifespan import Lifespan
from entrepot.observe import METRICS_TYPE, count_dropped, count_exchange, log_exchange, render_metrics
from entrepot.outside.carriers import CarrierRoutes
from entrepot.outside.labels import LabelPages
from entrepot.readiness import Readiness
from entrepot.registry import doors, event_body, failure_tables
from entrepot.store.connections import CONSOLE_CONNECTIONS, LazyPool, write_pool


def create_app(settings: Settings, database_url: str, ending: Callable[[], bool] = lambda: False) -> ASGIApp:
    """The application; it connects to the database when the server starts it.

    `ending` says whether the server was told to end, so that nothing more is waited for.
    """
    clock, observe = Clock(), observers(count_exchange, log_exchange)
    everywhere: dict[str, ASGIApp] = {"failures": FailurePages(failure_tables, observe)}
    if not settings.sandbox:
        wiring = Wiring(body_of=event_body, private=settings.private_addresses)
        worker = Worker(
            database_url, clock, wiring, attempt_seconds=settings.attempt_seconds, keep=settings.keep
        )
        guarded, visitors, log_faults, journal = _unguarded, _for_everybody, _faultless, None
    else:
        from entrepot.sandbox.routes import Routes
        from entrepot.sandbox.sandbox import Sandbox
        from entrepot.sandbox.visitors import Visitors

        sandbox = Sandbox(database_url, clock)
        worker, guarded = sandbox.worker(settings.attempt_seconds, settings.keep, event_body), sandbox.door
        everywhere["sandbox"] = Routes(sandbox, observe).app()
        log_faults, journal = sandbox.faults.wrap_copy, sandbox.journal
        visitors = partial(
            Visitors, hosts=(*settings.sandbox_hosts, *settings.door_hosts), linked=("failures", "labels")
        )
    everywhere["labels"] = LabelPages(worker.books, worker.pool, clock.now, observe).app()
    log = RequestLog(database_url, settings.keep.log, around=log_faults, dropped=count_dropped)
    kept = settings.integration_log
    if journal is not None and kept:
        journal.log = log
    logged = observers(observe, log) if kept else observe
    everywhere["carriers"] = CarrierRoutes(worker.carrier_events, worker.pool, logged).app()
    services = services_of(worker, logged)
    switch = DoorSwitch(
        {name: guarded(name, door) for name, door in doors(services).items()},
        settings.door_hosts,
        _operations(
            worker, LazyDoor(partial(_console, database_url, services, ending, log)), sandbox=settings.sandbox
        ),
        observe=observe,
        everywhere=everywhere,
        lifespan=Lifespan(worker, ending, beside=[log] if kept else []),
    )
    return visitors(switch)


def _unguarded(_name: str, door: ASGIApp) -> ASGIApp:
    return door


def _for_everybody(app: ASGIApp) -> ASGIApp:
    return app


def _faultless(copy: Copy) -> Copy:
    return copy


def _console(database_url: str, services: Services, ending: Callable[[], bool], log: RequestLog) -> ASGIApp:
    from entrepot.console.app import Console

    books = LazyPool(partial(write_pool, database_url, CONSOLE_CONNECTIONS))
    return Console(services.reads, books, services.guesses, ending, lambda: log.dropped).app()


def _operations(worker: Worker, console: ASGIApp, *, sandbox: bool) -> Starlette:
    """What the operator asks of the process itself."""
    readiness = Readiness(worker)

    async def readyz(_: Request) -> Response:
        if (fault := await readiness.fault()) is not None:
            return PlainTextResponse(f"{fault}\n", 503, {"retry-after": "1"})
        return PlainTextResponse("ok\n")

    routes = [
        Route("/", Home(sandbox=sandbox).show),
        Route("/healthz", _healthz),
        Route("/readyz", readyz),
        Route("/metrics", _metrics),
        Mount("/console", console),
    ]
    return Starlette(routes=routes)


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _metrics(_: Request) -> Response:
    return Response(render_metrics(), media_type=METRICS_TYPE)
