"""Query parameters: limits, offsets, dates, and what several names mean (decision walmart filters)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from entrepot.domain.kernel.moments import read_moment
from entrepot.doors.kit import Request
from entrepot.doors.walmart.errors import Voice
from entrepot.failures.orders import InvalidInput

LARGEST_OFFSET: Final = 50_000
LONGEST: Final = 255


class Query:
    """The parameters of one request; what is wrong with them is gathered. A parameter without a value is not there."""

    def __init__(self, request: Request, voice: Voice) -> None:
        self._query = request.query
        self._voice = voice
        self._wrong: list[InvalidInput] = []

    @property
    def faults(self) -> InvalidInput | None:
        """All that is wrong, or None."""
        return (
            InvalidInput(tuple(each for fault in self._wrong for each in fault.faults))
            if self._wrong
            else None
        )

    def text(self, *names: str) -> str | None:
        """The first of these parameters that is there."""
        for name in names:
            value = self._query.get(name)
            if value is not None and value.strip():
                if len(value) > LONGEST:
                    self.refuse(name, f"`{name}` must have at most {LONGEST} characters")
                    return None
                return value
        return None

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number; the default where it is not there."""
        text = self.text(name)
        if text is None:
            return default
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else -1
        if not least <= number <= most:
            self.refuse(name, f"`{name}` must be a whole number from {least} to {most}")
            return default
        return number

    def moment(self, *names: str, until: bool = False) -> datetime | None:
        """A date or a point in time; as an end, a date means the whole day."""
        text = self.text(*names)
        if text is None:
            return None
        found = read_moment(text, until=until)
        if found is None:
            self.refuse(names[0], f"`{names[0]}` must be a date such as 2026-03-25")
        return found

    def refuse(self, name: str, description: str) -> None:
        """Say what is wrong with a parameter."""
        self._wrong.append(self._voice.wrong(name, description))
