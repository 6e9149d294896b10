"""The API described, made from the tables that the door itself uses."""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.orders.line_counts import LARGEST_QUANTITY
from entrepot.doors.kit.describing import Api, Operation
from entrepot.doors.kit.describing.words import (
    FLAG,
    MOMENT,
    NULLABLE_NUMBER,
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
from entrepot.doors.rebound import errors
from entrepot.doors.rebound.replies.orders import ADDRESS
from entrepot.doors.rebound.schemas import MANNER, SALES_ORDER
from entrepot.doors.rebound.tokens import ERRORS

_UUID: Final[JsonSchema] = {"type": "string", "format": "uuid"}
_METADATA: Final = array(obj({"key": TEXT, "value": NULLABLE_TEXT}))
_ADDRESS: Final = obj(dict.fromkeys(ADDRESS, NULLABLE_TEXT))
_SALES_ITEM: Final = obj(
    {
        "salesItemId": TEXT,
        "clientItemId": TEXT,
        "sku": NULLABLE_TEXT,
        "ean": NULLABLE_TEXT,
        "description": NULLABLE_TEXT,
        "quantity": {**QUANTITY, "maximum": LARGEST_QUANTITY},
        "price": NULLABLE_NUMBER,
        "currency": NULLABLE_TEXT,
        "weight": NULLABLE_NUMBER,
        "weightUnit": NULLABLE_TEXT,
        "countryOfOrigin": NULLABLE_TEXT,
        "hsCode": NULLABLE_TEXT,
        "imageUrl": NULLABLE_TEXT,
        "returnable": FLAG,
        "clientMetadata": _METADATA,
    }
)
_LABEL: Final = obj(
    {
        "trackingNumber": TEXT,
        "carrier": TEXT,
        "labelUrl": NULLABLE_TEXT,
        "labelBase64": NULLABLE_TEXT,
    }
)


def _or_null(schema: JsonSchema) -> JsonSchema:
    return {"oneOf": [schema, {"type": "null"}]}


_SALES_ORDER: Final = obj(
    {
        "salesOrderId": _UUID,
        "clientOrderId": TEXT,
        "flowKey": NULLABLE_TEXT,
        "parcelType": NULLABLE_TEXT,
        "status": one_of("CREATED", "RETURN_REGISTERED", "CANCELLED"),
        "clientOrderCreatedDate": NULLABLE_TEXT,
        "customerAddress": _or_null(_ADDRESS),
        "businessUnit": NULLABLE_TEXT,
        "rmaNumber": NULLABLE_TEXT,
        "premiumOrder": FLAG,
        "salesItems": array(ref("SalesItem")),
        "clientMetadata": _METADATA,
        "returnLabel": _or_null(ref("ReturnLabel")),
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
    }
)
_RETURN_ORDER: Final = obj(
    {
        "returnOrderId": _UUID,
        "clientOrderId": TEXT,
        "salesOrderId": _UUID,
        "status": one_of("RETURN_ORDER_CREATED", "ENTERED_NETWORK", "ARRIVED_AT_HUB", "DELIVERED"),
        "createdAt": MOMENT,
        "parcels": array(obj({"parcelId": TEXT, "trackingNumber": NULLABLE_TEXT, "carrier": NULLABLE_TEXT})),
        "items": array(
            obj(
                {
                    "clientItemId": TEXT,
                    "sku": NULLABLE_TEXT,
                    "ean": NULLABLE_TEXT,
                    "reasonCode": NULLABLE_TEXT,
                    "quantity": QUANTITY,
                }
            )
        ),
    }
)
_TOKEN: Final = obj(
    {
        "access_token": TEXT,
        "token_type": constant("Bearer"),
        "expires_in": {"type": "integer", "minimum": 1},
    }
)
_TOKEN_ERROR: Final = obj({"error": one_of(*sorted(ERRORS))})

_BEARER: Final = ("accessToken",)
_REFUSALS: Final = errors.schemas_by_status()
_OF_READS: Final = (400, 401, 403, 500, 503)
_OF_BODIES: Final = {status: errors.INVALID.with_status(status).schema() for status in (408, 413, 415)}


def _query(name: str, *, required: bool = False) -> JsonSchema:
    """A parameter of any length: what is too long names nothing."""
    return {"name": name, "required": required, "schema": {"type": "string"}}


def _operation(
    method: str, path: str, name: str, success: dict[int, JsonSchema], statuses: tuple[int, ...], **more: Any
) -> Operation:
    replies = {**success, **{status: _REFUSALS[status] for status in statuses}}
    return Operation(method, path, name, replies, _BEARER, **more)


def _create() -> Operation:
    return _operation(
        "POST",
        "/sales-orders",
        "Create a sales order",
        {201: ref("SalesOrder"), **_OF_BODIES},
        (*_OF_READS, 502),
        body=SALES_ORDER,
        query=(_query("flowKey"),),
        located=True,
    )


OPERATIONS: Final = (
    Operation(
        "POST",
        "/oauth/token",
        "Get an access token",
        {200: _TOKEN, **dict.fromkeys((400, 401, 408, 429, 500, 503), _TOKEN_ERROR)},
        ("client",),
    ),
    _create(),
    _operation(
        "GET",
        "/sales-orders",
        "List sales orders",
        {200: array(ref("SalesOrder"))},
        _OF_READS,
        query=(_query("clientOrderId", required=True), _query("flowKey")),
    ),
    _operation(
        "GET", "/sales-orders/{salesOrderId}", "Get a sales order", {200: ref("SalesOrder")}, _OF_READS
    ),
    _operation(
        "GET",
        "/return-orders",
        "List return orders",
        {200: array(ref("ReturnOrder"))},
        (400, 401, 500, 503),
        query=(_query("clientOrderId", required=True),),
    ),
)
API: Final = Api(
    "ReBound Order API",
    "v2",
    OPERATIONS,
    {
        "SalesOrder": _SALES_ORDER,
        "SalesItem": _SALES_ITEM,
        "ReturnLabel": _LABEL,
        "ReturnOrder": _RETURN_ORDER,
    },
    {
        "accessToken": {"type": "http", "scheme": "bearer"},
        "client": {"type": "http", "scheme": "basic", "description": "The client's id and secret."},
    },
    MANNER,
)
