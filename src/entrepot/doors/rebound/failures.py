"""From failures to this API's errors: one table, from which every refusal of the door is rendered.

Five sentences are the documentation's own; ours follow their grammar (decision rebound error bodies).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from entrepot.doors.kit import CHALLENGE, DoorFailures, Header, Reply, Request, encode
from entrepot.doors.rebound import errors
from entrepot.doors.rebound.errors import ErrorForm, envelope
from entrepot.failures import (
    BodyBeyondLimits,
    Failure,
    Internal,
    MalformedBody,
    MethodNotAllowed,
    OperationMissing,
    Overloaded,
    PayloadTooLarge,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UnknownRoute,
    UnsupportedContentCoding,
    UnsupportedMediaType,
)
from entrepot.failures import orders as o
from entrepot.failures.access import AccessDenied
from entrepot.failures.errands import LabelServiceFailed, OrderHubFailed
from entrepot.failures.lanes import CountryMissing, CountryUnknown, FlowUnknown, ParcelTypeUnsupported
from entrepot.failures.payments import PaymentUnderWay

Say = Callable[[Any], str]

LOG_IN: Final = "Authentication required: your session has expired or your credentials are not valid."
PARCEL_TYPE: Final = "Invalid request: the parcel type is not supported for the provided country."
NAME_MISSING: Final = "Invalid request: clientOrderId is required as a query parameter."
ORDER_UNKNOWN: Final = "Invalid request: the provided salesOrderId is invalid."
TRY_LATER: Final = (
    "Something went wrong: we're unable to process your request at the moment. Please try again later."
)
_CHALLENGE: Final[Header] = (CHALLENGE, b'Bearer realm="rebound"')


def _always(message: str) -> Say:
    return lambda _: message


def _invalid(what: str) -> tuple[ErrorForm, Say]:
    return errors.INVALID, _always(f"Invalid request: {what}")


def _of_transport(status: int, what: str) -> tuple[ErrorForm, Say]:
    return errors.INVALID.with_status(status), _always(f"Invalid request: {what}")


def _wrong(what: str) -> Say:
    return _always(f"Something went wrong: {what}. Please try again later.")


TABLE: Final[dict[type[Failure], tuple[ErrorForm, Say]]] = {
    Internal: (errors.INTERNAL, _wrong("an unexpected error occurred")),
    LabelServiceFailed: (errors.LABELS, _wrong("a required service is unavailable")),
    OrderHubFailed: (errors.HUB, _wrong("the order could not be processed")),
    AccessDenied: (
        errors.FORBIDDEN,
        _always("Forbidden: you do not have access to the requested resource."),
    ),
    o.OrderSourceUnrecognized: (
        errors.FORBIDDEN,
        _always("Forbidden: your client is not set up to register orders."),
    ),
    Unauthenticated: (errors.UNAUTHENTICATED, _always(LOG_IN)),
    Unavailable: (errors.UNAVAILABLE, _always(TRY_LATER)),
    Overloaded: (errors.UNAVAILABLE, _always(TRY_LATER)),
    PaymentUnderWay: (errors.UNAVAILABLE, _always(TRY_LATER)),
    o.InvalidInput: (errors.INVALID, lambda failure: f"Invalid request: {failure.faults[0]}"),
    o.OrderUnknown: (errors.INVALID, _always(ORDER_UNKNOWN)),
    o.DuplicateExternalOrder: _invalid("a sales order with the provided clientOrderId already exists."),
    o.OrderTooLarge: (
        errors.INVALID,
        lambda failure: (
            f"Invalid request: the {failure.what} of the order must be at most {failure.largest}."
        ),
    ),
    FlowUnknown: _invalid("the provided flowKey is invalid."),
    CountryUnknown: _invalid("the provided country is not supported."),
    CountryMissing: _invalid("a country is required to validate the parcel type."),
    ParcelTypeUnsupported: (errors.INVALID, _always(PARCEL_TYPE)),
    MalformedBody: _invalid("the request body is malformed."),
    BodyBeyondLimits: _invalid("the request body is malformed."),
    RequestTimeout: _of_transport(408, "the request body did not arrive in time."),
    UnknownRoute: _of_transport(404, "the requested resource does not exist."),
    MethodNotAllowed: _of_transport(405, "the method is not allowed."),
    OperationMissing: _of_transport(501, "the operation is not implemented here."),
    PayloadTooLarge: _of_transport(413, "the request body is too large."),
    UnsupportedMediaType: _of_transport(415, "the media type is not supported."),
    UnsupportedContentCoding: _of_transport(415, "the content coding is not supported."),
}

CODES: Final = DoorFailures(
    "rebound", {failure: (form.status, form.code) for failure, (form, _) in TABLE.items()}
)


def render(failure: Failure, request: Request) -> Reply:
    """The refusal as this API tells it."""
    form, say = TABLE.get(type(failure)) or TABLE[Internal]
    body = envelope(form, say(failure), request.at, request.raw_path)
    headers = (_CHALLENGE,) if form is errors.UNAUTHENTICATED else ()
    return Reply(form.status, encode(body), headers, failure=failure)
