"""Points in time as somebody writes them: one reader for doors, world files and the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_WRITTEN: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([Tt ](?P<time>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)(\.(?P<fraction>[0-9]{1,100}))?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_MICROSECONDS: Final = 6

UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something was made of which nobody wrote down when."""


def read_moment(text: str, zone: tzinfo = UTC, *, until: bool = False) -> datetime | None:
    """The point in time that a text names (RFC 3339), in UTC; None where it names none.

    A time without an offset is UTC; of a fraction microseconds count. A bare date is the first moment of its day in
    `zone`; where it says `until` when something holds, the first moment after that day. After the last day of all there
    is none, so that one ends with its last moment.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    try:
        if found["time"] is None:
            day = datetime.fromisoformat(found["date"]) + timedelta(days=until)
            return day.replace(tzinfo=zone).astimezone(UTC)
        return _with_time(found)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if until and found["time"] is None else None
    except ValueError:
        return None


def is_bare_date(text: str) -> bool:
    """Whether a text is a date without a time."""
    found = _WRITTEN.fullmatch(text)
    return found is not None and found["time"] is None


def _with_time(found: re.Match[str]) -> datetime:
    fraction = (found["fraction"] or "0")[:_MICROSECONDS]
    offset = (found["offset"] or "Z").upper().replace("Z", "+00:00")
    return (
        datetime.fromisoformat(f"{found['date']}T{found['time']}")
        .replace(microsecond=int(fraction.ljust(_MICROSECONDS, "0")))
        .replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo)
        .astimezone(UTC)
    )
