"""Payments: planned for carts by buyers, set for orders by administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from entrepot.domain.carts.details import PaymentPlanned, PlanPayment
from entrepot.domain.kernel.money import to_major
from entrepot.domain.payments.capture import SetPayment
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.orders.payments import PAYMENT
from entrepot.doors.textalk.orders.writer import Buying, may_name, summing, whose
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.query.projection import WHOLE, Pick, Projection
from entrepot.doors.textalk.query.reads import PooledReads
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json, is_object
from entrepot.doors.textalk.wire.sentences import say

OF_PAYMENT: Final = """
select p."order", p.state, p.method_id, p.kind, p.currency,
  exists(select from carts c where c.workspace = $1 and c.id = p."order") as wished
from payments p where p.workspace = $1 and p.id = $2
"""
_UID: Final = Projection(PAYMENT, (Pick(PAYMENT.by_name["uid"], WHOLE),))


class Known(msgspec.Struct, frozen=True):
    """A payment that is there: of which order, and whether that is still a cart."""

    order: int
    state: str
    method: int | None
    kind: str
    currency: str
    wished: bool


class PaymentWriter(Buying):
    """Writes payments."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Plan one for a cart, or set one of an order; 1006 for a buyer there, 2090, 9001, 9003."""
        del decl
        if refusal := may_name(context):
            return refusal
        if uid is None:
            return await self._plan(context, int(cast("int", patch["order"])), patch)
        known = await self._seen(context, int(uid))
        if isinstance(known, RpcError):
            return known
        if known.wished:
            return await self._plan(context, known.order, {"method": known.method, **patch})
        if context.audience is not Audience.ADMIN:
            return RpcError(Code.FORBIDDEN)
        return await self._set(context, int(uid), known.order, patch)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """The class has no such method."""
        del context, decl, uid
        return RpcError(Code.METHOD_NOT_FOUND)

    async def _seen(self, context: Context, uid: int) -> Known | RpcError:
        """The payment, or 9003 before anything else is said to who may not see it."""
        seen = await fetch.get(PooledReads(self._services.reads), context, _UID, uid)
        if isinstance(seen, RpcError):
            return seen
        async with self._services.reads.acquire() as connection:
            row = await connection.fetchrow(OF_PAYMENT, context.shop.workspace, uid)
        return RpcError(Code.OBJECT_NOT_FOUND) if row is None else Known(*row)

    async def _plan(self, context: Context, order: int, patch: Mapping[str, Json]) -> Written | RpcError:
        if patch.get("status") not in {None, "planned"}:
            return _refused("/status", "patch.enum", expected="planned")
        if patch.get("method") is None:
            return _refused("/method", "patch.required")
        params = patch.get("params")
        command = PlanPayment(
            **whose(context),
            **summing(context, {"amount": True}, "order", "method", "status"),
            cart=order,
            method=int(cast("int", patch["method"])),
            params=_without_secrets(params) if is_object(params) else {},
        )
        done = await self.run(context, command)
        if not isinstance(done, PaymentPlanned):
            return cast("RpcError", done)
        payment = done.payment
        known: dict[str, Json] = {"order": order, "method": payment.method_id, "status": payment.state}
        if done.totals is not None:
            known["amount"] = to_major(done.totals.due, payment.currency)
        return Written(payment.id, known)

    async def _set(
        self, context: Context, uid: int, order: int, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        params, external = patch.get("params"), patch.get("externalData")
        command = SetPayment(
            order=order,
            payment=uid,
            asks=context.asker,
            state=cast("Any", patch.get("status")),
            reference=cast("Any", patch.get("externalRef")),
            params=_without_secrets(params) if is_object(params) else None,
            external_data=dict(external) if is_object(external) else None,
        )
        if command.state in {"prepared", "planned", "cancelled"}:
            return _refused("/status", "patch.enum-one")
        done = await self.run(context, command)
        return done if isinstance(done, RpcError) else Written(uid)


def _without_secrets(params: Mapping[str, Json]) -> dict[str, Any]:
    """A card's token is given with the checkout and never stored."""
    return {name: value for name, value in params.items() if name != "token"}


def _refused(pointer: str, key: str, **values: object) -> RpcError:
    return RpcError(Code.VALIDATION_ERROR, (Problem(pointer, say(key, **values)),))
