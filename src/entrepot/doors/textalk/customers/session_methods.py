"""Session: a buyer's visit (decision textalk Session)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from entrepot.domain.sessions.sessions import EndSession, OpenSession, SetSession, SetSessionCustomer
from entrepot.doors.textalk.caller import tokens
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.customers.sessions import SESSION
from entrepot.doors.textalk.declare.declaration import ClassDecl
from entrepot.doors.textalk.pattern.arguments import NULL, OBJECT, QUERY, UID_OR_NULL, argument
from entrepot.doors.textalk.pattern.dependencies import Parts, session_of
from entrepot.doors.textalk.pattern.methods import read_uid
from entrepot.doors.textalk.pattern.schemas import object_of, patch_schema
from entrepot.doors.textalk.pattern.validation import check_patch
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json, is_object
from entrepot.doors.textalk.wire.sentences import say


def methods(parts: Parts) -> Iterator[Method]:
    """The methods of the context's own session."""
    own = _Sessions(parts)
    shape = object_of("Session")
    patch = Param("patch", patch_schema(SESSION, Audience.BUYER, creating=False))
    token = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
    uid = Param("customer", UID_OR_NULL)
    yield Method(
        "Session.getToken",
        "A token for the context parameter session",
        own.token,
        (),
        token,
        logged=True,
        hidden=("",),
    )
    yield Method("Session.get", "The session", own.get, (QUERY,), shape, needs_session=True, logged=True)
    yield Method(
        "Session.set", "Changes the session", own.set, (patch, QUERY), shape, needs_session=True, logged=True
    )
    yield Method(
        "Session.getOrder",
        "The session's cart, or null",
        own.order,
        (QUERY,),
        {"anyOf": [object_of("Order"), NULL]},
        needs_session=True,
        logged=True,
    )
    yield Method(
        "Session.setCustomer",
        "Sets the session's customer",
        own.customer,
        (uid,),
        NULL,
        needs_session=True,
        logged=True,
    )
    yield Method(
        "Session.delete",
        "Ends the session",
        own.delete,
        (),
        NULL,
        needs_session=True,
        unknown_session=Code.INVALID_PARAMS,
        logged=True,
    )
    yield Method("Session.getSchema", "The JSON Schema of patches", own.schema, (), OBJECT, logged=True)


class _Sessions:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def token(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The token of the session that there is, else of a new one."""
        del params
        if context.session is not None:
            return context.session_token
        shop, token = context.shop, tokens.new_session_token()
        command = OpenSession(
            channel=shop.channel,
            environment=shop.environment,
            hash=tokens.hashed(tokens.SESSION, token),
            language=context.language,
            vat_country=context.vat_country,
        )
        done = await self._parts.run(context, command)
        return done if isinstance(done, RpcError) else token

    async def get(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The session per query."""
        return await self._answer(context, argument(params, 0))

    async def _answer(self, context: Context, query: Json) -> Json | RpcError:
        methods = self._parts.classes["Session"]
        projection = methods.projection(context, True if query is None else query)
        if isinstance(projection, RpcError):
            return projection
        return await fetch.get(methods.reads, context, projection, session_of(context).id)

    async def set(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Prices of the cart follow the currency; 9001, 9002, 9004."""
        patch = params[0]
        if not is_object(patch) and patch != []:
            return invalid_params([Problem("/0", say("params.patch"))])
        projection = self._parts.classes["Session"].projection(context, argument(params, 1) or "uid")
        if isinstance(projection, RpcError):
            return projection
        checked = check_patch(SESSION, Audience.BUYER, patch if is_object(patch) else {}, creating=False)
        if checked.error is not None:
            return checked.error
        given: dict[str, Any] = dict(checked.patch)
        command = SetSession(
            channel=context.shop.channel,
            session=session_of(context).id,
            currency=given.get("currency"),
            language=given.get("language"),
            vat_country=given.get("vatCountry"),
        )
        done = await self._parts.run(context, command)
        return (
            done if isinstance(done, RpcError) else await self._answer(context, argument(params, 1) or "uid")
        )

    async def order(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Null when there is no cart. Also with an administrator's token it is the session's."""
        cart = session_of(context).cart
        methods = self._parts.classes["Order"]
        query = argument(params, 0)
        buyer = msgspec.structs.replace(context, administrator=None)
        projection = methods.projection(buyer, True if query is None else query)
        if isinstance(projection, RpcError) or cart is None:
            return projection if isinstance(projection, RpcError) else None
        still = await self._parts.read(_IS_CART, context.shop.workspace, cart)
        if not still:
            return None
        found = await fetch.get(methods.reads, buyer, projection, cart)
        gone = isinstance(found, RpcError) and found.code is Code.OBJECT_NOT_FOUND
        return None if gone else found

    async def customer(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Only an administrator may say who a buyer is, or somebody leave; a buyer logs in."""
        uid = None if params[0] is None else read_uid(params[0], _customer(self._parts))
        if isinstance(uid, RpcError):
            return uid
        own = session_of(context).customer
        if context.audience is not Audience.ADMIN and uid not in (None, own):
            return RpcError(Code.FORBIDDEN)
        number = None if uid is None else int(uid)
        command = SetSessionCustomer(
            channel=context.shop.channel, session=session_of(context).id, customer=number
        )
        done = await self._parts.run(context, command)
        return done if isinstance(done, RpcError) else None

    async def delete(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The cart goes with the session; -32602 for one that is there no more (decision textalk Session)."""
        del params
        command = EndSession(channel=context.shop.channel, session=session_of(context).id)
        done = await self._parts.run(context, command)
        if not isinstance(done, RpcError):
            return None
        return RpcError(Code.INVALID_PARAMS) if done.code is Code.BAD_SESSION_TOKEN else done

    async def schema(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """What Session.set takes."""
        del context, params
        return patch_schema(SESSION, Audience.BUYER, creating=False)


_IS_CART: Final = "select 1 from carts where workspace = $1 and id = $2"


def _customer(parts: Parts) -> ClassDecl:
    return parts.classes["Customer"].decl
