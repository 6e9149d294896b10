"""What the outbox asks of a handler, and what a handler may answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

P = TypeVar("P", bound=msgspec.Struct)
LARGEST_ID, LONGEST_ID = 2**53, 16


class Job(msgspec.Struct, frozen=True):
    """One delivery to be tried. Its `repr` leaves the payload out, which may hold codes and addresses."""

    workspace: int
    subject: int
    listener: str
    seq: int
    payload: dict[str, Any]
    attempt: int = 1
    """The how-manieth try this is."""

    @property
    def key(self) -> str:
        """The same for every try of this delivery and for no other: what lets the other side drop repeats."""
        return f"{self.workspace}-{self.subject}-{self.listener}-{self.seq}"

    @property
    def to(self) -> str:
        """The listener without the name of its handler: `payout:acme` is for `acme`."""
        return self.listener.partition(":")[2]

    @property
    def number(self) -> int | None:
        """The id that the listener is for, or None where it names none."""
        short = self.to.isascii() and self.to.isdigit() and len(self.to) <= LONGEST_ID
        return int(self.to) if short and int(self.to) < LARGEST_ID else None

    def __repr__(self) -> str:
        return f"Job({self.key!r})"


class Delivered(msgspec.Struct, frozen=True):
    """The other side has it, or there is nobody left who wants it."""


class Failed(msgspec.Struct, frozen=True):
    """It may not have arrived. `reason` is for the operator and holds no secret and no address of a person.

    `final` means that trying again cannot help: the delivery is parked at once.
    """

    reason: str
    final: bool = False


Outcome: TypeAlias = Delivered | Failed

Handler: TypeAlias = Callable[[Job], Awaitable[Outcome]]
"""Delivers one job. It may be asked again for a job that arrived, so that it must be idempotent by the job's key."""

UNREADABLE = Failed("the payload cannot be read", final=True)


def read_payload(job: Job, kind: type[P]) -> P | None:
    """The payload as its handler knows it, or None if it is something else."""
    try:
        return msgspec.convert(job.payload, kind)
    except msgspec.ValidationError:
        return None
