"""Every error entry that the door can answer: code, status, title and the shape of its detail, one row each.

The rows are those of the documentation (decision bonsai error codes, I1, I2, I3, I4, I8, I9, U9, U19, U20).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from entrepot.doors.kit.describing.words import TEXT, JsonSchema, array, constant, obj

UUID1: Final[JsonSchema] = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
}

Detail: TypeAlias = JsonSchema | None


class ErrorForm(msgspec.Struct, frozen=True):
    """One form of an error entry.

    `title` None: any text. `detail` None: the entry has no such member.
    """

    name: str
    code: str
    status: int
    title: str | None
    detail: Detail = None

    def schema(self) -> JsonSchema:
        """The strict schema of the entry."""
        members = {
            "id": UUID1,
            "status": constant(self.status),
            "code": constant(self.code),
            "title": TEXT if self.title is None else constant(self.title),
        }
        return obj(members if self.detail is None else {**members, "detail": self.detail})


_REDACTED = constant("<redacted>")
_CAMEL_IDS = obj({"publicId": TEXT, "variantId": TEXT})
_NULLABLE_TEXT: JsonSchema = {"type": ["string", "null"]}
_INVALID_INPUT = array(
    obj(
        {
            "message": TEXT,
            "path": array({"type": ["string", "integer"]}),
            "type": TEXT,
            "context": {
                "type": "object",
                "required": ["label"],
                "properties": {
                    "label": {"type": ["string", "integer"]},
                    "key": {"type": ["string", "integer"]},
                },
            },
        }
    ),
    least=1,
)
_AVATAX = obj(
    {
        "message": TEXT,
        "code": TEXT,
        "number": {"type": "integer"},
        "description": TEXT,
        "faultCode": TEXT,
        "helpLink": TEXT,
        "severity": TEXT,
    }
)
_STRIPE = obj(
    {
        "stripeToken": _REDACTED,
        "customer": obj({"email": TEXT, "first_name": TEXT, "last_name": TEXT}),
        "message": TEXT,
    }
)
_EXTERNAL_CONFIG = obj(
    {
        "api": obj(
            {"skipValidation": {"type": "boolean"}, "type": TEXT, "apiKey": _REDACTED, "method": _REDACTED}
        )
    }
)


def _form(
    code: str, status: int, title: str | None, detail: Detail = None, *, name: str | None = None
) -> ErrorForm:
    words = name or "".join(word.capitalize() for word in code.split("_"))
    return ErrorForm(words, code, status, title, detail)


INSUFFICIENT_INVENTORY: Final = _form(
    "INSUFFICIENT_INVENTORY", 400, "Not enough inventory", obj({"productId": TEXT, "variantId": TEXT})
)
OUT_OF_STOCK: Final = _form(
    "OUT_OF_STOCK", 400, "The product is out of stock", obj({"public_id": TEXT, "variant_id": TEXT})
)
PRODUCT_DOES_NOT_EXIST: Final = _form("PRODUCT_DOES_NOT_EXIST", 404, "Product does not exist", _CAMEL_IDS)
VARIANT_DOES_NOT_EXIST: Final = _form("VARIANT_DOES_NOT_EXIST", 404, "Variant does not exist", _CAMEL_IDS)
MERCHANT_NOT_FOUND: Final = _form(
    "MERCHANT_NOT_FOUND",
    404,
    "Could not find merchant with that id from supported integration types",
    obj({"_id": {"type": "string", "pattern": "^[0-9a-f]{24}$"}}),
)
PRODUCT_UNAVAILABLE: Final = _form(
    "PRODUCT_UNAVAILABLE", 400, "The product requested is no longer available", _CAMEL_IDS
)
PRODUCTS_PRICE_INVALID: Final = _form(
    "PRODUCTS_PRICE_INVALID", 400, "The price of one of the products is invalid", _CAMEL_IDS
)
PRODUCTS_PRICE_CHANGE: Final = _form(
    "PRODUCTS_PRICE_CHANGE", 400, "The price of one of the products has changed", _CAMEL_IDS
)
INTERNATIONAL_SHIPPING_ERROR: Final = _form(
    "INTERNATIONAL_SHIPPING_ERROR",
    400,
    "The merchant does not provide international shipping",
    array(_CAMEL_IDS, least=1),
)
INVALID_INPUT: Final = _form("INVALID_INPUT", 400, "Invalid input provided", _INVALID_INPUT)
TAXES_OR_DUTIES_ERROR: Final = _form(
    "TAXES_OR_DUTIES_ERROR", 400, "There was an error calculating taxes or duties", TEXT
)
CHECKOUT_TAX_ERROR: Final = _form("TAX_ERROR", 400, None, TEXT, name="CheckoutTaxError")
CHECKOUT_STRIPE_ERROR: Final = _form(
    "STRIPE_ERROR", 500, "Error during a Stripe operation", TEXT, name="CheckoutStripeError"
)
UNLISTED_PRODUCT: Final = _form(
    "PRODUCT_DOES_NOT_EXIST",
    404,
    "Product does not exist",
    {"oneOf": [obj({"publicId": TEXT}), obj({"shortLink": TEXT})]},
    name="UnlistedProduct",
)
PROVINCE_UNRECOGNIZED: Final = _form(
    "PROVINCE_UNRECOGNIZED",
    404,
    "The province not recognized.",
    obj({"countryCode": TEXT, "province": _NULLABLE_TEXT}),
)

BY_LINE: Final = (
    PRODUCT_DOES_NOT_EXIST,
    VARIANT_DOES_NOT_EXIST,
    MERCHANT_NOT_FOUND,
    PRODUCT_UNAVAILABLE,
    PRODUCTS_PRICE_INVALID,
    PRODUCTS_PRICE_CHANGE,
    OUT_OF_STOCK,
    INSUFFICIENT_INVENTORY,
)
"""The errors of steps 7 and 10 of a submit, the only ones that come several to a reply."""

ORDERING: Final = (
    _form("REQUEST_SOURCE_UNRECOGNIZED", 400, "The account source is not recognized"),
    _form(
        "PAYMENT_METHOD_NOT_SUPPORTED",
        400,
        "The selected payment method is not supported for this order type",
        obj({"paymentMethod": TEXT}),
    ),
    _form("ACCOUNT_DOES_NOT_SUPPORT_EXTERNAL_PAYMENT", 400, "Account does not support external payment"),
    _form(
        "EXTERNAL_PAYMENT_NOT_IMPLEMENTED_YET",
        402,
        "External payment not implemented yet",
        obj({"token": _REDACTED, "externalPaymentType": TEXT}),
    ),
    *BY_LINE,
    _form("PROVINCE_NOT_FOUND", 404, "Could not find delivery province", obj({"province": _NULLABLE_TEXT})),
    INTERNATIONAL_SHIPPING_ERROR,
    _form("TAX_ERROR", 400, "Error during a tax calculation", _AVATAX),
    TAXES_OR_DUTIES_ERROR,
)
"""What every route that checks a whole order can answer, in the order of the checks."""

PAYING: Final = (
    _form("PAYMENT_AMOUNTS_NOT_PROVIDED", 400, "Payment amounts not provided"),
    _form(
        "EXTERNAL_PAYMENT_UNKNOWN_ERROR",
        400,
        "Unknown error while validating external payment",
        obj({"externalPaymentConfig": _EXTERNAL_CONFIG, "token": _REDACTED}),
    ),
    _form(
        "EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED",
        402,
        "External payment token validation failed",
        obj({"token": _REDACTED}),
    ),
    _form("PAYMENT_REQUIRED", 402, "Payment is required for this order", obj({"message": TEXT})),
    _form("STRIPE_ERROR", 500, "Error during a Stripe operation", _STRIPE),
    _form("MERCHANT_PAYMENT_MISSING", 404, "No payment was transferred to the merchant"),
)
"""What paying adds."""

PLACING: Final = (
    _form("MISSING_SHIPPING", 400, "No shipping address was provided"),
    _form(
        "DUPLICATE_EXTERNAL_ORDER",
        400,
        "Order with the same external order id already exists",
        obj({"externalOrderId": TEXT}),
    ),
)
"""What the two submit routes add."""

ORDER_NOT_FOUND: Final = _form(
    "CUSTOMER_ORDER_NOT_FOUND", 404, "Customer order has not been found", obj({"customer_order_id": TEXT})
)
RESOURCE_NOT_FOUND: Final = _form("RESOURCE_NOT_FOUND", 404, "Resource not found", constant(""))
URL_NOT_FOUND: Final = _form("URL_NOT_FOUND", 404, "The requested route does not exist", constant(""))
BAD_REQUEST: Final = _form("BAD_REQUEST", 400, "Bad input request", TEXT)

API_KEY_REFUSED: Final = _form(
    "AUTHENTICATION_FAILED",
    401,
    "Authentication information is missing or invalid",
    constant(""),
    name="ApiKeyRefused",
)
AUTHORIZATION_REFUSED: Final = _form(
    "AUTHENTICATION_FAILED",
    401,
    "Authentication failed",
    obj({"authentication_expected": constant("Authorization header")}),
    name="AuthorizationRefused",
)

ANYWHERE: Final = (
    _form("INTERNAL_ERROR", 500, "Unknown error", constant("")),
    _form("SERVICE_UNAVAILABLE", 503, None, constant("")),
)
"""An internal fault, and the temporary refusal that carries Retry-After."""

WITH_BODY: Final = (
    BAD_REQUEST,
    _form("PAYLOAD_TOO_LARGE", 413, None, constant("")),
    _form("UNSUPPORTED_MEDIA_TYPE", 415, None, constant("")),
)
"""What every route that reads a body can answer before the body is checked."""

ENTRIES: Final = (
    *ORDERING,
    *PAYING,
    *PLACING,
    INVALID_INPUT,
    CHECKOUT_TAX_ERROR,
    CHECKOUT_STRIPE_ERROR,
    PROVINCE_UNRECOGNIZED,
    UNLISTED_PRODUCT,
    ORDER_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    URL_NOT_FOUND,
    API_KEY_REFUSED,
    AUTHORIZATION_REFUSED,
    *WITH_BODY,
    *ANYWHERE,
)
"""All forms; their names are unique. Where one code has two forms, each route answers only one of them."""


FORMS: Final = {form.name: form for form in ENTRIES}
"""Every form by its name."""


def schemas() -> dict[str, Any]:
    """Every entry's schema by its name."""
    return {form.name: form.schema() for form in ENTRIES}
