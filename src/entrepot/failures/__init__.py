"""The failure catalogue: every failure once, with its context, whether to retry, and what to do next."""

from entrepot.failures.base import Failure, Retry, TemporaryFailure, catalogue
from entrepot.failures.service import (
    Internal,
    MalformedBody,
    MethodNotAllowed,
    Overloaded,
    PayloadTooLarge,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UnknownRoute,
    UnsupportedMediaType,
)

__all__ = [
    "Failure",
    "Internal",
    "MalformedBody",
    "MethodNotAllowed",
    "Overloaded",
    "PayloadTooLarge",
    "RequestTimeout",
    "Retry",
    "TemporaryFailure",
    "Unauthenticated",
    "Unavailable",
    "UnknownRoute",
    "UnsupportedMediaType",
    "catalogue",
]
