"""From failures of the core to this door's errors: one table, so that code and data of every refusal are in one place.

What passes by itself (a full queue, a database that fails over) is -32000 with a Retry-After; what the core did not
expect is -32000 too, as the contract has it (second reading 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import asyncpg

from entrepot.doors.kit import DoorFailures
from entrepot.doors.textalk.errors import Code, Data, RpcError
from entrepot.failures import (
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
    UnsupportedMediaType,
    catalogue,
)
from entrepot.failures import orders as o
from entrepot.failures import payments as p
from entrepot.store.connections import FAULTS

Detail = Callable[[Any], Data]
_UNREACHABLE: Final = frozenset({"08", "53", "57"})


def _nothing(_: Failure) -> None:
    return None


_TABLE: Final[Mapping[type[Failure], tuple[Code, Detail]]] = {
    MalformedBody: (Code.PARSE_ERROR, _nothing),
    PayloadTooLarge: (Code.INVALID_REQUEST, _nothing),
    RequestTimeout: (Code.INVALID_REQUEST, _nothing),
    UnsupportedMediaType: (Code.INVALID_REQUEST, _nothing),
    UnknownRoute: (Code.INVALID_REQUEST, _nothing),
    MethodNotAllowed: (Code.INVALID_REQUEST, _nothing),
    Unauthenticated: (Code.BAD_AUTH_TOKEN, _nothing),
    Overloaded: (Code.INTERNAL_ERROR, _nothing),
    Unavailable: (Code.INTERNAL_ERROR, _nothing),
    o.OrderUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    p.PaymentDeclined: (Code.PAYMENT_FAILED, lambda f: f.message),
    p.CardProviderFailed: (Code.EXTERNAL_SERVER_ERROR, _nothing),
    p.TaxUnavailable: (Code.EXTERNAL_SERVER_ERROR, _nothing),
    p.TaxRefused: (Code.EXTERNAL_SERVER_ERROR, _nothing),
}

_UNEXPECTED: Final = (Code.INTERNAL_ERROR, _nothing)
_STATUS: Final[Mapping[type[Failure], int]] = {
    UnknownRoute: 404,
    MethodNotAllowed: 405,
    RequestTimeout: 408,
    Unauthenticated: 401,
}


def _codes() -> dict[type[Failure], tuple[int, str]]:
    return {
        failure: (_STATUS.get(failure, 200), str(int(_TABLE.get(failure, _UNEXPECTED)[0])))
        for failure in catalogue().values()
    }


CODES: Final = DoorFailures("textalk", _codes())
"""Every failure of the core; what no order of a shop can come to is an internal error here."""


def rpc_error(failure: Failure) -> RpcError:
    """The error that says this failure."""
    code, detail = _TABLE.get(type(failure), _UNEXPECTED)
    return RpcError(code, detail(failure), failure)


def fault(error: Exception, code: Code) -> RpcError:
    """The error for an exception: temporary where the database does not take requests, else unexpected."""
    return RpcError(code, failure=Unavailable(1) if _is_temporary(error) else Internal())


def _is_temporary(error: Exception) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return str(getattr(error, "sqlstate", "") or "")[:2] in _UNREACHABLE
    return isinstance(error, FAULTS)
