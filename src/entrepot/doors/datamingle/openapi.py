"""The API described, made from the tables that the door itself uses. It is told in the API's own words.

A partner with a mapping sends and gets other names within bodies; paths, statuses and envelopes are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from entrepot.doors.datamingle import schemas
from entrepot.doors.datamingle.cursors import DEFAULT_LIMIT, MOST
from entrepot.doors.datamingle.drf import MANNER
from entrepot.doors.datamingle.failures import TABLE, VALIDATION
from entrepot.doors.datamingle.routes.group import PREFIX
from entrepot.doors.datamingle.routes.inventory import MOST_AT_ONCE
from entrepot.doors.kit.checking import Body
from entrepot.doors.kit.describing import Api, Operation
from entrepot.doors.kit.describing.words import (
    COUNT,
    FLAG,
    MOMENT,
    NULLABLE_TEXT,
    QUANTITY,
    TEXT,
    JsonSchema,
    array,
    constant,
    obj,
    one_of,
    ref,
)

_UUID: Final[JsonSchema] = {"type": "string", "format": "uuid"}
_FREE: Final[JsonSchema] = {"type": ["object", "null"]}
_MAYBE: Final[JsonSchema] = {"type": ["string", "null"], "format": "date-time"}
_TRUE: Final[JsonSchema] = {"const": True}
_FALSE: Final[JsonSchema] = {"const": False}
_TIMES: Final = {"created_at": MOMENT, "updated_at": MOMENT}

_ITEM: Final = obj(
    {
        "id": _UUID,
        "sku": obj({"sku": TEXT}),
        "sku_code": TEXT,
        "quantity": QUANTITY,
        "verified_quantity": COUNT,
        "verification_status": one_of("pending", "partial", "verified"),
        "notes": NULLABLE_TEXT,
    }
)
_ORDER: Final = obj(
    {
        "id": _UUID,
        "order_number": TEXT,
        "external_order_id": NULLABLE_TEXT,
        "customer_name": NULLABLE_TEXT,
        "customer_info": _FREE,
        "status": one_of("pending", "in_progress", "verified", "shipped", "cancelled"),
        "notes": NULLABLE_TEXT,
        "order_date": _MAYBE,
        "due_date": _MAYBE,
        "metadata": _FREE,
        "items": array(ref("OrderItem")),
        "cancellation_reason": NULLABLE_TEXT,
        "cancelled_at": _MAYBE,
        **_TIMES,
    }
)
_LOCATION: Final = obj(
    {
        "id": _UUID,
        "code": TEXT,
        "name": NULLABLE_TEXT,
        "zone": NULLABLE_TEXT,
        "aisle": NULLABLE_TEXT,
        "is_active": FLAG,
        "metadata": _FREE,
        **_TIMES,
    }
)
_PRODUCT: Final = obj(
    {
        "id": _UUID,
        "sku": TEXT,
        "quantity": COUNT,
        "is_active": FLAG,
        "cost": {"type": "null"},
        "custom_fields": _FREE,
        **_TIMES,
    }
)
_ROW: Final = obj({"location_code": TEXT, "sku_code": TEXT, "quantity": COUNT})
_REPORT: Final = obj(
    {
        "total": COUNT,
        "created": COUNT,
        "updated": COUNT,
        "failed": COUNT,
        "errors": array(
            obj(
                {
                    "row": QUANTITY,
                    # As they were sent, whatever that was.
                    "location_id": {},
                    "product_id": {},
                    "errors": {
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": array(TEXT, least=1),
                    },
                }
            )
        ),
    }
)
_PAGE: Final = obj(
    {"limit": {"type": "integer", "minimum": 1, "maximum": MOST}, "next_cursor": NULLABLE_TEXT}
)
_WIDE_PAGE: Final = obj({"limit": constant(MOST_AT_ONCE), "next_cursor": NULLABLE_TEXT})
_DETAILS: Final = array(obj({"field": TEXT, "message": TEXT}), least=1)


def _one(name: str) -> JsonSchema:
    return obj({"success": _TRUE, "data": ref(name)})


def _list(name: str, page: str = "Pagination") -> JsonSchema:
    return obj({"success": _TRUE, "data": array(ref(name)), "pagination": ref(page)})


def _error(code: str, details: JsonSchema | None = None) -> JsonSchema:
    told = {} if details is None else {"details": details}
    return obj({"success": _FALSE, "error": obj({"code": constant(code), "message": TEXT, **told})})


_FLAT: Final = obj({"detail": TEXT})
_CURSOR: Final = _error(VALIDATION)
"""The one VALIDATION_ERROR without details."""


def _refusals(statuses: Iterable[int], *, lists: bool) -> dict[int, JsonSchema]:
    """What the door says at these statuses, by its own table."""
    found: dict[int, JsonSchema] = {}
    for status in sorted(statuses):
        codes = dict.fromkeys(form.code for form in TABLE.values() if form.status == status)
        forms = [
            _FLAT if code is None else _error(code, _DETAILS if code == VALIDATION else None)
            for code in codes
        ]
        forms += [_CURSOR] if lists and status == 400 else []
        found[status] = forms[0] if len(forms) == 1 else {"anyOf": forms}
    return found


_ANY: Final = frozenset({400, 401, 403, 408, 413, 415, 500, 503})
"""Statuses that every operation has: each reads a body if one is sent."""
_NAMED: Final = frozenset({404})
_MAPPED: Final = frozenset({422})
_TAKEN: Final = frozenset({409})


def _operation(
    method: str, path: str, name: str, success: dict[int, JsonSchema],
    more: frozenset[int] = frozenset(), *, body: Body[Any] | None = None, needs_body: bool = True,
    query: tuple[JsonSchema, ...] = (),
) -> Operation:  # fmt: skip
    refusals = _refusals(_ANY | more, lists=any(each["name"] == "cursor" for each in query))
    return Operation(
        method, f"{PREFIX}{path}", name, {**success, **refusals}, ("key",), body, query, needs_body=needs_body
    )


def _parameter(name: str, about: str, schema: JsonSchema = TEXT) -> JsonSchema:
    return {"name": name, "required": False, "schema": schema, "description": about}


_PAGED: Final = (
    _parameter("limit", f"1 to {MOST}, {DEFAULT_LIMIT} if it is not said; other values are coerced."),
    _parameter("cursor", "`pagination.next_cursor` of the page before."),
)
_BY: Final = _parameter("by", "What the identifier is.", one_of("location", "sku"))
_ONE: Final = "{identifier}/"


def _resource(
    plural: str, singular: str, name: str, new: Body[Any], changes: Body[Any], *, second: bool
) -> tuple[Operation, ...]:
    """The five operations of a resource; `second`: its records have a second unique name that may change."""
    path = f"/{plural}/"
    taken = _TAKEN if second else frozenset[int]()
    end = "Cancel" if plural == "orders" else "Delete"
    cancels = schemas.CANCELLATION if plural == "orders" else None
    return (
        _operation("POST", path, f"Create {singular}", {201: _one(name)}, _MAPPED | _TAKEN, body=new),
        _operation("GET", path, f"List {plural}", {200: _list(name)}, query=_PAGED),
        _operation("GET", path + _ONE, f"Get {singular}", {200: _one(name)}, _NAMED),
        _operation(
            "PUT",
            path + _ONE,
            f"Update {singular}",
            {200: _one(name)},
            _NAMED | _MAPPED | taken,
            body=changes,
        ),
        _operation(
            "DELETE", path + _ONE, f"{end} {singular}", {200: _one(name)}, _NAMED, body=cancels, needs_body=False
        ),
    )  # fmt: skip


OPERATIONS: Final = (
    *_resource("orders", "an order", "Order", schemas.NEW_ORDER, schemas.ORDER_CHANGES, second=True),
    _operation(
        "POST",
        "/inventory/",
        "Set inventory",
        {200: _one("InventoryReport")},
        _MAPPED,
        body=schemas.INVENTORY_AS_MEANT,
    ),
    _operation("GET", "/inventory/", "List inventory", {200: _list("InventoryLevel")}, query=_PAGED),
    _operation(
        "GET",
        f"/inventory/{_ONE}",
        "Get inventory",
        {200: _list("InventoryLevel", "WidePagination")},
        _NAMED,
        query=(_BY, _PAGED[1]),
    ),
    *_resource(
        "locations", "a location", "Location", schemas.NEW_LOCATION, schemas.LOCATION_CHANGES, second=False
    ),
    *_resource(
        "products", "a product", "Product", schemas.NEW_PRODUCT, schemas.PRODUCT_CHANGES, second=False
    ),
)
API: Final = Api(
    "DataMingle partner API",
    "v1",
    OPERATIONS,
    {
        "Order": _ORDER,
        "OrderItem": _ITEM,
        "Location": _LOCATION,
        "Product": _PRODUCT,
        "InventoryLevel": _ROW,
        "InventoryReport": _REPORT,
        "Pagination": _PAGE,
        "WidePagination": _WIDE_PAGE,
    },
    {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
    MANNER,
)
