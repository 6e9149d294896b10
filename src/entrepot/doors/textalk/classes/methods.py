"""How a shop sends and is paid (contract, section 2, DeliveryMethod, PaymentMethod)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.delivery import DeliveryMethod
from entrepot.domain.money import to_major, to_minor
from entrepot.domain.payment_methods import PaymentMethod
from entrepot.doors.textalk.classes import fields as f
from entrepot.doors.textalk.classes import shapes
from entrepot.doors.textalk.classes.declaration import READ, WRITE, Caller, ClassDecl, Stored
from entrepot.doors.textalk.context import Audience
from entrepot.doors.textalk.json import Json
from entrepot.store.tables.shops import delivery_methods as deliveries
from entrepot.store.tables.shops import payment_methods as payments

_COUNTRY: Final = shapes.Record(
    properties={
        "country": shapes.string(2, pattern="^[A-Z]{2}$"),
        "vatRate": shapes.rate(),
        "states": shapes.Array(items=shapes.string(3), nullable=True),
    },
    required=("country",),
)
_WEIGHT: Final = shapes.Record(
    properties={
        "weightMin": shapes.integer(0),
        "weightMax": shapes.integer(0, nullable=True),
        "price": shapes.by_currency(),
    }
)
_RATES: Final = shapes.Array(
    items=shapes.Record(
        properties={
            "name": shapes.string(255),
            "countryVatRates": shapes.Array(items=_COUNTRY, max_items=300),
            "weightIntervals": shapes.Array(items=_WEIGHT, max_items=100),
        }
    ),
    max_items=100,
)
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


def _rates_on_wire(cell: Any) -> Json:
    return [
        {
            "name": rate.get("name", ""),
            "countryVatRates": [
                {**country, "vatRate": f.fraction(country.get("vatRate", 0))}
                for country in rate.get("countries", [])
            ],
            "weightIntervals": [
                {"weightMin": 0, "weightMax": None, **weight, "price": f.major_units(weight.get("price"))}
                for weight in rate.get("weights", [])
            ],
        }
        for rate in cell
    ]


def _rates_in_record(value: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": rate.get("name", ""),
            "countries": [
                {**country, "vatRate": f.millionths(country.get("vatRate"))}
                for country in rate.get("countryVatRates", [])
            ],
            "weights": [
                {**weight, "price": _present(f.minor_units(weight.get("price")))}
                for weight in rate.get("weightIntervals", [])
            ],
        }
        for rate in value
    ]


def _present(values: Mapping[str, int | None]) -> dict[str, int]:
    return {name: value for name, value in values.items() if value is not None}


def _range_on_wire(cell: Any) -> Json:
    return {"mode": cell["mode"], "intervals": _intervals(cell["intervals"], to_major)}


def _range_in_record(value: Any) -> dict[str, Any]:
    mode = {"cost_mode": value["mode"]} if "mode" in value else {}
    given = value.get("intervals")
    return {**mode, **({"cost_intervals": _intervals(given, to_minor)} if given is not None else {})}


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


def _on_offer(table: Any) -> Callable[[Audience], sa.ColumnElement[bool]]:
    def visible(audience: Audience) -> sa.ColumnElement[bool]:
        here = table.c.channel == Caller.CHANNEL
        return here if audience is Audience.ADMIN else sa.and_(here, table.c.active)

    return visible


DELIVERY_METHOD: Final = ClassDecl(
    name="DeliveryMethod",
    summary="A way in which the shop sends",
    rows=deliveries,
    workspace=deliveries.c.workspace,
    uid=deliveries.c.id,
    operations={**READ, **WRITE},
    visible=_on_offer(deliveries),
    stored=Stored(
        kind=DeliveryMethod,
        blank={
            "position": 0,
            "active": True,
            "name": {},
            "description": {},
            "customer_groups": None,
            "free_from": {},
            "rates": (),
            "data": {},
        },
    ),
    fields=(
        f.uid(deliveries.c.id),
        f.settable("active", shapes.boolean(), deliveries.c.active),
        f.settable("name", shapes.localized(255), deliveries.c.name, required=True),
        f.settable("description", shapes.localized(), deliveries.c.description),
        f.settable("position", shapes.integer(0, 1_000_000), deliveries.c.position, sortable=True),
        f.settable(
            "limitToCustomergroups",
            shapes.references("Customergroup", nullable=True),
            deliveries.c.customer_groups,
        ),
        f.amounts("freeDeliveryMinimumSpend", deliveries.c.free_from),
        f.settable("rates", _RATES, deliveries.c.rates, to_wire=_rates_on_wire, convert=_rates_in_record),
        f.kept("preferred", shapes.boolean(), deliveries.c.data, absent=False),
        f.kept("allowBulky", shapes.boolean(), deliveries.c.data, absent=False),
        f.kept("allowCod", shapes.boolean(), deliveries.c.data, absent=False),
        f.kept("codCountry", shapes.string(2, nullable=True), deliveries.c.data),
    ),
)

PAYMENT_METHOD: Final = ClassDecl(
    name="PaymentMethod",
    summary="A way to pay",
    rows=payments,
    workspace=payments.c.workspace,
    uid=payments.c.id,
    operations={**READ, **WRITE},
    visible=_on_offer(payments),
    stored=Stored(
        kind=PaymentMethod,
        blank={
            "position": 0,
            "active": True,
            "name": {},
            "description": {},
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
        f.uid(payments.c.id),
        f.settable("active", shapes.boolean(), payments.c.active),
        f.settable("name", shapes.localized(255), payments.c.name, required=True),
        f.settable("description", shapes.localized(), payments.c.description),
        f.settable("position", shapes.integer(0, 1_000_000), payments.c.position, sortable=True),
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
