"""The request object and the response object of JSON-RPC 2.0."""

from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.json import Json, is_array, is_object
from entrepot.doors.textalk.wire.sentences import say

CallId: TypeAlias = str | int | float | Decimal | None


class Call(msgspec.Struct, frozen=True):
    """A valid request object. Without an id it is a notification; `"id": null` is a request."""

    method: str
    params: Json
    id: CallId | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_notification(self) -> bool:
        """Whether no answer may be sent, whatever happens."""
        return self.id is msgspec.UNSET


def read_call(message: Json) -> Call | RpcError:
    """The request object in `message`, or -32600 with what is wrong."""
    if not is_object(message):
        return _invalid("request.not-object")
    method, params = message.get("method"), message.get("params", [])
    call_id = message.get("id")
    if message.get("jsonrpc") != "2.0":
        return _invalid("request.version")
    if not isinstance(method, str):
        return _invalid("request.method")
    if isinstance(call_id, bool) or not isinstance(call_id, str | int | float | Decimal | None):
        return _invalid("request.id")
    if not (is_array(params) or is_object(params)):
        return _invalid("request.params")
    return Call(method, params, call_id if "id" in message else msgspec.UNSET)


def _invalid(key: str) -> RpcError:
    return RpcError(Code.INVALID_REQUEST, say(key))


class Reply(msgspec.Struct, frozen=True):
    """The answer to one call: a result, which may be null, or an error; `language` is that of its texts."""

    id: CallId
    outcome: Json | RpcError
    language: str

    def render(self) -> Json:
        """The response object."""
        if isinstance(self.outcome, RpcError):
            return {"jsonrpc": VERSION, "id": self.id, "error": self.outcome.render(self.language)}
        return {"jsonrpc": VERSION, "id": self.id, "result": self.outcome}


VERSION: Final = "2.0"
