"""What runs in a worker process, and how uvicorn is set up for it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp

from entrepot.config import Settings
from entrepot.observe import configure_logging
from entrepot.serving.collector import spare_the_collector
from entrepot.serving.descriptors import allow_many_connections
from entrepot.serving.limits import Census
from entrepot.serving.requests import RequestReader
from entrepot.serving.sockets import WatchedSocket

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

DRAIN_LIMIT = 30
KEEP_ALIVE = 75
ORPHAN_LIMIT = 2.0


class ServerConfig(uvicorn.Config):
    """Uvicorn's configuration of one process, and the count of the connections that it holds."""

    def __init__(self, census: Census, app: Callable[[], ASGIApp], **settings: Any) -> None:
        super().__init__(app, **settings)
        self.census = census


def server_config(settings: Settings, database_url: str) -> ServerConfig:
    """Uvicorn's configuration; picklable, since each worker process gets a copy."""
    return ServerConfig(
        Census(settings.connections, settings.connections_per_address, settings.trusted_proxies),
        partial(worker_app, settings, database_url),
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=RequestReader,
        ws=WatchedSocket,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.ping_seconds,
        ws_ping_timeout=settings.ping_seconds,
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=DRAIN_LIMIT,
        timeout_worker_healthcheck=30,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def worker_app(settings: Settings, database_url: str) -> ASGIApp:
    """The application of this process, which stops when its parent dies."""
    from entrepot.app import create_app

    configure_logging(settings.log_format, settings.log_level)
    allow_many_connections()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive_briefly, args=(parent,), name="parent", daemon=True).start()
    app = create_app(settings, database_url, _told_to_end())
    spare_the_collector()
    return app


def _told_to_end() -> Callable[[], bool]:
    """Whether a signal has told this process to end; the server, which hears it too, heeds it once it has started."""
    told = threading.Event()

    def listen(number: signal.Signals) -> None:
        before = signal.getsignal(number)

        def hear(heard: int, frame: FrameType | None) -> None:
            told.set()
            if callable(before):
                before(heard, frame)

        signal.signal(number, hear)

    listen(signal.SIGINT)
    listen(signal.SIGTERM)
    return told.is_set


def _outlive_briefly(parent: "BaseProcess") -> None:
    """End this worker when the parent is gone: PostgreSQL went with it, and the port must become free."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(ORPHAN_LIMIT)
    os._exit(1)
