"""What runs in a worker process, and how uvicorn is set up for it."""

import multiprocessing
import os
import signal
import ssl
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp

from entrepot.config import Settings
from entrepot.observe import configure_logging
from entrepot.serving.collector import spare_the_collector
from entrepot.serving.descriptors import allow_many_connections
from entrepot.serving.limits import SOCKET_MESSAGE, Census
from entrepot.serving.listening import tls_fault
from entrepot.serving.requests import RequestReader
from entrepot.serving.sockets import WatchedSocket

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

DRAIN_LIMIT = 30
KEEP_ALIVE = 75
ORPHAN_LIMIT = 2.0

_log = structlog.stdlib.get_logger("entrepot.serving")


class ServerConfig(uvicorn.Config):
    """Uvicorn's configuration of one process, and the count of the connections that it holds."""

    def __init__(self, census: Census, app: Callable[[], ASGIApp], **settings: Any) -> None:
        super().__init__(app, **settings)
        self.census = census

    def load(self) -> None:
        """Load, and from now on read the certificate again on SIGHUP, which else ends a process."""
        super().load()
        if self.ssl is not None and hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._renew)

    def _renew(self, _number: int, _frame: FrameType | None) -> None:
        """Greet new connections with the certificate as it stands now, if it can be used; those that are open stay."""
        certificate, key = cast("Path", self.ssl_certfile), cast("Path | None", self.ssl_keyfile)
        if fault := tls_fault(certificate, key or certificate):
            _log.error("the new certificate cannot be used, the old one stays", reason=fault)
            return
        cast("ssl.SSLContext", self.ssl).load_cert_chain(certificate, key)
        _log.info("the certificate was read again")


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
        ws_max_size=SOCKET_MESSAGE,
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
