"""The error codes of this door, each with its documented message, and errors as values."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TypeAlias

import msgspec

from entrepot.doors.textalk.wire.json import Json, escape
from entrepot.doors.textalk.wire.sentences import Text
from entrepot.failures import Failure


class Code(IntEnum):
    """Every code that the error page names."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    RPC_INTERNAL_ERROR = -32603
    INTERNAL_ERROR = -32000
    WEBSHOP_MISSING = 1001
    INVALID_WEBSHOP = 1002
    INVALID_LANGUAGE = 1003
    BAD_AUTH_TOKEN = 1004
    BAD_SESSION_TOKEN = 1005
    FORBIDDEN = 1006
    SECURE_CONNECTION_REQUIRED = 1007
    SESSION_MISSING = 1008
    NOT_BUYABLE = 2001
    PAYMENT_FAILED = 2010
    PAYMENT_NOT_CONFIGURED = 2011
    PAYMENT_UNAVAILABLE = 2012
    INSUFFICIENT_PURCHASE_AMOUNT = 2013
    DELIVERY_NOT_CONFIGURED = 2020
    DELIVERY_UNAVAILABLE = 2021
    DISCOUNT_CODE_ALREADY_SPECIFIED = 2030
    INVALID_DISCOUNT_CODE = 2031
    NO_FURTHER_DISCOUNT = 2032
    ADDRESS_LOOKUP_UNAVAILABLE = 2040
    INVALID_GIFT_CERTIFICATE = 2050
    UNCOMBINABLE_PAYMENT_METHOD = 2051
    GIFT_CERTIFICATE_CURRENCY = 2052
    PAYMENT_CANCELLATION_FAILED = 2060
    PAYMENT_REFUNDING_FAILED = 2061
    PAYMENT_NOT_CANCELLABLE = 2062
    PAYMENT_NOT_REFUNDABLE = 2063
    FILE_ATTACHMENT_FAILED = 2070
    ORDER_LOCKED = 2090
    LOGIN_FAILED = 3001
    BAD_RESET_CODE = 3002
    BAD_SIGNUP_CODE = 3003
    INVALID_PASSWORD = 3004
    CUSTOMER_EXISTS = 3005
    CONFIRMATION_FAILED = 3006
    VALIDATION_ERROR = 9001
    NORMALIZATION_ERROR = 9002
    OBJECT_NOT_FOUND = 9003
    INVALID_QUERY = 9004
    EXTERNAL_SERVER_ERROR = 9005


MESSAGES: Final[dict[Code, str]] = {
    Code.PARSE_ERROR: "Parse error",
    Code.INVALID_REQUEST: "Invalid Request",
    Code.METHOD_NOT_FOUND: "Method not found",
    Code.INVALID_PARAMS: "Invalid params",
    Code.RPC_INTERNAL_ERROR: "Internal error",
    Code.INTERNAL_ERROR: "Internal error",
    Code.WEBSHOP_MISSING: "Webshop missing",
    Code.INVALID_WEBSHOP: "Invalid webshop",
    Code.INVALID_LANGUAGE: "Invalid language",
    Code.BAD_AUTH_TOKEN: "Bad auth token",
    Code.BAD_SESSION_TOKEN: "Bad session token",
    Code.FORBIDDEN: "Forbidden",
    Code.SECURE_CONNECTION_REQUIRED: "Secure connection required",
    Code.SESSION_MISSING: "Session missing",
    Code.NOT_BUYABLE: "Not buyable",
    Code.PAYMENT_FAILED: "Payment failed",
    Code.PAYMENT_NOT_CONFIGURED: "Payment not configured",
    Code.PAYMENT_UNAVAILABLE: "Payment unavailable",
    Code.INSUFFICIENT_PURCHASE_AMOUNT: "Insufficient purchase amount",
    Code.DELIVERY_NOT_CONFIGURED: "Delivery not configured",
    Code.DELIVERY_UNAVAILABLE: "Delivery unavailable",
    Code.DISCOUNT_CODE_ALREADY_SPECIFIED: "Discount code already specified",
    Code.INVALID_DISCOUNT_CODE: "Invalid discount code",
    Code.NO_FURTHER_DISCOUNT: "No further discount",
    Code.ADDRESS_LOOKUP_UNAVAILABLE: "Address lookup unavailable",
    Code.INVALID_GIFT_CERTIFICATE: "Invalid gift certificate",
    Code.UNCOMBINABLE_PAYMENT_METHOD: "Uncombinable with selected payment method",
    Code.GIFT_CERTIFICATE_CURRENCY: "Gift certificate currency error",
    Code.PAYMENT_CANCELLATION_FAILED: "Payment cancellation failed",
    Code.PAYMENT_REFUNDING_FAILED: "Payment refunding failed",
    Code.PAYMENT_NOT_CANCELLABLE: "Payment can not be cancelled",
    Code.PAYMENT_NOT_REFUNDABLE: "Payment can not be refunded",
    Code.FILE_ATTACHMENT_FAILED: "Attaching file to an order item failed",
    Code.ORDER_LOCKED: "Order is locked",
    Code.LOGIN_FAILED: "Login failed",
    Code.BAD_RESET_CODE: "Bad reset code",
    Code.BAD_SIGNUP_CODE: "Bad signup code",
    Code.INVALID_PASSWORD: "Invalid password",
    Code.CUSTOMER_EXISTS: "Customer already exists",
    Code.CONFIRMATION_FAILED: "Confirmation failed",
    Code.VALIDATION_ERROR: "Validation error",
    Code.NORMALIZATION_ERROR: "Normalization error",
    Code.OBJECT_NOT_FOUND: "Object not found.",
    Code.INVALID_QUERY: "Invalid query",
    Code.EXTERNAL_SERVER_ERROR: "External server error",
}


class Problem(msgspec.Struct, frozen=True):
    """What is wrong at one place; `pointer` is a JSON Pointer, "" the whole value."""

    pointer: str
    text: Text

    def under(self, *tokens: str | int) -> "Problem":
        """The same problem, seen from the value that holds this one at `tokens`."""
        return Problem("".join(f"/{escape(token)}" for token in tokens) + self.pointer, self.text)

    def render(self, language: str) -> Json:
        """The wire form, `{message, pointer}`."""
        return {"message": self.text.render(language), "pointer": self.pointer}


Data: TypeAlias = str | Text | tuple[Problem, ...] | None


class RpcError(msgspec.Struct, frozen=True):
    """A refused call.

    `data` is a ready string (a code, a provider's own words), a sentence, or the problems by pointer.
    `failure` is the core's failure behind it, which gives the headers `Link` and `Retry-After`.
    """

    code: Code
    data: Data = None
    failure: Failure | None = None

    def render(self, language: str) -> dict[str, Json]:
        """The JSON-RPC error object; a member `data` only if there is some."""
        body: dict[str, Json] = {"code": int(self.code), "message": MESSAGES[self.code]}
        if self.data is not None:
            body["data"] = _data(self.data, language)
        return body


def _data(data: str | Text | tuple[Problem, ...], language: str) -> Json:
    if isinstance(data, str):
        return data
    if isinstance(data, Text):
        return data.render(language)
    return [problem.render(language) for problem in data]


def invalid_params(problems: Sequence[Problem] | Text) -> RpcError:
    """-32602, with pointers into the `params` array, or with one sentence."""
    return RpcError(Code.INVALID_PARAMS, problems if isinstance(problems, Text) else tuple(problems))


def invalid_query(problems: Sequence[Problem]) -> RpcError:
    """9004, with pointers into the query."""
    return RpcError(Code.INVALID_QUERY, tuple(problems))
