"""What operators see: the log and the metrics. Both learn of each request by one call once it is answered."""

from entrepot.observe.logs import configure_logging, flush_logs
from entrepot.observe.metrics import METRICS_TYPE, render_metrics
from entrepot.observe.requests import log_request, observe_request

__all__ = [
    "METRICS_TYPE",
    "configure_logging",
    "flush_logs",
    "log_request",
    "observe_request",
    "render_metrics",
]
