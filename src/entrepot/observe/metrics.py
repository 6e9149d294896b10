"""Prometheus metrics. Several workers keep their counts in files of one folder, which any of them adds up.

prometheus-client decides at its import whether counts go into such files, so `share_counts` comes first and
the metrics are made on first use.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True)
class RequestMetrics:
    """Requests by outcome, and their durations."""

    answered: "Counter"
    seconds: "Histogram"


def share_counts(folder: Path | None) -> None:
    """Let all workers started from here on count together in the folder; None for a single process."""
    if folder is None:
        os.environ.pop(FOLDER_VARIABLE, None)
    else:
        os.environ[FOLDER_VARIABLE] = str(folder)


@cache
def request_metrics() -> RequestMetrics:
    """The request metrics of this process."""
    from prometheus_client import Counter, Histogram

    return RequestMetrics(
        Counter("entrepot_requests", "Requests answered.", ["door", "operation", "outcome"]),
        Histogram(
            "entrepot_request_seconds",
            "From a request's head to its answer.",
            ["door", "operation"],
            buckets=BUCKETS,
        ),
    )


@cache
def _unimplemented() -> "Counter":
    from prometheus_client import Counter

    return Counter(
        "entrepot_unimplemented",
        "Calls of operations that the vendor has and we do not.",
        ["door", "operation"],
    )


def count_unimplemented(door: str, operation: str) -> None:
    """Count a call of an operation that is missing; its name is one of the door's list."""
    _unimplemented().labels(door, operation).inc()


@cache
def _dropped() -> "Counter":
    from prometheus_client import Counter

    return Counter("entrepot_integration_log_dropped", "Entries of the integration log that were not kept.")


def count_dropped(entries: int) -> None:
    """Count entries of the integration log that were not kept."""
    _dropped().inc(entries)


@cache
def _dropped_lines() -> "Counter":
    from prometheus_client import Counter

    return Counter("entrepot_log_lines_dropped", "Log lines that were dropped: their reader was too slow.")


def count_dropped_lines(lines: int) -> None:
    """Count log lines that nobody will read."""
    _dropped_lines().inc(lines)


def render_metrics() -> bytes:
    """All metrics, of all workers, in Prometheus's text format (METRICS_TYPE)."""
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
