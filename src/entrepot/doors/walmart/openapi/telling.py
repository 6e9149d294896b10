"""How this door says worked examples of failures: as each of its operations does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from entrepot.doors.kit import Said, sampled
from entrepot.doors.kit.checking import Kind, one
from entrepot.doors.walmart import voices
from entrepot.doors.walmart.errors import Voice
from entrepot.doors.walmart.failures import CODES as PLAIN
from entrepot.doors.walmart.failures import GATEWAY, render
from entrepot.doors.walmart.openapi import ROUTES
from entrepot.failures import BodyBeyondLimits, Failure, Internal, MalformedBody
from entrepot.failures.orders import InvalidInput

_OF_ALL: Final = (InvalidInput, MalformedBody, BodyBeyondLimits, Internal)
"""What every operation says, in words of its own."""


def say(failure: Failure) -> Iterator[Said]:
    """Every operation's way of saying it; what the gateway says is the same for all."""
    said = False
    for route in ROUTES:
        if type(failure) not in GATEWAY and (
            isinstance(failure, _OF_ALL) or type(failure) in route.voice.rows
        ):
            said = True
            where = f"{route.method} {route.path}"
            yield Said(
                render(route.voice, _of(route.voice, failure), sampled(route.method, route.path)), where
            )
    if not said:
        yield Said(render(voices.GATEWAY, failure, sampled("POST", ROUTES[0].path)))


def _of(voice: Voice, failure: Failure) -> Failure:
    """The failure as the operation comes to it: what is wrong with a body it describes itself."""
    if not isinstance(failure, InvalidInput):
        return failure
    return voice.invalid(one(Kind.REQUIRED).within("payload"), {})


CODES: Final = replace(PLAIN, say=say)
