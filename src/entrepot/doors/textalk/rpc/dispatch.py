"""One call against the dispatch table: the checks in their order, then the method.

Order (decision textalk item 11): method exists, webshop, language, auth, session, TLS, session required,
permission, params. What goes wrong unexpectedly before the method runs is -32603, inside it -32000
(decision textalk second reading 3).
"""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Final

import msgspec

from entrepot.doors.kit import Call as Told
from entrepot.doors.textalk.caller.context import (
    Context,
    ContextLookups,
    NoContext,
    RawContext,
    Webshop,
    resolve,
)
from entrepot.doors.textalk.rpc.messages import Call, Reply
from entrepot.doors.textalk.rpc.methods import Method, MethodTable
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import fault, rpc_error
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import FALLBACK, Text, say
from entrepot.failures import OperationMissing
from entrepot.store.sharing import serve

DOOR: Final = "textalk"
UNKNOWN: Final = "unknown"


Note = Callable[[Context], Awaitable[None]]


class Dispatcher(msgspec.Struct, frozen=True):
    """The methods, what they are checked against, and who notes what an answer shows."""

    methods: MethodTable
    lookups: ContextLookups
    note: Note
    missing: frozenset[str] = frozenset()
    """Classes and methods of the vendor that the door does not have."""

    async def run(self, call: Call, raw: RawContext) -> Reply:
        """The reply to a call, also to a notification, whose reply is dropped by the caller.

        The request learns of each call by its method, over whichever transport and in whichever batch it came.
        """
        started = perf_counter()
        method = self.methods.get(call.method)
        context, outcome = await self._outcome(method, call, raw)
        _tell(method, context.webshop if context else None, outcome, perf_counter() - started, raw)
        if isinstance(context, NoContext):
            context = None
        language = context.language if context else FALLBACK
        if isinstance(outcome, RpcError):
            outcome = _traced(outcome, raw, language)
        call_id = None if isinstance(call.id, msgspec.UnsetType) else call.id
        return Reply(call_id, outcome, language)

    def refuse(self, error: RpcError, raw: RawContext, call: Call | None = None) -> Reply:
        """The reply to what cannot be run; the id is null for whatever is no request object.

        The request learns of it as of a call.
        """
        call_id = None if call is None or isinstance(call.id, msgspec.UnsetType) else call.id
        _tell(self.methods.get(call.method) if call else None, None, error, 0, raw)
        return Reply(call_id, error, FALLBACK)

    async def _outcome(
        self, method: Method | None, call: Call, raw: RawContext
    ) -> tuple[Context | NoContext | None, Json | RpcError]:
        if method is None:
            return None, self._no_method(call.method)
        admitted = await self._admit(method, call, raw)
        if isinstance(admitted, NoContext):
            return admitted, admitted.error
        context, arguments = admitted
        if isinstance(arguments, RpcError):
            return context, arguments
        return context, await self._invoke(method, context, arguments)

    def _no_method(self, name: str) -> RpcError:
        """-32601; where the vendor has the method or its class, it also leads to all that is missing."""
        known = next((each for each in (name, name.partition(".")[0]) if each in self.missing), None)
        return RpcError(Code.METHOD_NOT_FOUND) if known is None else rpc_error(OperationMissing(known))

    async def _admit(
        self, method: Method, call: Call, raw: RawContext
    ) -> tuple[Context, Sequence[Json] | RpcError] | NoContext:
        try:
            context = await resolve(raw, self.lookups, needs_webshop=method.needs_webshop)
        except Exception as error:
            return NoContext(fault(error, Code.RPC_INTERNAL_ERROR, method.name))
        if isinstance(context, NoContext):
            unknown = context.error.code is Code.BAD_SESSION_TOKEN
            return NoContext(RpcError(method.unknown_session), context.webshop) if unknown else context
        serve(_tenant(context), context.address)
        refusal = self._refusal(method, context)
        return context, refusal or method.arguments(call.params)

    def _refusal(self, method: Method, context: Context) -> RpcError | None:
        if method.available is not None and not method.available(context):
            return RpcError(Code.METHOD_NOT_FOUND)
        secret = method.carries_credentials or context.administrator is not None
        if secret and not context.secure and context.demands_tls:
            return RpcError(Code.SECURE_CONNECTION_REQUIRED)
        if method.needs_session and context.session is None:
            return RpcError(Code.SESSION_MISSING)
        return RpcError(Code.FORBIDDEN) if context.audience < method.audience else None

    async def _invoke(self, method: Method, context: Context, arguments: Sequence[Json]) -> Json | RpcError:
        try:
            outcome = await method.handler(context, arguments)
            if context.seen and not isinstance(outcome, RpcError):
                await self.note(context)
        except Exception as error:
            return fault(error, Code.INTERNAL_ERROR, method.name)
        return outcome


def _tenant(context: Context) -> int:
    """Whose share a call uses: the shop's tenant, or where none is named the administrator's."""
    if context.webshop is not None:
        return context.webshop.workspace
    return 0 if context.administrator is None else context.administrator.workspace


def _traced(error: RpcError, raw: RawContext, language: str) -> RpcError:
    """What failed outside names the request, by which the operator finds it: a socket's answers have no headers."""
    if (
        error.code is not Code.EXTERNAL_SERVER_ERROR
        or not isinstance(error.data, Text)
        or raw.request is None
    ):
        return error
    said = say("outside.request", said=error.data.render(language), request=raw.request.id)
    return msgspec.structs.replace(error, data=said)


def _tell(
    method: Method | None, shop: Webshop | None, outcome: Json | RpcError, seconds: float, raw: RawContext
) -> None:
    """Tell the request, if the call came by one, what it was and what it came to."""
    if raw.request is None:
        return
    # A name that is no method's is the caller's own: as a label it could be anything.
    name = method.name if method else UNKNOWN
    said = outcome.code.name.lower().replace("_", "-") if isinstance(outcome, RpcError) else "ok"
    if isinstance(outcome, RpcError) and isinstance(outcome.failure, OperationMissing):
        # Its name is one of few, so that it can be a label; by the failure's own it is counted.
        name, said = outcome.failure.operation, outcome.failure.name
    raw.request.caller = raw.request.caller or shop
    raw.request.calls.append(Told(name, shop.name if shop else None, said, seconds))
