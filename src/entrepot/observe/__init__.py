"""What operators see: the log and the metrics. Both learn of each exchange once it is over."""

from entrepot.observe.logs import configure_logging, flush_logs
from entrepot.observe.metrics import METRICS_TYPE, count_dropped, render_metrics
from entrepot.observe.requests import count_exchange, log_exchange

__all__ = [
    "METRICS_TYPE",
    "configure_logging",
    "count_dropped",
    "count_exchange",
    "flush_logs",
    "log_exchange",
    "render_metrics",
]
