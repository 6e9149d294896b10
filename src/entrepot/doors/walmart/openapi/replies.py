"""What replies look like: strict schemas, so that a test of a reply sees any member that is not described."""

from __future__ import annotations

from typing import Any, Final

from entrepot.doors.kit.describing.words import (
    COUNT,
    FLAG,
    MOMENT,
    NULLABLE_NUMBER,
    NULLABLE_TEXT,
    NUMBER,
    TEXT,
    JsonSchema,
    array,
    constant,
    obj,
    one_of,
    ref,
)
from entrepot.doors.walmart.replies.orders import STAGES
from entrepot.doors.walmart.replies.returns import STATUSES

_ATTRIBUTES = {"buId": TEXT, "martId": TEXT}
_QUANTITY = ref("Quantity")
_STATUS = one_of(*STAGES)
_NULLABLE_MOMENT: JsonSchema = {"type": ["string", "null"], "format": "date-time"}


def _nullable(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"type": "null"}]}


HEADER: Final = obj({"headerAttributes": obj(_ATTRIBUTES)})
PAGE: Final = obj({"headerAttributes": obj({**_ATTRIBUTES, "pageCount": COUNT, "totalCount": COUNT})})
_ERRORS: Final = {"errors": array(ref("Error"), most=0)}


def wrapped(
    status: str, payload: JsonSchema, header: JsonSchema = HEADER, *, errors: bool = True
) -> JsonSchema:
    """The vendor's wrapper around a payload."""
    return obj(
        {
            "status": constant(status),
            "header": header,
            "payload": payload,
            **(_ERRORS if errors else {}),
        }
    )


_TRACKED = {"externalTrackingURL": NULLABLE_TEXT, "carrierTrackingURL": NULLABLE_TEXT}
_BEFORE = {"preShipmentTrackingNumber": TEXT, "wtrnTrackingURL": TEXT}

_ONE_ORDER = obj(
    {
        "orderNumber": TEXT,
        "orderChannelId": NULLABLE_TEXT,
        "orderPlacedTime": MOMENT,
        "orderStatus": _STATUS,
        **_BEFORE,
        "orderItems": array(
            obj({"sellerLineId": TEXT, "sku": TEXT, "qty": _QUANTITY, "lineStatus": _STATUS})
        ),
        "shipments": array(
            obj(
                {
                    "shipmentId": TEXT,
                    "carrier": TEXT,
                    "trackNumber": TEXT,
                    **_TRACKED,
                    "events": array(obj({"eventTime": MOMENT, "status": TEXT})),
                }
            )
        ),
    }
)

_SHIPMENT = obj(
    {
        "status": one_of("SHIPPED", "DELIVERED"),
        "statusDescription": TEXT,
        "purchaseOrderId": TEXT,
        "scac": TEXT,
        "trackingNo": TEXT,
        **_TRACKED,
        "shipmentNo": TEXT,
        "actualShipmentDate": MOMENT,
        "packageASN": TEXT,
        "carrierDescription": TEXT,
        "carrierServiceCode": TEXT,
        "packageId": TEXT,
        "lastModified": MOMENT,
        "shipmentLines": array(obj({"shipmentLineNo": TEXT, "fulfillerLineId": TEXT, "quantity": _QUANTITY})),
        "shipmentDates": array(obj({"dateTypeId": one_of("SHIPMENT", "DELIVERY"), "actualDate": MOMENT})),
    }
)
_SHIP_TO = obj(
    {
        "address": obj(
            {
                "addressLineOne": TEXT,
                "addressLineTwo": NULLABLE_TEXT,
                "addressType": NULLABLE_TEXT,
                "city": TEXT,
                "countryCode": TEXT,
                "postalCode": TEXT,
                "stateOrProvinceName": NULLABLE_TEXT,
                "stateOrProvinceCode": NULLABLE_TEXT,
            }
        ),
        "name": obj({"completeName": TEXT, "firstName": TEXT, "lastName": TEXT}),
    }
)
_ORDER_LINE = obj(
    {
        "fulfillmentType": constant("DELIVERY"),
        "lastModified": MOMENT,
        "shippingMethod": TEXT,
        "shippingTier": TEXT,
        "orderLineQuantityInfo": array(
            obj({"status": _STATUS, "statusDescription": TEXT, "statusQuantity": _QUANTITY}), least=1
        ),
        "orderProduct": obj({"productName": TEXT}),
        "orderedQty": _QUANTITY,
        "shipToAddress": _nullable(_SHIP_TO),
    }
)
_LISTED_ORDER = obj(
    {
        "orderChannelId": NULLABLE_TEXT,
        "sellerOrderId": TEXT,
        "orderType": constant("DOMESTIC"),
        "status": _STATUS,
        "orderDate": MOMENT,
        **_BEFORE,
        "buyerInfo": obj({"primaryContact": obj({"name": obj({"firstName": TEXT, "lastName": TEXT})})}),
        "shipments": array(_SHIPMENT),
        "orderLines": array(_ORDER_LINE),
    }
)

