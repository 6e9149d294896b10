"""The log: one chain of processors for structlog and for the libraries' standard logging."""

import logging
import sys
from typing import Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from entrepot.observe.metrics import count_dropped_lines
from entrepot.observe.redaction import redact, without_rows
from entrepot.observe.writer import LineWriter

LogFormat = Literal["json", "text"]

_writer = LineWriter(2, count_dropped_lines)


def configure_logging(log_format: LogFormat, level: str) -> None:
    """Send everything at or above the level to standard error, one line per event, secrets hidden."""
    number = logging.getLevelNamesMapping()[level.upper()]
    chain: list[Processor] = [
        without_rows,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _as_json if log_format == "json" else _as_text(),
    ]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_make_logger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Bridge()], level=max(number, logging.INFO), force=True)
    # Libraries tell at "info" what we tell ourselves, or what only their authors care about.
    for name in ("uvicorn", "asyncio", "httpx", "stripe", "alembic"):
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    # While the database is away its pools would print a traceback per retry; who needs it says that it is away.
    logging.getLogger("asyncpg").setLevel(max(number, logging.ERROR))


def flush_logs() -> None:
    """Write what is queued before the process ends or hands over the terminal."""
    _writer.flush()


class _Sink:
    """What structlog takes for a logger: every level's method queues the finished line."""

    def msg(self, line: bytes) -> None:
        _writer.write(line)

    log = debug = info = warn = warning = msg

    def error(self, line: bytes) -> None:
        _writer.write(line, soon=True)

    fatal = failure = err = critical = exception = error


def _make_logger(*_names: object) -> _Sink:
    return _Sink()


class _Bridge(logging.Handler):
    """Hands the records of standard logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
        logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=exc_info)


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    return msgspec.json.encode(event)


def _as_text() -> Processor:
    render = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        sort_keys=False,
        pad_event_to=0,
        # The prettier formatters print local variables, and with them shoppers' addresses and tokens.
        exception_formatter=structlog.dev.plain_traceback,
    )

    def encode(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        if event.get("exc_info") is None:
            event.pop("exc_info", None)
        return str(render(logger, method, event)).encode("utf-8", "backslashreplace")

    return encode
