"""Order, and Suborder: what one supplier sends of it (decision textalk Order, Suborder)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.carts.totals import Totals
from entrepot.domain.customers.records import BuyerInfo, ContactAddress, DeliveryAddress
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.customers.declaration import BUYER, whole
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, Caller, ClassDecl, Field, Operation, Snapshot
from entrepot.doors.textalk.orders import rows
from entrepot.doors.textalk.orders.rows import o
from entrepot.doors.textalk.orders.sums import SHOWN, sum_of_order, sums, totals_of
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.orders import order_lines, order_parts

AMOUNT: Final = shapes.Record(
    properties={
        "incVat": shapes.number(),
        "exVat": shapes.number(),
        "vat": shapes.number(),
        "vatRate": shapes.number(),
        "currency": shapes.string(3),
    }
)
_COSTS: Final = shapes.Record(
    properties={
        "cart": AMOUNT,
        "shipment": AMOUNT,
        "payment": AMOUNT,
        "discount": AMOUNT,
        "total": AMOUNT,
        "rounding": shapes.number(),
        "due": shapes.number(),
    }
)


_ON_OFFER: Final = {"deliveryMethods": "DeliveryMethod", "paymentMethods": "PaymentMethod"}


def offered(totals: Totals) -> dict[str, Json]:
    """The uids of what is on offer for a cart, by the property that names them."""
    return {
        "deliveryMethods": [offer.method.id for offer in totals.delivery_offers],
        "paymentMethods": [method.id for method in totals.payment_methods],
    }


async def _offers(snapshot: Snapshot, context: Context, uids: Sequence[Any], name: str) -> Mapping[Any, Json]:
    """What is on offer for carts; nothing is for an order that was placed."""
    found = await totals_of(snapshot, context, uids)
    offers = {uid: offered(totals)[name] for uid, (_, totals) in found.items()}
    return {uid: offers.get(uid, []) for uid in uids}


def placed(order: Order, lines: Sequence[OrderLine], asked: Collection[str]) -> dict[str, Json]:
    """What of an order that was placed just now is told without reading it again; what is due takes a read."""
    known: dict[str, Json] = {"currency": order.currency}
    if order.deleted_at is not None:  # placed before, by the same request, and gone by now
        return known
    known["paymentStatus"] = "paid" if order.payment_state in rows.GIVEN_BACK else order.payment_state
    if {"totalcost", "hasVat"} & set(asked):
        found = sum_of_order(order, lines, due=0)
        known |= {name: SHOWN[name](found) for name in ("totalcost", "hasVat")}
    return known


_PARTS_OF_BUYER: Final = {
    "address": whole(ContactAddress),
    "deliveryAddress": whole(DeliveryAddress),
    "info": whole(BuyerInfo),
}


def _buyer(cell: Any) -> Json:
    stored: Mapping[str, Any] = cell or {}
    return {name: fill(stored.get(name)) for name, fill in _PARTS_OF_BUYER.items()}


def _codes(cell: Any) -> Json:
    return [code["code"] for code in cell or ()]


_SET: Final[dict[str, Any]] = {"write": Audience.ANONYMOUS}
_RATE: Final = sa.case((o.currency == Caller.CURRENCY, sa.literal(1)), else_=sa.cast(sa.null(), sa.Integer))
"""To the shop's own currency: nothing is known of rates between others."""

