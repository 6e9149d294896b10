"""The failure catalogue: every failure once, with its context, whether to retry, and what to do next.

The mechanism and the failures of the service itself are at hand here; each area's own are in its module. All
areas are imported, so that the catalogue is complete as soon as this package is.
"""

from entrepot.failures import (
    access,
    accounts,
    carts,
    discounts,
    errands,
    fulfilment,
    goods,
    lanes,
    orders,
    partners,
    payments,
    rows,
    stock,
)
from entrepot.failures.base import Failure, Retry, TemporaryFailure, catalogue
from entrepot.failures.service import (
    BodyBeyondLimits,
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

__all__ = [
    "BodyBeyondLimits",
    "Failure",
    "Internal",
    "MalformedBody",
    "MethodNotAllowed",
    "OperationMissing",
    "Overloaded",
    "PayloadTooLarge",
    "RequestTimeout",
    "Retry",
    "TemporaryFailure",
    "Unauthenticated",
    "Unavailable",
    "UnknownRoute",
    "UnsupportedContentCoding",
    "UnsupportedMediaType",
    "access",
    "accounts",
    "carts",
    "catalogue",
    "discounts",
    "errands",
    "fulfilment",
    "goods",
    "lanes",
    "orders",
    "partners",
    "payments",
    "rows",
    "stock",
]
