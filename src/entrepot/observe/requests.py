"""Two observers of exchanges: metrics, and the log. Both speak of the calls of which an exchange was made."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import structlog

from entrepot.observe.metrics import count_unimplemented, request_metrics

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

_MISSING = "operation-missing"
"""The failure of what the vendor has and we do not."""
_log = structlog.stdlib.get_logger("entrepot.requests")


class Called(Protocol):
    """One operation that was run; `outcome` is `ok`, `disconnected` or a failure's name."""

    @property
    def operation(self) -> str:
        """Its name."""
        ...

    @property
    def channel(self) -> str | None:
        """The name of the account, if it is known."""
        ...

    @property
    def outcome(self) -> str:
        """What it came to."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took."""
        ...


class Exchanged(Protocol):
    """A request that is answered, with the calls of which it was made."""

    @property
    def door(self) -> str:
        """By which API it came."""
        ...

    @property
    def request_id(self) -> str:
        """By which caller and operator know it."""
        ...

    @property
    def calls(self) -> Sequence[Called]:
        """At least one."""
        ...


def count_exchange(exchange: Exchanged, /) -> None:
    """Count and time each call."""
    for call in exchange.calls:
        answered, durations = _series(exchange.door, call.operation, call.outcome)
        answered.inc()
        durations.observe(call.seconds)
        if call.outcome == _MISSING:
            count_unimplemented(exchange.door, call.operation)


def log_exchange(exchange: Exchanged, /) -> None:
    """Log each call; the duration is written in milliseconds."""
    for call in exchange.calls:
        _log.info(
            "request",
            request_id=exchange.request_id,
            door=exchange.door,
            channel=call.channel,
            operation=call.operation,
            outcome=call.outcome,
            duration_ms=round(call.seconds * 1000, 2),
        )


@lru_cache(4096)
def _series(door: str, operation: str, outcome: str) -> "tuple[Counter, Histogram]":
    # Finding a labelled series costs more than counting in it.
    metrics = request_metrics()
    return metrics.answered.labels(door, operation, outcome), metrics.seconds.labels(door, operation)
