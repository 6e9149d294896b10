"""Points in time as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def written(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, and microseconds where there are any."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
