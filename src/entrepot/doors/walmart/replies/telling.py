"""How this door says worked examples of failures: as each of its operations does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from entrepot.doors.kit import Said, sampled
from entrepot.doors.kit.checking import Kind, one
from entrepot.doors.walmart import voices
from entrepot.doors.walmart.errors import Voice
from entrepot.doors.walmart.failures import CODES as PLAIN
from entrepot.doors.walmart.failures import GATEWAY, render
from entrepot.failures import BodyBeyondLimits, Failure, Internal, MalformedBody
from entrepot.failures.orders import InvalidInput

OPERATIONS: Final[Mapping[str, Voice]] = {
    "create an order": voices.CREATE,
    "cancel an order": voices.CANCEL,
    "status": voices.STATUS,
    "delivery promise": voices.PROMISE,
    "create a return": voices.RETURN_CREATE,
    "get returns": voices.RETURN_GET,
    "cancel a return": voices.RETURN_CANCEL,
    "sales channels": voices.STOREFRONTS,
    "items": voices.ITEMS,
    "inventory": voices.INVENTORY,
    "token": voices.TOKENS,
}
"""Each voice with what is done in it. The description has them by path, but takes seconds to load."""
_ANY: Final = sampled("POST", "/v3/fulfillment/orders-fulfillments")
_OF_ALL: Final = (InvalidInput, MalformedBody, BodyBeyondLimits, Internal)
"""What every operation says, in words of its own."""


def say(failure: Failure) -> Iterator[Said]:
    """Every operation's way of saying it; what the gateway says is the same for all."""
    of_all = isinstance(failure, _OF_ALL)
    speaking = {name: voice for name, voice in OPERATIONS.items() if of_all or type(failure) in voice.rows}
    if not speaking or type(failure) in GATEWAY:
        yield Said(render(voices.GATEWAY, failure, _ANY))
        return
    for name, voice in speaking.items():
        yield Said(render(voice, _of(voice, failure), _ANY), name)


def _of(voice: Voice, failure: Failure) -> Failure:
    """The failure as the operation comes to it: what is wrong with a body it describes itself."""
    if not isinstance(failure, InvalidInput):
        return failure
    return voice.invalid(one(Kind.REQUIRED).within("payload"), {})


CODES: Final = replace(PLAIN, say=say)