ORDER: Final = ClassDecl(
    name="Order",
    summary="A cart, and the order that it becomes",
    checks_references=True,
    near=frozenset(_ON_OFFER.values()),
    rows=rows.ROWS,
    workspace=o.workspace,
    uid=o.id,
    operations={
        **READ,
        Operation.SET: Audience.ANONYMOUS,
        Operation.VALIDATE: Audience.ANONYMOUS,
        Operation.NORMALIZE: Audience.ANONYMOUS,
    },
    visible=rows.visible,
    few=True,
    fields=(
        f.uid(o.id),
        f.settable("language", shapes.string(2, pattern="^[a-z]{2}$"), o.language, **_SET),
        f.settable("currency", shapes.string(3, pattern="^[A-Z]{3}$"), o.currency, **_SET),
        f.settable("vatCountry", shapes.country(nullable=True), o.vat_country, **_SET),
        f.settable("customer", BUYER, sa.type_coerce(o.buyer, JSONB), to_wire=_buyer, **_SET),
        f.shown("customerUid", shapes.reference("Customer", nullable=True), o.customer),
        Field(name="items", shape=shapes.references("OrderItem"), source=rows.items()),
        Field(name="payments", shape=shapes.references("Payment"), source=rows.payments_of()),
        Field(name="suborders", shape=shapes.references("Suborder"), source=rows.suborders()),
        Field(name="totalcost", shape=AMOUNT, source=partial(sums, name="totalcost")),
        Field(name="costs", shape=_COSTS, source=partial(sums, name="costs")),
        Field(name="hasVat", shape=shapes.boolean(), source=partial(sums, name="hasVat")),
        f.shown("orderNumber", shapes.string(20), sa.cast(o.id, sa.Text)),
        f.shown("exchangeRate", shapes.number(0, nullable=True), _RATE, read=Audience.ADMIN),
        f.settable(
            "tags",
            shapes.Array(items=shapes.string(100, min_length=1), max_items=50, unique=True),
            sa.type_coerce(o.tags, JSONB),
            read=Audience.ADMIN,
            **_SET,
        ),
        f.settable(
            "externalOrderNumber",
            shapes.string(255, nullable=True),
            o.external_number,
            read=Audience.ADMIN,
            **_SET,
        ),
        f.settable(
            "delivery",
            shapes.Record(properties={"method": shapes.reference("DeliveryMethod", nullable=True)}),
            sa.func.jsonb_build_object("method", o.delivery_method, type_=JSONB),
            **_SET,
        ),
        *(
            Field(name=name, shape=shapes.references(leads_to), source=partial(_offers, name=name))
            for name, leads_to in _ON_OFFER.items()
        ),
        f.settable("deliveryStatus", shapes.option("unsent", "sent"), o.delivery_status, **_SET),
        f.shown(
            "paymentStatus",
            shapes.option("unpaid", "pending", "reserved", "paid", "cancelled"),
            o.payment_status,
        ),
        f.shown(
            "discountCodes",
            shapes.Array(items=shapes.string(64)),
            sa.type_coerce(o.codes, JSONB),
            to_wire=_codes,
            filterable=False,
        ),
        f.settable("note", shapes.string(10_000, nullable=True), o.note, **_SET),
        f.created(o.ordered_at, "ordered", nullable=True, falling=o.ordered_last),
        f.created(o.changed_at, "changed"),
        f.created(o.created_at),
        f.shown("discarded", shapes.boolean(), sa.type_coerce(o.discarded, sa.Boolean)),
    ),
)

_parts: Final = order_parts.join(
    rows.ROWS, sa.and_(o.workspace == order_parts.c.workspace, o.id == order_parts.c.order)
)
_uid: Final = rows.part_uid()
_of_part: Final = (
    *rows.beside(order_lines.c.workspace, order_parts.c.workspace),
    order_lines.c.order == order_parts.c.order,
    order_lines.c.part == order_parts.c.no,
)

SUBORDER: Final = ClassDecl(
    name="Suborder",
    summary="What one supplier sends of an order",
    rows=_parts,
    workspace=order_parts.c.workspace,
    uid=_uid,
    operations={
        Operation.GET: Audience.BUYER,
        Operation.GET_SCHEMA: Audience.ANONYMOUS,
        Operation.SET: Audience.ADMIN,
        Operation.LIST: Audience.ADMIN,
        Operation.COUNT: Audience.ADMIN,
    },
    visible=rows.visible,
    few=True,
    fields=(
        f.uid(_uid),
        f.shown("order", shapes.reference("Order"), order_parts.c.order),
        f.shown("supplier", shapes.integer(0, nullable=True), order_parts.c.merchant),
        f.shown("supplierName", shapes.string(), order_parts.c.merchant_name),
        f.settable(
            "deliveryStatus",
            shapes.option("unsent", "sent", "Shipped"),
            rows.delivery_status(*_of_part),
        ),
    ),
)
