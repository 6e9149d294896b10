"""Payment: how a cart is to be paid, or an order was (decision textalk Payment)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.carts.totals import PLANNED
from entrepot.domain.kernel.money import to_major
from entrepot.domain.orders.owed import collectable
from entrepot.domain.orders.payment_state import OPEN_STATES
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field, Operation, Snapshot
from entrepot.doors.textalk.orders import rows
from entrepot.doors.textalk.orders.rows import o
from entrepot.doors.textalk.orders.sums import look, placed_orders, totals_of
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.orders import payments

_AMOUNTS: Final = """
select p.id, p."order", p.state, p.amount, p.currency
from unnest((select $2::bigint[])) k(uid) join payments p on p.workspace = $1 and p.id = k.uid
"""


async def _amounts(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """What each payment is of; a planned one of what its cart comes to now, an open one of what is due: no row says."""
    rows_ = [tuple(row) for row in await snapshot.fetch(_AMOUNTS, [context.shop.workspace, list(uids)])]
    carts = {row[1] for row in rows_ if row[2] == PLANNED}
    sums = await totals_of(snapshot, context, list(carts)) if carts else {}
    look(context, sums)
    amounts: dict[Any, Json] = {uid: to_major(amount, currency) for uid, _, _, amount, currency in rows_}
    for uid, order, state, _, _ in rows_:
        if state == PLANNED and order in sums:
            cart, totals = sums[order]
            amounts[uid] = to_major(totals.due, cart.currency)
    waiting = {row[0]: row[1] for row in rows_ if row[2] in OPEN_STATES and row[2] != PLANNED}
    placed = await placed_orders(snapshot, context, list(set(waiting.values())))
    for uid, number in waiting.items():
        payment = next((p for p in placed.children(Payment, number) if p.id == uid), None)
        if (order := placed.get(Order, number)) is not None and payment is not None:
            amounts[uid] = to_major(collectable(order, payment, placed), payment.currency)
    return amounts


def _major(cell: Any) -> Json:
    return to_major(int(cell[0]), cell[1])


_PAYMENTS: Final = payments.join(
    rows.ROWS, sa.and_(o.workspace == payments.c.workspace, o.id == payments.c.order)
)
_STATES: Final = ("prepared", "planned", "unpaid", "pending", "reserved", "paid", "cancelled", "error")
_ADMIN: Final[dict[str, Any]] = {"read": Audience.ADMIN}
_OBJECT: Final = shapes.Mapped(keys=shapes.ANY_KEYS, values=shapes.Free())
_by_method: Final = sa.case((payments.c.kind != "certificate", payments.c.method_id))

PAYMENT: Final = ClassDecl(
    name="Payment",
    summary="How a cart is to be paid, or an order was",
    checks_references=True,
    rows=_PAYMENTS,
    workspace=payments.c.workspace,
    uid=payments.c.id,
    operations={
        Operation.GET: Audience.ANONYMOUS,
        Operation.LIST: Audience.ANONYMOUS,
        Operation.COUNT: Audience.ANONYMOUS,
        Operation.GET_SCHEMA: Audience.ANONYMOUS,
        Operation.SET: Audience.ANONYMOUS,
    },
    visible=rows.visible,
    few=True,
    fields=(
        f.uid(payments.c.id),
        f.settable(
            "order", shapes.reference("Order"), payments.c.order, write=Audience.ANONYMOUS, required=True
        ),
        f.settable(
            "method",
            shapes.reference("PaymentMethod", nullable=True),
            _by_method,
            write=Audience.ANONYMOUS,
            required=True,
        ),
        f.settable("params", _OBJECT, payments.c.params, write=Audience.ANONYMOUS),
        f.settable("externalData", _OBJECT, payments.c.external_data, **_ADMIN),
        f.settable("status", shapes.option(*_STATES), payments.c.state, write=Audience.ANONYMOUS),
        f.settable("externalRef", shapes.string(255, nullable=True), payments.c.reference, **_ADMIN),
        Field(name="amount", shape=shapes.number(), source=_amounts),
        f.shown(
            "refunded",
            shapes.number(),
            sa.func.jsonb_build_array(payments.c.refunded, payments.c.currency, type_=JSONB),
            to_wire=_major,
            filterable=False,
        ),
        f.shown("currency", shapes.string(3), sa.case((o.placed, payments.c.currency), else_=o.currency)),
    ),
)