_LINE_ATTRIBUTES = array(
    obj({"availableQuantity": _QUANTITY, "fulfillmentChannel": array(TEXT), "lineId": TEXT})
)
_PLAN = obj(
    {
        "fulfillmentId": TEXT,
        "nodeType": constant("FC"),
        "lineItemAttributesList": _LINE_ATTRIBUTES,
        "sla": obj({"tier": TEXT, "speed": one_of("STANDARD", "EXPEDITED")}),
        "accessMode": obj({"mode": TEXT}),
        "fulfillmentTime": obj({"date": obj({"minPromiseDate": MOMENT, "maxPromiseDate": MOMENT})}),
        "errors": array(ref("Error"), most=0),
    }
)
_NO_PLAN = obj({"lineItemAttributesList": _LINE_ATTRIBUTES, "errors": array(ref("Error"), least=1)})


def _module(name: str, fulfillment: JsonSchema) -> JsonSchema:
    option = obj(
        {
            "fulfillmentMode": constant("UNSCHEDULED"),
            "accessType": constant("DELIVERY_ADDRESS"),
            "fulfillmentType": one_of("DELIVERY", "S2H"),
            "isDefault": FLAG,
            "fulfillments": array(fulfillment, least=1),
        }
    )
    group = obj({"fulfillmentOptions": array(option, least=1)})
    return obj({"name": constant(name), "fulfillmentGroups": array(group, least=1)})


_ADDRESS = obj(
    {"stateCode": TEXT, "postalCode": TEXT},
    {
        **dict.fromkeys(("addressLineOne", "addressLineTwo", "city", "countryCode", "addressType"), TEXT),
        "isPOBox": FLAG,
    },
)
_MODULES = {"oneOf": [_module("UNSCHEDULED_DELIVERY", _PLAN), _module("ERROR", _NO_PLAN)]}
_PROMISE = obj(
    {
        "offers": array(
            obj(
                {
                    "availableQuantity": _QUANTITY,
                    "requestedQuantity": _QUANTITY,
                    "lineId": TEXT,
                    "salesUnit": TEXT,
                    "sku": TEXT,
                }
            ),
            least=1,
        ),
        "destinations": array(
            obj({"address": _ADDRESS, "fulfillmentType": one_of("DELIVERY", "S2H")}), least=1
        ),
        "fulfillmentPlans": array(obj({"fulfillmentModules": array(_MODULES, least=1)})),
    }
)

