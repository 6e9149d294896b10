"""One call per answered request feeds the log and the metrics."""

from functools import lru_cache
from typing import TYPE_CHECKING

import structlog

from entrepot.observe.metrics import request_metrics

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

_log = structlog.stdlib.get_logger("entrepot.requests")


def observe_request(
    door: str, operation: str, channel: str | None, outcome: str, seconds: float, request_id: str
) -> None:
    """Count, time and log one answered request; `outcome` is `ok`, `disconnected` or a failure's name."""
    answered, durations = _series(door, operation, outcome)
    answered.inc()
    durations.observe(seconds)
    log_request(door, operation, channel, outcome, seconds, request_id)


def log_request(
    door: str, operation: str, channel: str | None, outcome: str, seconds: float, request_id: str
) -> None:
    """Log one answered request; the duration is written in milliseconds."""
    _log.info(
        "request",
        request_id=request_id,
        door=door,
        channel=channel,
        operation=operation,
        outcome=outcome,
        duration_ms=round(seconds * 1000, 2),
    )


@lru_cache(4096)
def _series(door: str, operation: str, outcome: str) -> "tuple[Counter, Histogram]":
    # Finding a labelled series costs more than counting in it.
    metrics = request_metrics()
    return metrics.answered.labels(door, operation, outcome), metrics.seconds.labels(door, operation)
