"""Discount codes and gift certificates (decision textalk Giftcertificate)."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.kernel.money import to_major
from entrepot.domain.pricing.code_names import EditCodes
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, WRITE, Caller, ClassDecl, Operation, Stored
from entrepot.store.tables.discounts import certificates, discounts

_ADMIN: Final = dict.fromkeys((*READ, *WRITE), Audience.ADMIN)
_CODE: Final = shapes.string(64, pattern=r"\S")
_MOMENT: Final[dict[str, Any]] = {"convert": f.moment_of}

DISCOUNTCODE: Final = ClassDecl(
    name="Discountcode",
    summary="A code that takes something off",
    rows=discounts,
    workspace=discounts.c.workspace,
    uid=discounts.c.id,
    operations=_ADMIN,
    visible=lambda _: discounts.c.channel == Caller.CHANNEL,
    stored=Stored(
        kind=Discount,
        unique="code",
        edits=EditCodes,
        blank={
            "name": {},
            "active": True,
            "kind": "percent",
            "percent": 0,
            "amount": {},
            "free_delivery": False,
            "minimum_spend": {},
            "valid_from": None,
            "valid_until": None,
            "max_uses": None,
            "max_uses_per_customer": None,
            "used": 0,
            "combinable": True,
            "customer_groups": None,
            "data": {},
        },
    ),
    fields=(
        f.uid(discounts.c.id),
        f.settable("code", _CODE, discounts.c.code, required=True),
        f.settable("name", shapes.localized(255), discounts.c.name),
        f.settable("active", shapes.boolean(), discounts.c.active),
        f.settable("type", shapes.option("percent", "amount", "free_delivery"), discounts.c.kind),
        f.settable(
            "percent",
            shapes.rate(1),
            discounts.c.percent,
            **f.FRACTION,
        ),
        f.amounts("amount", discounts.c.amount),
        f.settable("freeDelivery", shapes.boolean(), discounts.c.free_delivery),
        f.amounts("minimumSpend", discounts.c.minimum_spend),
        f.settable("validFrom", shapes.moment(nullable=True), discounts.c.valid_from, **_MOMENT),
        f.settable(
            "validUntil", shapes.moment(nullable=True, until=True), discounts.c.valid_until, **_MOMENT
        ),
        f.settable("maxUses", shapes.integer(0, nullable=True), discounts.c.max_uses),
        f.settable("maxUsesPerCustomer", shapes.integer(0, nullable=True), discounts.c.max_uses_per_customer),
        f.shown("used", shapes.integer(0), discounts.c.used),
        f.settable("combinable", shapes.boolean(), discounts.c.combinable),
        f.settable(
            "limitToCustomergroups",
            shapes.references("Customergroup", nullable=True),
            discounts.c.customer_groups,
        ),
        f.created(discounts.c.created_at),
        f.created(discounts.c.changed_at, "changed"),
    ),
)


_TYPES: Final = {"Percentage": "percent", "Amount": "amount", "FreeDelivery": "free_delivery"}
_KIND: Final = {**_TYPES, "Freight": "free_delivery"}
"""The vendor's page has a second word for free delivery, in its example."""


def _kind(value: Any) -> dict[str, Any]:
    return {"kind": _KIND[str(value)]}


DISCOUNT: Final = ClassDecl(
    name="Discount",
    summary="What takes something off, whatever the code that leads to it",
    rows=discounts,
    workspace=discounts.c.workspace,
    uid=discounts.c.id,
    operations=_ADMIN,
    visible=lambda _: discounts.c.channel == Caller.CHANNEL,
    stored=DISCOUNTCODE.stored,
    fields=(
        f.uid(discounts.c.id),
        f.settable("name", shapes.localized(255), discounts.c.name, required=True),
        f.settable("active", shapes.boolean(), discounts.c.active),
        f.settable(
            "type",
            shapes.option(*_KIND),
            sa.case(*((discounts.c.kind == kind, name) for name, kind in _TYPES.items())),
            put=_kind,
        ),
    ),
)


def _value(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Amount and currency together: the wire form of the one depends on the other."""
    return sa.func.jsonb_build_array(column, certificates.c.currency, type_=JSONB)


def _major(cell: Any) -> Any:
    return to_major(int(cell[0]), cell[1])


_c: Final = certificates.c
GIFTCERTIFICATE: Final = ClassDecl(
    name="Giftcertificate",
    summary="Money that was paid in before, spent by a code",
    rows=certificates,
    workspace=_c.workspace,
    uid=_c.id,
    operations={name: who for name, who in _ADMIN.items() if name is not Operation.DELETE},
    visible=lambda _: _c.channel == Caller.CHANNEL,
    stored=Stored(
        kind=Certificate,
        unique="code",
        edits=EditCodes,
        blank={
            "original": 0,
            "balance": 0,
            "expires_at": None,
            "cancelled": False,
            "order": None,
            "product": None,
            "recipient": "",
            "recipient_email": "",
            "sender": "",
            "sender_email": "",
            "data": {},
        },
    ),
    fields=(
        f.uid(_c.id),
        f.settable("code", _CODE, _c.code),
        f.shown("ordernr", shapes.reference("Order", nullable=True), _c.order),
        f.shown("webshop", shapes.reference("Webshop"), Caller.SHOP),
        f.shown("article", shapes.reference("Article", nullable=True), _c.product),
        f.kept("article_name", shapes.string(255, nullable=True), _c.data),
        f.settable("to", shapes.string(255), _c.recipient),
        f.settable("to_email", shapes.string(254), _c.recipient_email),
        f.settable("from", shapes.string(255), _c.sender),
        f.settable("from_email", shapes.string(254), _c.sender_email),
        f.settable(
            "originalValue",
            shapes.number(0),
            _value(_c.original),
            to_wire=_major,
            filterable=False,
            required=True,
        ),
        f.settable("remainingValue", shapes.number(0), _value(_c.balance), to_wire=_major, filterable=False),
        f.settable("expiredate", shapes.moment(nullable=True, until=True), _c.expires_at, **_MOMENT),
        f.settable("currency", shapes.string(3, pattern="^[A-Z]{3}$"), _c.currency, required=True),
        f.settable("cancelled", shapes.boolean(), _c.cancelled),
        f.created(_c.created_at),
    ),
)
