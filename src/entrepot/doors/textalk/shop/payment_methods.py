"""PaymentMethod: how a shop is paid (decision textalk PaymentMethod)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.kernel.money import to_major
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, WRITE, ClassDecl, Stored
from entrepot.doors.textalk.shop import on_offer
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.shops import payment_methods as payments

_RANGE: Final = shapes.Record(
    properties={
        "mode": shapes.option("all", "zero", "nonzero", "interval"),
        "intervals": shapes.Mapped(
            keys=shapes.CURRENCY_KEYS,
            values=shapes.Record(
                properties={"min": shapes.number(0), "max": shapes.number(0, nullable=True)}
            ),
        ),
    }
)


def _range_on_wire(cell: Any) -> Json:
    return {"mode": cell["mode"], "intervals": _intervals(cell["intervals"], to_major)}


def _range_in_record(value: Any) -> dict[str, Any]:
    mode = {"cost_mode": value["mode"]} if "mode" in value else {}
    given = value.get("intervals")
    return {**mode, **({"cost_intervals": _intervals(given, f.minor)} if given is not None else {})}


def _intervals(intervals: Mapping[str, Any], convert: Callable[[Any, str], Any]) -> dict[str, Any]:
    return {
        currency: {end: None if n is None else convert(n, currency) for end, n in bounds.items()}
        for currency, bounds in intervals.items()
    }


_PARAMS: Final = {
    "combineGiftcertificate": "with_certificate",
    "addressLookup": "address_lookup",
    "provider": "provider",
    "capture": "capture",
}


def _params_in_record(value: Any) -> dict[str, Any]:
    return {_PARAMS[name]: inner for name, inner in value.items()}


PAYMENT_METHOD: Final = ClassDecl(
    name="PaymentMethod",
    summary="A way to pay",
    rows=payments,
    workspace=payments.c.workspace,
    uid=payments.c.id,
    operations={**READ, **WRITE},
    visible=on_offer.visible(payments),
    stored=Stored(
        kind=PaymentMethod,
        blank={
            **on_offer.BLANK,
            "type": "custom",
            "provider": "manual",
            "capture": "checkout",
            "fee": {},
            "fee_vat_rate": 0,
            "currencies": None,
            "customer_groups": None,
            "cost_mode": "all",
            "cost_intervals": {},
            "with_certificate": True,
            "address_lookup": False,
            "params": {},
            "data": {},
        },
    ),
    fields=(
        *on_offer.head(payments),
        f.settable("type", shapes.string(64), payments.c.type),
        f.amounts("fee", payments.c.fee),
        f.settable(
            "limitToCurrencies",
            shapes.Array(items=shapes.string(3, pattern="^[A-Z]{3}$"), nullable=True, unique=True),
            payments.c.currencies,
        ),
        f.settable(
            "orderCostRange",
            _RANGE,
            sa.func.jsonb_build_object(
                "mode", payments.c.cost_mode, "intervals", payments.c.cost_intervals, type_=JSONB
            ),
            to_wire=_range_on_wire,
            put=_range_in_record,
        ),
        f.kept("orderStatus", shapes.integer(0, nullable=True), payments.c.data),
        f.kept("disableDeliveryAddress", shapes.boolean(), payments.c.data, absent=False),
        f.kept("mailOnChange", shapes.boolean(), payments.c.data, absent=False),
        f.settable(
            "params",
            shapes.Record(
                properties={
                    "combineGiftcertificate": shapes.boolean(),
                    "addressLookup": shapes.boolean(),
                    "provider": shapes.option("manual", "card"),
                    "capture": shapes.option("checkout", "later"),
                }
            ),
            sa.func.jsonb_build_object(
                "combineGiftcertificate",
                payments.c.with_certificate,
                "addressLookup",
                payments.c.address_lookup,
                "provider",
                payments.c.provider,
                "capture",
                payments.c.capture,
                type_=JSONB,
            ),
            put=_params_in_record,
        ),
    ),
)
