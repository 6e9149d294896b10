"""The Walmart API described, made from the tables that the door itself uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from entrepot.doors.kit.checking import Body
from entrepot.doors.kit.describing import Api, Operation
from entrepot.doors.kit.describing.words import TEXT, JsonSchema, one_of, ref
from entrepot.doors.walmart import schemas, voices
from entrepot.doors.walmart.errors import INTERNAL, Voice
from entrepot.doors.walmart.openapi import replies
from entrepot.doors.walmart.replies.orders import STAGES
from entrepot.doors.walmart.routes.orders import BASES, IDENTIFIER_CODES
from entrepot.doors.walmart.routes.returns import NO_DETAIL, RETURN_BASES

__all__ = ["API"]

_SECURITY: Final[dict[str, Any]] = {
    "accessToken": {"type": "apiKey", "in": "header", "name": "WM_SEC.ACCESS_TOKEN"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "client": {"type": "http", "scheme": "basic"},
}
_GATEWAY: Final = (401, 408, 413, 415, 429)
_WITHOUT_BODY: Final = (401, 429)


class Route(msgspec.Struct, frozen=True):
    """One operation: `replies` are its successes, `codes` those of errors that are none of its voice's rows.

    What is `at_gateway` refuses requests of a wrong form as the gateway does.
    """

    method: str
    path: str
    name: str
    voice: Voice
    replies: Mapping[int, JsonSchema]
    body: Body[Any] | None = None
    query: tuple[JsonSchema, ...] = ()
    headers: tuple[JsonSchema, ...] = ()
    codes: tuple[str, ...] = ()
    security: tuple[str, ...] = ("accessToken", "bearer")
    at_gateway: bool = False

    def described(self) -> Operation:
        """The operation with every reply that it can give."""
        own = (row.code or self.voice.code for row in self.voice.rows.values())
        codes = tuple(dict.fromkeys((self.voice.code, *self.codes, *own)))
        refusals: dict[int, JsonSchema] = {
            400: replies.failed(codes),
            **dict.fromkeys(self._gateway(), ref("GatewayError")),
            500: replies.failed((INTERNAL,)),
            503: replies.failed(("SYSTEM_ERROR",)),
        }
        return Operation(
            self.method,
            self.path,
            self.name,
            {**self.replies, **refusals},
            self.security,
            self.body,
            self.query,
            self.headers,
        )

    def _gateway(self) -> tuple[int, ...]:
        """The statuses of the gateway's own errors."""
        if self.at_gateway:
            return (400, *_GATEWAY)
        return _WITHOUT_BODY if self.body is None else _GATEWAY


def _parameter(name: str, schema: JsonSchema = TEXT, *, required: bool = False) -> JsonSchema:
    return {"name": name, "required": required, "schema": schema}


def _paged(most: int) -> tuple[JsonSchema, ...]:
    limit: JsonSchema = {"type": "integer", "minimum": 1, "maximum": most}
    offset: JsonSchema = {"type": "integer", "minimum": 0, "maximum": 50_000}
    return _parameter("limit", limit), _parameter("offset", offset)


_DAY: Final[JsonSchema] = {"type": "string", "format": "date"}
_DAYS: Final = (_parameter("fromOrderDate", _DAY), _parameter("toOrderDate", _DAY))
_STATUS_QUERY: Final = (
    _parameter("orderNumber"),
    _parameter("orderChannelId"),
    *_paged(50),
    *_DAYS,
    _parameter("trackingNumber"),
    _parameter("shipmentNumber"),
    _parameter("status", one_of(*STAGES)),
    _parameter("sortOrder", one_of("asc", "desc")),
    _parameter("sortBy", one_of("orderDate")),
)
_SANDBOX: Final = (_parameter("WM_SANDBOX"),)
_MART: Final = (_parameter("martId", required=True),)
_ORDERS, _RETURNS = BASES[0], f"{RETURN_BASES[0]}/return-orders"
_ITEMS: Final = "/v3/fulfillment/mcs/item"
_CHANNELS: Final = f"{_ORDERS}/channel-details"

