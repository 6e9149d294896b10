"""DeliveryMethod: how a shop sends (decision textalk DeliveryMethod)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from entrepot.domain.pricing.delivery_methods import DeliveryMethod
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, WRITE, ClassDecl, Stored
from entrepot.doors.textalk.shop import on_offer
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.shops import delivery_methods as deliveries

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


DELIVERY_METHOD: Final = ClassDecl(
    name="DeliveryMethod",
    summary="A way in which the shop sends",
    rows=deliveries,
    workspace=deliveries.c.workspace,
    uid=deliveries.c.id,
    operations={**READ, **WRITE},
    visible=on_offer.visible(deliveries),
    stored=Stored(
        kind=DeliveryMethod,
        blank={
            **on_offer.BLANK,
            "customer_groups": None,
            "free_from": {},
            "rates": (),
            "data": {},
        },
    ),
    fields=(
        *on_offer.head(deliveries),
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