_RETURN_STATUS = one_of(*STATUSES)
_CONTACT = {"name": obj({"firstName": TEXT, "lastName": NULLABLE_TEXT}), "phone": NULLABLE_TEXT}
_PLACE = obj(
    {
        "address": obj(
            {
                "addressLineOne": TEXT,
                "addressLineTwo": NULLABLE_TEXT,
                "city": TEXT,
                "stateOrProvinceCode": NULLABLE_TEXT,
                "countryCode": TEXT,
                "postalCode": TEXT,
            }
        ),
        **_CONTACT,
        "email": NULLABLE_TEXT,
    }
)
_RETURN_LINE = obj(
    {
        "lineNo": TEXT,
        "sellerOrderId": TEXT,
        "returnMode": constant("MAIL"),
        "returnReason": NULLABLE_TEXT,
        "returnReasonDesc": NULLABLE_TEXT,
        "itemDetail": obj({"sku": TEXT}),
        "qty": _QUANTITY,
        "lineQuantityInfo": array(
            obj(
                {
                    "status": _RETURN_STATUS,
                    "statusCode": TEXT,
                    "statusDescription": TEXT,
                    "statusQuantity": _QUANTITY,
                }
            ),
            least=1,
        ),
        "dispositionCode": {"enum": ["RESTOCK", "DISPOSE", None]},
        "currentTrackingStatuses": array(
            obj(
                {
                    "trackingStatus": _RETURN_STATUS,
                    "quantity": _QUANTITY,
                    "currentTrackingStatusTime": _NULLABLE_MOMENT,
                }
            ),
            least=1,
        ),
    }
)
_RETURN = obj(
    {
        "returnOrderId": TEXT,
        "sellerReturnOrderId": NULLABLE_TEXT,
        "sellerOrderId": TEXT,
        "originSystemOrderId": TEXT,
        "channelName": NULLABLE_TEXT,
        "returnOrderLines": array(_RETURN_LINE, least=1),
        "returnLineGroups": array(
            obj(
                {
                    "groupNo": TEXT,
                    "returnOrderGroupLines": array(obj({"lineNo": TEXT, "qty": _QUANTITY}), least=1),
                    "labelImageUrl": NULLABLE_TEXT,
                    "carrierInfo": _nullable(
                        obj({"carrierName": TEXT, "trackingNo": TEXT, "trackingUrl": NULLABLE_TEXT})
                    ),
                    "shipFrom": _nullable(_PLACE),
                    "shipTo": _nullable(_PLACE),
                }
            )
        ),
    }
)

_CHANNEL = obj(
    {
        "orderChannelId": TEXT,
        "orderChannelName": TEXT,
        "returnAddress": obj(
            dict.fromkeys(
                ("firstName", "line1", "line2", "line3", "city", "state", "country", "zip", "addressType"),
                TEXT,
            )
        ),
        "active": FLAG,
        "createdDate": MOMENT,
        "modifiedDate": MOMENT,
    },
    {
        **dict.fromkeys(
            (
                "boxCatalogType",
                "shipping",
                "sellerId",
                "sellerName",
                "martId",
                "carrierPreferences",
                "carrierPreference",
                "rapResponse",
            ),
            TEXT,
        ),
        "partialFulfillment": FLAG,
    },
)

_MEASURE = obj({"unitOfMeasure": TEXT, "measurementValue": NUMBER})
_ITEM = obj(
    {
        "sku": TEXT,
        "productName": TEXT,
        "availableToSellUnits": COUNT,
        "itemPrice": NULLABLE_NUMBER,
    },
    {
        **dict.fromkeys(("offerId", "itemId", "gtin", "brand"), TEXT),
        "dimensions": obj({}, dict.fromkeys(("weight", "length", "height", "width"), _MEASURE)),
    },
)
_STOCKED = obj({"totalCount": COUNT, "limit": COUNT, "offset": COUNT})


def _inventory(row: JsonSchema) -> JsonSchema:
    return obj({"headers": _STOCKED, "payload": obj({"inventory": array(row)})})


