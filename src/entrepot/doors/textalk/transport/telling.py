"""How this door says worked examples of failures: as the answer to a call, or around the calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import msgspec

from entrepot.doors.kit import Said, encode, sampled
from entrepot.doors.textalk.rpc.endpoint import Answer
from entrepot.doors.textalk.rpc.messages import Reply
from entrepot.doors.textalk.transport.http import AROUND, render, reply
from entrepot.doors.textalk.wire.failures import CODES as PLAIN
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.failures import BodyBeyondLimits, Failure, MalformedBody, Overloaded
from entrepot.failures.payments import CardProviderFailed
from entrepot.gateways.cards.port import UNREACHABLE

_PATH: Final = "/backend/jsonrpc/v1"


def say(failure: Failure) -> Iterator[Said]:
    """The answer to a POST whose one call comes to this failure."""
    if isinstance(failure, AROUND):
        yield Said(render(failure, sampled("POST", _PATH)))
        return
    if isinstance(failure, CardProviderFailed):
        yield _answered(msgspec.structs.replace(failure, message=UNREACHABLE), "where it cannot be reached")
        yield _answered(failure, "where it answers")
    else:
        yield _answered(failure)
    if isinstance(failure, Overloaded):
        used_up = msgspec.structs.replace(failure, cause="quota")
        yield Said(render(used_up, sampled("POST", _PATH)), "where a quota of requests is used up")


def _answered(failure: Failure, where: str = "") -> Said:
    error = rpc_error(failure)
    call = None if isinstance(failure, MalformedBody | BodyBeyondLimits) else 1
    return Said(reply(Answer(encode(Reply(call, error, "en").render()), error)), where)


CODES: Final = replace(PLAIN, say=say)
