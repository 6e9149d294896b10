"""Time zones by their names."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of a name such as `Europe/Stockholm`. Raises `LookupError` or `ValueError` where there is none."""
    return UTC if name == "UTC" else ZoneInfo(name)
