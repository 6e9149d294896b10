"""When a connection's statements are planned again.

A plan that was made while a table was empty may read all rows of a workspace for one key of them, since to PostgreSQL
either way looked as good; it makes new ones by itself only once the table was analysed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from entrepot.store.silence import Limits, watched

PLANNED_ANEW, RARER = 16, 4
"""Plans are made again at a connection's use of this number, and at each that is so many times as far."""
_TURNS: Final = frozenset(PLANNED_ANEW * RARER**turn for turn in range(16))
FORGET: Final = "discard plans"


def is_due(uses: int) -> bool:
    """Whether plans are to be made again at this use of a connection."""
    return uses in _TURNS


class _Counted:
    """Mixed into a pool's connections, which know how often they were lent."""

    uses = 0

    def lend(self) -> bool:
        """Count it; whether its plans are to be made again."""
        self.uses += 1
        return is_due(self.uses)


def counted(limits: Limits, on_silence: Callable[[], None] | None = None) -> type[Any]:
    """The class of a pool's connections that are watched, and count."""
    return type("Counted", (_Counted, watched(limits, on_silence)), {})


async def forget_in_time(connection: Any) -> None:
    """What a pool does with such a connection when it lends it. Raises what asyncpg raises."""
    if connection.lend():
        await connection.execute(FORGET)
