"""Answers that wait for their callers to take them: how much of the process's memory they may come to."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from entrepot.doors.kit.body import Budget

MOST_ANSWERS = 256_000_000
"""At so many bytes of answers on their way nobody gets a further one begun, until some were taken."""
MOST_ANSWERS_OF_ONE = MOST_ANSWERS // 2
"""At so many bytes of them for one address it gets none begun."""

ANSWERS = Budget(MOST_ANSWERS, MOST_ANSWERS_OF_ONE)
"""The answers of this process. What was done is told in any case, so the sum is looked at before something is done."""


@contextmanager
def in_flight(size: int, who: str) -> Generator[None]:
    """Count an answer for the length of a block, in which it is sent."""
    ANSWERS.add(size, who)
    try:
        yield
    finally:
        ANSWERS.give_back(size, who)
