"""How much one payload may cost a mapping. Steps are counted, so that the outcome hangs on no clock."""

from __future__ import annotations

from typing import Any, Final, cast

MOST_STEPS: Final = 500_000
"""Rules that are applied and values that are copied: some tenths of a second, and far more than any order has."""


class Work:
    """The steps that are left for one payload."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def takes(self, steps: int) -> bool:
        """Take steps; false where there are not as many left."""
        self._left -= steps
        return self._left >= 0

    @property
    def is_over(self) -> bool:
        """Whether more was to be done than may be."""
        return self._left < 0

    def copied(self, value: Any) -> Any:
        """The same value, of which nothing is shared; once the work is over the rest is not copied any more."""
        if type(value) is dict:
            members = cast("dict[str, Any]", value)
            return (
                {key: self.copied(each) for key, each in members.items()}
                if self.takes(len(members) + 1)
                else {}
            )
        if type(value) is list:
            items = cast("list[Any]", value)
            return [self.copied(each) for each in items] if self.takes(len(items) + 1) else []
        return value
