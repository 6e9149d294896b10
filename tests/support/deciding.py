"""Deciding a command on records in memory, as a batch would."""

from __future__ import annotations

import random
from uuid import UUID

from entrepot.domain.kernel.commands import Command, Decision
from entrepot.domain.kernel.records import Record, View
from tests.support.shop import AT


class FixedIds:
    """Ids that are the same in every run."""

    def __init__(self, first: int = 1_000) -> None:
        self._next = first
        self._random = random.Random(first)

    def next(self) -> int:
        self._next += 1
        return self._next - 1

    def uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def view_of(*records: Record) -> View:
    """A view that has loaded these records."""
    view = View()
    for record in records:
        view.load(record)
    return view


def decide(command: Command, *records: Record) -> Decision:
    """What the command comes to when the workspace holds these records."""
    return command.decide(view_of(*records), AT, FixedIds())
