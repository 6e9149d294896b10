"""How this door says worked examples of failures: as the answer to a call, or around the calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from entrepot.doors.kit import Said, encode, sampled
from entrepot.doors.textalk.rpc.endpoint import Answer
from entrepot.doors.textalk.rpc.messages import Reply
from entrepot.doors.textalk.transport.http import AROUND, render, reply
from entrepot.doors.textalk.wire.failures import CODES as PLAIN
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.failures import BodyBeyondLimits, Failure, MalformedBody

_PATH: Final = "/backend/jsonrpc/v1"


def say(failure: Failure) -> Iterator[Said]:
    """The answer to a POST whose one call comes to this failure."""
    if isinstance(failure, AROUND):
        yield Said(render(failure, sampled("POST", _PATH)))
        return
    error = rpc_error(failure)
    call = None if isinstance(failure, MalformedBody | BodyBeyondLimits) else 1
    yield Said(reply(Answer(encode(Reply(call, error, "en").render()), error)))


CODES: Final = replace(PLAIN, say=say)
