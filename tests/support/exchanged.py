"""Exchanges as the log and the metrics see them, without a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Called(NamedTuple):
    """One call."""

    operation: str
    outcome: str
    seconds: float
    channel: str | None = None


class Exchanged(NamedTuple):
    """One exchange."""

    door: str
    calls: Sequence[Called]
    request_id: str = "r-1"
