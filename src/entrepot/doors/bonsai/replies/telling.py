"""How this door says worked examples of failures, in the form of each route that has one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from entrepot.doors.bonsai.admission import PRIVATE_ROW
from entrepot.doors.bonsai.failures import CODES as PLAIN
from entrepot.doors.bonsai.failures import render_all
from entrepot.doors.bonsai.joi import items
from entrepot.doors.bonsai.replies.checkout import row_of
from entrepot.doors.kit import Said
from entrepot.doors.kit.checking import Kind, one
from entrepot.failures import Failure, Unauthenticated
from entrepot.failures.orders import InvalidInput

_INVALID: Final = InvalidInput(items(tuple(one(Kind.REQUIRED).within("email").within("customer"))))


def say(failure: Failure) -> Iterator[Said]:
    """Every form in which the door says it."""
    if isinstance(failure, InvalidInput):
        failure = _INVALID
    own = PRIVATE_ROW if isinstance(failure, Unauthenticated) else row_of(failure)
    yield Said(render_all((failure,)))
    if own is not None:
        yield Said(render_all((failure,), own), "with a private key" if own is PRIVATE_ROW else "checkout")


CODES: Final = replace(PLAIN, say=say)
