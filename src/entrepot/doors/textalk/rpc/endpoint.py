"""One message in, one answer out: a call or a batch, as bytes, for HTTP and WebSocket alike."""

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from entrepot.doors.kit import decode_large, encode
from entrepot.doors.textalk.caller.context import RawContext
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.messages import Call, Reply, read_call
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_array
from entrepot.doors.textalk.wire.sentences import FALLBACK, say
from entrepot.failures import BodyBeyondLimits, MalformedBody, Overloaded

MAX_BATCH: Final = 100
MAX_DEPTH: Final = 64
MAX_MESSAGE: Final = 1_000_000
MAX_MESSAGE_WITH_FILE: Final = 10_000_000
MAX_ANSWERS: Final = 64_000_000
"""Once the answers of a batch come to so many bytes, no further call of it is run."""
FILE_METHOD: Final = "Order.addArticle"
_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger(__name__)


class Answer(msgspec.Struct, frozen=True):
    """What goes back. `body` is None if only notifications came; `error` is that of a lone call."""

    body: bytes | None
    error: RpcError | None = None


def may_hold_file(message: bytes) -> bool:
    """Whether a message above the ordinary size is worth parsing: it must name the method with files."""
    return len(message) <= MAX_MESSAGE_WITH_FILE and FILE_METHOD.encode() in message


def too_large() -> RpcError:
    """The refusal of a message beyond its limit: -32600."""
    return RpcError(Code.INVALID_REQUEST, say("request.size", limit=MAX_MESSAGE))


def refuse(dispatcher: Dispatcher, raw: RawContext, failure: Overloaded) -> Answer:
    """The refusal of a message that was not looked at, where no header can say when to send it again."""
    later = say("request.later", seconds=failure.retry_after)
    return _alone(dispatcher.refuse(msgspec.structs.replace(rpc_error(failure), data=later), raw))


async def answer(dispatcher: Dispatcher, raw: RawContext, message: bytes) -> Answer:
    """Runs the call or the calls in `message`; a batch runs in order, one after the other."""
    large = len(message) > MAX_MESSAGE
    if large and not may_hold_file(message):
        return _alone(dispatcher.refuse(too_large(), raw))
    parsed: Json | MalformedBody | BodyBeyondLimits = await decode_large(message, MAX_DEPTH, exact=True)
    if isinstance(parsed, MalformedBody | BodyBeyondLimits):
        return _alone(dispatcher.refuse(rpc_error(parsed), raw))
    calls = _calls(parsed)
    if isinstance(calls, RpcError):
        return _alone(dispatcher.refuse(calls, raw))
    if large and not all(isinstance(call, Call) and call.method == FILE_METHOD for call in calls):
        return _alone(dispatcher.refuse(too_large(), raw))
    if not is_array(parsed):
        reply = await _reply(dispatcher, raw, calls[0])
        return Answer(None) if reply is None else _alone(reply)
    replies = await _replies(dispatcher, raw, calls)
    return Answer(b"[" + b",".join(replies) + b"]") if replies else Answer(None)


async def _replies(dispatcher: Dispatcher, raw: RawContext, calls: Sequence[Call | RpcError]) -> list[bytes]:
    """The answers to a batch, each written out before the next call runs, and no more than there may be of them."""
    replies: list[bytes] = []
    size = 0
    for call in calls:
        if size > MAX_ANSWERS and isinstance(call, Call) and not call.is_notification:
            over = RpcError(Code.INVALID_REQUEST, say("request.batch-answers", limit=MAX_ANSWERS))
            reply = dispatcher.refuse(over, raw, call)
        else:
            reply = await _reply(dispatcher, raw, call)
        if reply is not None:
            replies.append(_encode(reply))
            size += len(replies[-1])
    return replies


def _calls(parsed: Json) -> Sequence[Call | RpcError] | RpcError:
    if not is_array(parsed):
        return [read_call(parsed)]
    if not parsed:
        return RpcError(Code.INVALID_REQUEST, say("request.empty-batch"))
    if len(parsed) > MAX_BATCH:
        return RpcError(Code.INVALID_REQUEST, say("request.batch-size", limit=MAX_BATCH))
    return [read_call(item) for item in parsed]


async def _reply(dispatcher: Dispatcher, raw: RawContext, call: Call | RpcError) -> Reply | None:
    if isinstance(call, RpcError):
        return dispatcher.refuse(call, raw)
    reply = await dispatcher.run(call, raw)
    return None if call.is_notification else reply


def _alone(reply: Reply) -> Answer:
    error = reply.outcome if isinstance(reply.outcome, RpcError) else None
    return Answer(_encode(reply), error)


def _encode(reply: Reply) -> bytes:
    """The response object as text; a result that is no JSON is a fault of this layer, -32603."""
    try:
        return encode(reply.render())
    except (TypeError, ValueError, RecursionError):
        _log.exception("textalk.result_not_json")
        return encode(Reply(reply.id, RpcError(Code.RPC_INTERNAL_ERROR), FALLBACK).render())