_TOKEN = Route(
    "POST",
    "/v3/token",
    "Get an access token",
    voices.TOKENS,
    {200: replies.TOKEN},
    query=(_parameter("grant_type", one_of("client_credentials"), required=True),),
    security=("client",),
    at_gateway=True,
)

ROUTES: Final = (
    _TOKEN,
    Route("GET", "/v3/token/detail", "Look at a token", voices.TOKENS, {200: replies.TOKEN_DETAIL}),
    Route(
        "POST",
        _CHANNELS,
        "Create channels",
        voices.STOREFRONTS,
        {200: replies.SAVED_CHANNELS},
        schemas.NEW_CHANNELS,
    ),
    Route(
        "GET",
        _CHANNELS,
        "Get channels",
        voices.STOREFRONTS,
        {200: replies.CHANNELS},
        query=(_parameter("partnerId"),),
    ),
    Route(
        "PUT",
        _CHANNELS,
        "Update channels",
        voices.STOREFRONTS,
        {200: replies.SAVED_CHANNELS},
        schemas.CHANNELS,
    ),
    Route("POST", _ITEMS, "Create items", voices.ITEMS, {202: replies.ITEM_SAVED}, schemas.ITEMS),
    Route(
        "GET",
        _ITEMS,
        "Get items",
        voices.ITEMS,
        {200: replies.ITEMS},
        query=(_parameter("sku"), *_paged(300)),
    ),
    Route(
        "POST",
        _ORDERS,
        "Create an order",
        voices.CREATE,
        {200: replies.ACCEPTED},
        schemas.CREATE,
        codes=IDENTIFIER_CODES,
    ),
    Route(
        "POST",
        f"{_ORDERS}/cancel",
        "Cancel an order",
        voices.CANCEL,
        {200: replies.ACCEPTED},
        schemas.CANCEL,
    ),
    Route(
        "GET",
        f"{_ORDERS}/status",
        "Get order status",
        voices.STATUS,
        {200: replies.STATUS},
        query=_STATUS_QUERY,
        headers=_SANDBOX,
    ),
    Route(
        "POST",
        f"{_ORDERS}/fetchOrderPromiseOptions",
        "Fetch delivery promises",
        voices.PROMISE,
        {202: replies.PROMISED, 206: replies.PARTLY_PROMISED},
        schemas.PROMISE,
    ),
    Route(
        "POST",
        _RETURNS,
        "Create a return",
        voices.RETURN_CREATE,
        {200: replies.RETURN},
        schemas.RETURN,
        headers=_MART,
        codes=(NO_DETAIL,),
    ),
    Route(
        "GET",
        _RETURNS,
        "Get returns",
        voices.RETURN_GET,
        {200: replies.RETURNS},
        query=(_parameter("sellerOrderId"), _parameter("returnOrderId"), *_paged(50), *_DAYS),
        headers=_MART,
    ),
    Route(
        "POST",
        f"{_RETURNS}/{{returnOrderId}}/cancel",
        "Cancel a return",
        voices.RETURN_CANCEL,
        {200: replies.RETURN_CANCELLED},
    ),
    Route(
        "GET",
        "/v3/wfs/inventory",
        "Get stock",
        voices.INVENTORY,
        {200: replies.WFS_INVENTORY},
        query=(_parameter("sku"), _parameter("gtin"), *_paged(300)),
    ),
    Route(
        "GET",
        "/v3/fulfillment/inventory",
        "Get stock as before",
        voices.INVENTORY,
        {200: replies.LEGACY_INVENTORY},
        query=(
            _parameter("sku"),
            *(_parameter(f"{end}ModifiedDate", _DAY) for end in ("from", "to")),
            *_paged(300),
            _parameter("shipNodeType"),
        ),
    ),
)

API: Final = Api(
    "Walmart MCS API",
    "1.0.0",
    tuple(route.described() for route in ROUTES),
    replies.SCHEMAS,
    _SECURITY,
)
