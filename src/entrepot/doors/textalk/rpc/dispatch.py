"""One call against the dispatch table: the checks in their order, then the method.

Order (decision textalk item 11): method exists, webshop, language, auth, session, TLS, session required,
permission, params. What goes wrong unexpectedly before the method runs is -32603, inside it -32000
(decision textalk second reading 3).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from entrepot.doors.textalk.caller.context import Context, ContextLookups, RawContext, resolve
from entrepot.doors.textalk.rpc.messages import Call, Reply
from entrepot.doors.textalk.rpc.methods import Method, MethodTable
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import fault
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import FALLBACK

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger(__name__)


class Dispatcher(msgspec.Struct, frozen=True):
    """The methods and what they are checked against."""

    methods: MethodTable
    lookups: ContextLookups

    async def run(self, call: Call, raw: RawContext) -> Reply:
        """The reply to a call, also to a notification, whose reply is dropped by the caller."""
        call_id = None if isinstance(call.id, msgspec.UnsetType) else call.id
        method = self.methods.get(call.method)
        if method is None:
            return Reply(call_id, RpcError(Code.METHOD_NOT_FOUND), FALLBACK)
        admitted = await self._admit(method, call, raw)
        if isinstance(admitted, RpcError):
            return Reply(call_id, admitted, FALLBACK)
        context, arguments = admitted
        outcome = arguments if isinstance(arguments, RpcError) else await _invoke(method, context, arguments)
        return Reply(call_id, outcome, context.language)

    async def _admit(
        self, method: Method, call: Call, raw: RawContext
    ) -> tuple[Context, Sequence[Json] | RpcError] | RpcError:
        try:
            context = await resolve(raw, self.lookups, needs_webshop=method.needs_webshop)
        except Exception as error:
            _log.exception("textalk.context_failed", method=method.name)
            return fault(error, Code.RPC_INTERNAL_ERROR)
        if isinstance(context, RpcError):
            return context
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


async def _invoke(method: Method, context: Context, arguments: Sequence[Json]) -> Json | RpcError:
    try:
        return await method.handler(context, arguments)
    except Exception as error:
        _log.exception("textalk.method_failed", method=method.name)
        return fault(error, Code.INTERNAL_ERROR)
