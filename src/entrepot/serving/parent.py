"""The parent process: PostgreSQL, migrations, the socket, the workers; all of it backwards on a signal."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Generator
from functools import partial
from types import FrameType

import structlog
import uvicorn

from entrepot.config import Settings
from entrepot.observe import configure_logging, flush_logs
from entrepot.observe.metrics import share_counts
from entrepot.serving import packages
from entrepot.serving.capacity import check_capacity, connections_for
from entrepot.serving.listening import ServeError, bind, check_tls, url_of
from entrepot.serving.scratch import scratch_folder
from entrepot.serving.supervisor import Supervisor
from entrepot.serving.workers import server_config
from entrepot.store.connections import FAULTS
from entrepot.store.embedded import EmbeddedError, EmbeddedPostgres
from entrepot.store.upkeep import migrate

__all__ = ["ServeError", "serve"]

_log = structlog.stdlib.get_logger("entrepot.serving")


def _nobody(_url: str) -> None:
    pass


def serve(
    settings: Settings,
    prepare: Callable[[str, str], str] | None = None,
    answers: Callable[[str], None] = _nobody,
    *,
    durable: bool = True,
) -> None:
    """Serve until SIGINT or SIGTERM, then answer what was accepted, stop PostgreSQL and return.

    `prepare` is called with the URLs of the database and of the server once the schema is there; what it returns is
    printed when the server answers, and `answers` is told the server's URL then. Not `durable` is an embedded
    PostgreSQL whose data nobody wants any more afterwards. Raises ServeError where the server cannot start or its
    workers cannot.
    """
    configure_logging(settings.log_format, settings.log_level)
    check_tls(settings)
    with (
        _ending_on_signals(),
        bind(settings) as listener,
        _database(settings, durable=durable) as database_url,
    ):
        with _answering():
            _migrate(database_url)
            check_capacity(database_url, settings.workers)
            _check_workspaces(settings, database_url)
            _warn(settings, database_url)
        more = prepare(database_url, url_of(settings, listener)) if prepare else ""
        _run(settings, database_url, listener, partial(_announce, settings, listener, more, answers))
    flush_logs()


def _run(
    settings: Settings, database_url: str, listener: socket.socket, announce: Callable[[], None]
) -> None:
    config = server_config(settings, database_url)
    if settings.workers == 1:
        try:
            _Announcing(config, announce).run([listener])
        except SystemExit as error:
            raise ServeError("The server could not start; the log above says why.") from error
        return
    with scratch_folder("metrics") as folder:
        share_counts(folder)
        workers = Supervisor(config, [listener])
        announce()  # the socket listens already: who comes early waits for the first worker
        workers.run()
    if workers.failed:
        raise ServeError("The workers could not start; the log above says why.")


class _Announcing(uvicorn.Server):
    """Uvicorn's server, which says where it answers once it does."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start up, then announce."""
        await super().startup(sockets)
        if self.started:
            self._announce()


def _announce(settings: Settings, listener: socket.socket, more: str, answers: Callable[[str], None]) -> None:
    print(_welcome(settings, listener) + more, flush=True)
    answers(url_of(settings, listener))


def _welcome(settings: Settings, listener: socket.socket) -> str:
    where = "your PostgreSQL" if settings.database_url else f"data in {settings.data_dir}"
    mode = ", sandbox" if settings.sandbox else ""
    return f"Entrepôt answers on {url_of(settings, listener)} ({where}{mode}; Ctrl-C stops it)"


@contextlib.contextmanager
def _database(settings: Settings, *, durable: bool) -> Generator[str]:
    """The URL of the database: the operator's own, or that of a server which lives as long as the block."""
    if settings.database_url:
        yield settings.database_url
        return
    lost: list[EmbeddedError] = []

    def end(reason: EmbeddedError) -> None:
        lost.append(reason)
        os.kill(os.getpid(), signal.SIGTERM)

    server = EmbeddedPostgres(settings.data_dir, connections_for(settings.workers), end, durable=durable)
    try:
        if not durable:
            _begin_from_image(settings)
        url = server.start()
    except EmbeddedError as error:
        raise ServeError(str(error)) from error
    try:
        yield url
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not leave PostgreSQL half stopped
        server.stop()
        if lost:
            raise ServeError(f"PostgreSQL does not stay up, so the server has ended. {lost[0]}")


def _begin_from_image(settings: Settings) -> None:
    from entrepot.store.embedded.image import begin_from_image, default_cache

    with _answering():
        try:
            begin_from_image(settings.data_dir, default_cache())
        except migrate.MigrationError as error:
            raise ServeError(str(error)) from error


def _migrate(database_url: str) -> None:
    try:
        migrate.ensure(database_url)
    except migrate.MigrationError as error:
        raise ServeError(str(error)) from error


@contextlib.contextmanager
def _answering() -> Generator[None]:
    """Say in one sentence that the database cannot be used. Of the error only its kind: texts may repeat the URL."""
    try:
        yield
    except FAULTS as error:
        kind = type(error).__name__
        raise ServeError(
            f"The database cannot be reached or used ({kind}). Check --database-url and its account."
        ) from error


def _check_workspaces(settings: Settings, database_url: str) -> None:
    from entrepot.sandbox.guard import refusal

    if reason := refusal(settings, database_url) or packages.refusal(database_url):
        raise ServeError(reason)


def _warn(settings: Settings, database_url: str) -> None:
    """Say in one line what the settings of somebody's own database may cost; of a sandbox nothing is to be kept."""
    if settings.sandbox or not settings.database_url:
        return
    from entrepot.checks.durability import durability

    for finding in asyncio.run(durability(database_url)):
        _log.warning(finding.detail)


class _Ended(BaseException):
    """A signal asked the server to end."""


@contextlib.contextmanager
def _ending_on_signals() -> Generator[None]:
    """Turn SIGINT and SIGTERM into an orderly way out of the block.

    Uvicorn raises the signal again after it has drained, which then ends the block as intended.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.suppress(_Ended):
            yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
