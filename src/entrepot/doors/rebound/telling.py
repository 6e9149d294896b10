"""How this door says worked examples of failures: as the API does, and at the token endpoint as OAuth does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from entrepot.doors.kit import Said, sampled
from entrepot.doors.kit.checking import Kind, one
from entrepot.doors.rebound import tokens
from entrepot.doors.rebound.bodies import sentence
from entrepot.doors.rebound.failures import CODES as PLAIN
from entrepot.doors.rebound.failures import render
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput

_INVALID: Final = InvalidInput((sentence(one(Kind.REQUIRED).within("clientOrderId")[0]),))


def say(failure: Failure) -> Iterator[Said]:
    """Every form in which the door says it."""
    value = _INVALID if isinstance(failure, InvalidInput) else failure
    yield Said(render(value, sampled("POST", "/sales-orders")))
    if type(failure) in tokens.SAID:
        yield Said(tokens.render(failure, sampled("POST", "/oauth/token")), "POST /oauth/token")


CODES: Final = replace(PLAIN, say=say)
