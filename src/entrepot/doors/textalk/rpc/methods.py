"""What a method is: its name and parameters, what it demands of the caller, the function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from entrepot.doors.kit import CallKeeps
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.wire.errors import Code, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json, is_array
from entrepot.doors.textalk.wire.sentences import say

Handler: TypeAlias = Callable[[Context, Sequence[Json]], Awaitable[Json | RpcError]]


class Param(msgspec.Struct, frozen=True):
    """One positional parameter; optional ones come last. `schema` is its JSON Schema, for the description.

    One that is `secret` is in no log.
    """

    name: str
    schema: Mapping[str, Json] = {}
    required: bool = True
    secret: bool = False


class Method(msgspec.Struct, frozen=True):
    """One entry of the dispatch table.

    `unknown_session` is the answer to a session that is not there.
    `available` says whether the method exists for this kind of caller: if not, it answers -32601, not 1006.
    `logged` says that the integration log may keep its parameters, but for secret ones, and its result, in which
    `hidden` are pointers to what is secret; else it keeps neither.
    """

    name: str
    summary: str
    handler: Handler
    params: tuple[Param, ...] = ()
    result: Mapping[str, Json] = {}
    audience: Audience = Audience.ANONYMOUS
    needs_webshop: bool = True
    needs_session: bool = False
    carries_credentials: bool = False
    unknown_session: Code = Code.BAD_SESSION_TOKEN
    available: Callable[[Context], bool] | None = None
    logged: bool = False
    hidden: tuple[str, ...] = ()

    @property
    def keeps(self) -> CallKeeps | None:
        """What the integration log may keep of a call."""
        secret = tuple(f"/{place}" for place, param in enumerate(self.params) if param.secret)
        return CallKeeps(secret, self.hidden) if self.logged else None

    def kept_secret(self) -> Method:
        """The method, of whose parameters and result logs keep nothing: the uid of a token is the token."""
        params = tuple(msgspec.structs.replace(each, secret=True) for each in self.params)
        return msgspec.structs.replace(self, params=params, hidden=("",))

    def arguments(self, params: Json) -> Sequence[Json] | RpcError:
        """The positional arguments; absent optional ones are left out. -32602 for names or a wrong count."""
        if not is_array(params):
            return invalid_params(say("params.named")) if params else self.arguments([])
        fewest, most = sum(param.required for param in self.params), len(self.params)
        if len(params) > most:
            return invalid_params(say("params.too-many", limit=most, given=len(params)))
        if len(params) < fewest:
            return invalid_params(say("params.too-few", limit=fewest, given=len(params)))
        return params


MethodTable: TypeAlias = Mapping[str, Method]


def method_table(methods: Iterable[Method]) -> MethodTable:
    """The dispatch table by `Class.method`. Raises `ValueError` if a name occurs twice."""
    table: dict[str, Method] = {}
    for method in methods:
        if method.name in table:
            raise ValueError(method.name)
        table[method.name] = method
    return table
