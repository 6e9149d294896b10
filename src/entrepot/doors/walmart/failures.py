"""From failures to replies: what every operation says alike, and the door's table for the pages of failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from entrepot.doors.kit import CHALLENGE, DoorFailures, Header, OwnCode, Reply, Request, encode
from entrepot.doors.walmart.errors import INTERNAL, MCS, WFS, Voice, Where, WireError
from entrepot.failures import (
    BodyBeyondLimits,
    Failure,
    Internal,
    MalformedBody,
    MethodNotAllowed,
    Overloaded,
    PayloadTooLarge,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UnknownRoute,
    UnsupportedContentCoding,
    UnsupportedMediaType,
)
from entrepot.failures import fulfilment as f
from entrepot.failures import goods as g
from entrepot.failures import orders as o
from entrepot.failures import rows as r
from entrepot.failures import stock as s
from entrepot.failures.access import GrantTypeUnsupported, TokenRequestInvalid, TooManyTries
from entrepot.failures.errands import LabelServiceFailed, OrderHubFailed

_BEARER: Header = (CHALLENGE, b'Bearer realm="walmart"')


class _Gateway(NamedTuple):
    """An error of the gateway before the operations; its `info` may name the `media_type` that a body must have."""

    status: int
    code: str
    field: str | None
    description: str
    info: str
    category: str = "DATA"


_UNAUTHORIZED: Final = _Gateway(
    401,
    "UNAUTHORIZED.GMP_GATEWAY_API",
    "UNAUTHORIZED",
    "Unauthorized",
    "Unauthorized token or incorrect authorization header.",
)
_MEDIA_TYPE: Final = _Gateway(
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    None,
    "Unsupported media type",
    "Send the body as {media_type}, without a content coding.",
    "APPLICATION",
)
_PARAMETER: Final = _Gateway(
    400,
    "INVALID_REQUEST_PARAM",
    "grant_type",
    "Invalid token request",
    "Send grant_type=client_credentials, and the client's id and secret once.",
)

_TOO_MANY: Final = _Gateway(
    429,
    "REQUEST_THRESHOLD_VIOLATED",
    None,
    "Too many requests",
    "Send the same request again after the number of seconds in Retry-After.",
)

GATEWAY: Final[dict[type[Failure], _Gateway]] = {
    Unauthenticated: _UNAUTHORIZED,
    TokenRequestInvalid: _PARAMETER,
    GrantTypeUnsupported: _PARAMETER,
    UnknownRoute: _Gateway(404, "URI_NOT_FOUND", None, "Not found", "There is no resource at this path."),
    MethodNotAllowed: _Gateway(
        405, "METHOD_NOT_ALLOWED", None, "Method not allowed", "The resource does not have this method."
    ),
    UnsupportedMediaType: _MEDIA_TYPE,
    UnsupportedContentCoding: _MEDIA_TYPE,
    PayloadTooLarge: _Gateway(
        413, "INVALID_REQUEST_CONTENT", None, "Request too large", "Send less in one request."
    ),
    RequestTimeout: _Gateway(
        408, "INVALID_REQUEST_CONTENT", None, "Request incomplete", "The body did not arrive in time."
    ),
    Overloaded: _TOO_MANY,
    TooManyTries: _TOO_MANY,
}
"""What is refused as the gateway before the operations refuses: in an array called `error`."""
_AWAY: Final = (Unavailable, OrderHubFailed, LabelServiceFailed)
"""What lies with somebody behind the operations."""


def render(voice: Voice, failure: Failure, request: Request) -> Reply:
    """The refusal by one failure, as an operation of this voice says it."""
    del request
    return refusal(voice, (failure,))


def refusal(voice: Voice, failures: Sequence[Failure], where: Where = lambda _: None) -> Reply:
    """The refusal of a request: every failure that the operation knows an error for."""
    first = failures[0]
    if (gateway := GATEWAY.get(type(first))) is not None:
        return _refused_at_the_gateway(gateway, voice, first)
    if isinstance(first, _AWAY):
        again = "Send the same request again later."
        error = WireError("SYSTEM_ERROR", None, "Service unavailable", again, category="SYSTEM")
        return _failed(503, [error], first)
    errors = [error for each in failures for error in _errors(voice, each, where)]
    if not errors:
        info = voice.internal
        error = WireError(INTERNAL, None, "Internal server error", info, category="SYSTEM")
        return _failed(500, [error], first)
    return _failed(400, errors, first)


def _errors(voice: Voice, failure: Failure, where: Where) -> Sequence[WireError]:
    match failure:
        case o.InvalidInput(faults):
            return [fault for fault in faults if isinstance(fault, WireError)]
        case MalformedBody(reason) | BodyBeyondLimits(reason=reason):
            return [voice.error(reason)]
        case _:
            said = voice.says(failure, where(failure))
            return [said] if said else []


def _failed(status: int, errors: Sequence[WireError], failure: Failure) -> Reply:
    return Reply(status, encode({"status": "FAIL", "errors": errors}), failure=failure)


def _refused_at_the_gateway(row: _Gateway, voice: Voice, failure: Failure) -> Reply:
    error: dict[str, Any] = {
        "code": row.code,
        "field": row.field,
        "description": row.description,
        "info": row.info.format(media_type=voice.media_type),
        "severity": "ERROR",
        "category": row.category,
        "causes": [],
        "errorIdentifiers": {},
    }
    asked = (_BEARER,) if row.status == 401 else ()
    return Reply(row.status, encode({"error": [error]}), asked, failure=failure)


CODES: Final = DoorFailures(
    "walmart",
    {
        **{failure: (row.status, row.code) for failure, row in GATEWAY.items()},
        MalformedBody: (400, WFS),
        BodyBeyondLimits: (400, WFS),
        **dict.fromkeys(_AWAY, (503, "SYSTEM_ERROR")),
        Internal: (500, INTERNAL),
        o.InvalidInput: (400, WFS),
        o.OrderSourceUnrecognized: (400, MCS),
        o.StorefrontUnknown: (400, MCS),
        o.StorefrontInactive: (400, MCS),
        o.DuplicateExternalOrder: (400, MCS),
        o.OrderTooLarge: (400, MCS),
        o.SkuUnknown: (400, MCS),
        o.ProductUnavailable: (400, MCS),
        o.SoldOut: (400, MCS),
        o.NotEnoughStock: (400, MCS),
        o.OrderUnknown: (400, "OS_NOT_FOUND_ERROR"),
        o.NothingToCancel: (400, WFS),
        s.TooManyToCancel: (400, WFS),
        r.CatalogueClosed: (400, WFS),
        r.StockClosed: (400, WFS),
        r.NameTaken: (400, WFS),
        r.RowUnknown: (400, WFS),
        s.StockUnknown: (400, WFS),
        s.QuantityOutOfRange: (400, WFS),
        g.QuantityUneven: (400, WFS),
        f.ReturnItemUnknown: (400, "400.WFS.100"),
        f.NothingDelivered: (400, "400"),
        f.TooManyToReturn: (400, "500.509"),
        f.DuplicateReturn: (400, WFS),
        f.ReturnUnknown: (400, "500.OS_SERVICE.200"),
        f.ReturnNotCancellable: (400, "400"),
    },
    {
        MCS: OwnCode("The request to create an order or to promise it is invalid", o.InvalidInput.advice),
        "INVALID_SELLER_ORDER_ID": OwnCode(
            "An order to be created has no number", "Send sellerOrderId or customerOrderNo."
        ),
        "SELLER_ORDER_ID_CUSTOMER_ORDER_NO_SAME": OwnCode(
            "An order to be created has two numbers", "Send one of them, or both the same."
        ),
        "500.RETURN_ORDER_SERVICE.400": OwnCode(
            "An item of a return does not say which SKU it is", "Send itemDetail with the SKU in every item."
        ),
    },
)