WFS_INVENTORY: Final = _inventory(
    obj(
        {
            "itemInformation": obj(
                {
                    "itemName": TEXT,
                    "gtin": NULLABLE_TEXT,
                    "sku": TEXT,
                    "itemID": NULLABLE_TEXT,
                    "offerID": NULLABLE_TEXT,
                    "brand": NULLABLE_TEXT,
                    "itemCondition": TEXT,
                }
            ),
            "inventoryData": obj(
                {
                    "publishingStatus": TEXT,
                    "itemLifecycle": TEXT,
                    "stockStatus": one_of("IN_STOCK", "OUT_OF_STOCK"),
                    "availableUnits": COUNT,
                    "reservedUnits": COUNT,
                    "inboundUnits": COUNT,
                    "onhandUnits": {"type": "integer"},
                }
            ),
        }
    )
)
LEGACY_INVENTORY: Final = _inventory(
    obj(
        {
            "sku": TEXT,
            "shipNodes": array(
                obj(
                    {
                        "modifiedDate": MOMENT,
                        "availToSellQty": COUNT,
                        "onHandQty": {"type": "integer"},
                        "shipNodeType": constant("WFSFulfilled"),
                    }
                )
            ),
        }
    )
)

ACCEPTED: Final = wrapped("ACCEPTED", obj({"requestId": TEXT}), errors=False)
STATUS: Final = {
    "anyOf": [
        wrapped("OK", ref("SandboxOrder"), {"type": "null"}),
        wrapped("OK", array(ref("ListedOrder")), PAGE),
    ]
}
PROMISED: Final = wrapped("SUCCESS", ref("Promise"), errors=False)
PARTLY_PROMISED: Final = wrapped("PARTIAL_SUCCESS", ref("Promise"), errors=False)
RETURN: Final = wrapped("OK", ref("Return"))
RETURNS: Final = wrapped("OK", array(ref("Return")), PAGE)
RETURN_CANCELLED: Final = wrapped("OK", obj({"returnOrderId": TEXT}), errors=False)
CHANNELS: Final = wrapped("OK", array(ref("Channel")))
SAVED_CHANNELS: Final = wrapped(
    "OK", {"type": "object", "additionalProperties": array(ref("Channel"), least=1)}
)
ITEM_SAVED: Final = obj({"response": constant("Item Created successfully")})
ITEMS: Final = wrapped("OK", obj({"items": array(ref("Item"))}), PAGE)
TOKEN: Final = obj({"access_token": TEXT, "token_type": constant("Bearer"), "expires_in": COUNT})
_SCOPES = (
    *("reports", "item", "shipping", "price", "lagtime", "feeds", "returns", "orders", "rules"),
    *("inventory", "content"),
)
TOKEN_DETAIL: Final = obj(
    {
        "expire_at": TEXT,
        "issued_at": TEXT,
        "is_valid": FLAG,
        "is_channel_match": FLAG,
        "scopes": obj(dict.fromkeys(_SCOPES, one_of("full_access", "view_only", "no_access"))),
    }
)

_CAUSE = obj({"code": TEXT, "field": TEXT, "type": TEXT, "description": TEXT})
_ERROR = obj(
    {
        "code": TEXT,
        "field": NULLABLE_TEXT,
        "description": TEXT,
        "info": TEXT,
        "severity": constant("ERROR"),
        "category": one_of("REQUEST", "DATA", "APPLICATION", "SYSTEM"),
        "causes": array(_CAUSE),
    }
)
GATEWAY: Final = obj(
    {
        "error": array(
            {
                **_ERROR,
                "properties": {**_ERROR["properties"], "errorIdentifiers": obj({})},
                "required": [*_ERROR["required"], "errorIdentifiers"],
            },
            least=1,
            most=1,
        )
    }
)

SCHEMAS: Final[dict[str, Any]] = {
    "Quantity": obj({"unitOfMeasure": constant("EACH"), "measurementValue": NUMBER}),
    "SandboxOrder": _ONE_ORDER,
    "ListedOrder": _LISTED_ORDER,
    "Promise": _PROMISE,
    "Return": _RETURN,
    "Channel": _CHANNEL,
    "Item": _ITEM,
    "Error": _ERROR,
    "GatewayError": GATEWAY,
}


def failed(codes: tuple[str, ...]) -> JsonSchema:
    """A refusal by errors of these codes."""
    code = {"properties": {"code": one_of(*codes)}}
    entry = {"allOf": [ref("Error"), code]}
    return obj({"status": constant("FAIL"), "errors": array(entry, least=1)})
