"""How an attempt ends: by a command that ends it, or not yet."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import msgspec

from entrepot.domain.checkout.attempt_endings import CompleteAttempt, CompleteSale, ReleaseAttempt
from entrepot.domain.placing.attempts import NOTHING, Attempt, Errands
from entrepot.failures import Failure
from entrepot.failures.packing import pack


class InDoubt(msgspec.Struct, frozen=True):
    """Nobody knows yet what was done outside, nor can find out in time; recovery does."""

    failure: Failure


class EndBy(msgspec.Struct, frozen=True):
    """The command that ends the attempt.

    `client_secret` of a prepared charge and `document` of a label are shown with the order and stored nowhere.
    """

    command: CompleteAttempt | CompleteSale | ReleaseAttempt
    client_secret: str | None = None
    document: bytes | None = None


Ending: TypeAlias = EndBy | InDoubt


class Way(Protocol):
    """Who finds out what became of attempts of one kind, once nobody drives them any more."""

    async def settle(self, workspace: int, attempt: Attempt) -> Ending:
        """How the attempt ends; asked outside again, or in doubt."""
        ...


def release(attempt: Attempt, failure: Failure, unwanted: Errands = NOTHING) -> EndBy:
    """Nothing of the order remains, and this is why; the `unwanted` errands, which may have been run, are undone."""
    command = ReleaseAttempt(
        attempt.id, attempt.order, attempt.draft, outcome=pack([failure]), unwanted=unwanted
    )
    return EndBy(command)
