"""Payment: how a cart is to be paid, or an order was (contract, section 2)."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.kernel.money import to_major
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import ClassDecl, Operation
from entrepot.doors.textalk.orders import rows
from entrepot.doors.textalk.orders.rows import o
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.orders import payments


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
        f.shown(
            "amount",
            shapes.number(),
            sa.func.jsonb_build_array(payments.c.amount, payments.c.currency, type_=JSONB),
            to_wire=_major,
            filterable=False,
        ),
        f.shown(
            "refunded",
            shapes.number(),
            sa.func.jsonb_build_array(payments.c.refunded, payments.c.currency, type_=JSONB),
            to_wire=_major,
            filterable=False,
        ),
        f.shown("currency", shapes.string(3), payments.c.currency),
    ),
)
