"""What is asked of a rule and what it answers: commands, decisions and refusals."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

import msgspec

from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures import Failure


class Decided(msgspec.Struct, frozen=True):
    """An accepted command: what the caller is told, and what changes."""

    result: object
    changes: Changes


class Refused(msgspec.Struct, frozen=True):
    """A refused command: why, the failure that counts first. Nothing changes."""

    failures: tuple[Failure, ...]


def refused(*failures: Failure) -> Refused:
    """A refusal for these reasons."""
    return Refused(failures)


def refused_as(outcome: object, kind: type[Failure]) -> bool:
    """Whether an outcome is a refusal, and first of all of this kind."""
    return isinstance(outcome, Refused) and isinstance(outcome.failures[0], kind)


Decision = Decided | Refused


class Ids(Protocol):
    """Where a rule gets new identifiers from: the engine hands them in, since rules know no chance."""

    def next(self) -> int:
        """A fresh integer id of the workspace."""
        ...

    def uuid(self) -> UUID:
        """A fresh random UUID."""
        ...


class Command(msgspec.Struct, frozen=True):
    """A request to change state, free of any door's vocabulary. It says what it touches and decides itself."""

    stages: ClassVar[frozenset[Stage]] = frozenset(Stage)
    """The stages at which it may want anything. Being asked at all of them costs a command that comes often."""

    @property
    def ids(self) -> int:
        """How many fresh ids deciding takes at most."""
        return 0

    @property
    def weight(self) -> int:
        """About how many rows the command writes: bounds the size of a batch."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The keys to load (and lock) at this stage, given what earlier stages brought."""
        del stage, view
        return ()

    def knows(self, stage: Stage) -> bool:
        """Whether it can say what it wants at this stage before anything is loaded: that saves a round trip."""
        del stage
        return False

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """The rule: pure, and complete or nothing."""
        raise NotImplementedError
