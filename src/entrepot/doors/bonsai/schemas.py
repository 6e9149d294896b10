"""Every request body of the Bonsai API, declared once: for the checker and for the API description.

Members stand in the order of the published specification, which is the order in which faults are looked for.
"""

from __future__ import annotations

from typing import Any, Final, cast

from entrepot.domain.kernel.regions import country_codes
from entrepot.doors.bonsai import bodies
from entrepot.doors.bonsai.joi import JOI
from entrepot.doors.bonsai.settings import CURRENCIES
from entrepot.doors.kit import Keeps
from entrepot.doors.kit.checking import Amount, Arr, Bag, Body, Bool, Key, Obj, Str, Whole, check

MAX_LINES: Final = 500
MAX_QUANTITY: Final = 1_000_000
MAX_NOTE: Final = 5_000

_TEXT = Str()
_OPTIONAL_TEXT = Str(nullable=True)
_PRODUCT_ID = Str(example="clad6pg5z00eu012gfz7hfm92")
_VARIANT_ID = Str(example="M00679529706740")
_ORDER_REFERENCE = Str(example="51cf91c1-da4a-42c4-81d3-3ec3e3268655")
_CART_ID = Str(example="cjzyvxtm207z4rns56tif8job")
# A fault of form, and no country where nobody ships (decision bonsai second reading 11).
_COUNTRY = Str(choices=country_codes(), folds=True, example="US")
_PROVINCE = Str(nullable=True, example="NY")
_EMAIL = Str(email=True)
_CURRENCY = Str(choices=CURRENCIES, example="USD")
_QUANTITY = Whole(least=1, most=MAX_QUANTITY)
# Any text: an unknown method is PAYMENT_METHOD_NOT_SUPPORTED, which is not a fault of form (decision bonsai I5).
_METHOD = Str(example="credit card")
_TOKEN = Str(secret=True)
_NOTE = Str(longest=MAX_NOTE)
_ID_LIST = Str(longest=MAX_LINES * 26)


def _optional(name: str, shape: Any) -> Key:
    return Key(name, shape, required=False)


def _lines(items: Obj, least: int = 1) -> Arr:
    return Arr(items, least=least, most=MAX_LINES)


_LINE_KEYS = (Key("public_id", _PRODUCT_ID), Key("variant_id", _VARIANT_ID), Key("quantity", _QUANTITY))

_ADDRESS = Obj(
    (
        Key("first_name", _TEXT),
        Key("last_name", _TEXT),
        Key("address1", _TEXT),
        _optional("address2", _OPTIONAL_TEXT),
        Key("city", _TEXT),
        Key("country", _COUNTRY),
        _optional("name", _TEXT),
        _optional("province", _PROVINCE),
        _optional("phone", _TEXT),
        Key("zip", _TEXT),
    )
)

_AMOUNTS = Obj((Key("shipping", Amount()), Key("taxes", Amount()), Key("goods", Amount())), nullable=True)

_PAYMENT = Obj(
    (
        Key("method", _METHOD),
        Key("token", _TOKEN),
        _optional("currency", _CURRENCY),
        _optional("amounts", _AMOUNTS),
    ),
    secret=True,
)

_MISC = Obj((Key("data", Bag()),))

CHECKOUT: Final = Body(
    "CheckoutInput",
    Obj(
        (
            _optional("shipping_address", _ADDRESS),
            Key("products", _lines(Obj(_LINE_KEYS))),
            _optional(
                "payment",
                Obj((Key("paymentMethod", Str(choices=("stripe",))), Key("requestPaymentIntent", Bool()))),
            ),
            _optional("target_currency", _CURRENCY),
        )
    ),
    bodies.Checkout,
)

SUBMIT_V1: Final = Body(
    "OrderSubmitV1Input",
    Obj(
        (
            Key("customer", Obj((Key("email", _EMAIL), Key("first_name", _TEXT), Key("last_name", _TEXT)))),
            # `price` is a historical member: what the caller last saw (decision bonsai U1).
            Key("products", _lines(Obj((*_LINE_KEYS, _optional("price", Amount()))))),
            Key("shipping_address", _ADDRESS, judged_later=True),
            Key("payment", _PAYMENT),
            _optional("external_order_id", _ORDER_REFERENCE),
            _optional("misc", _MISC),
            _optional("cart_id", _CART_ID),
            _optional("note", _NOTE),
        )
    ),
    bodies.SubmitV1,
)

_PRODUCT = Obj((Key("id", _PRODUCT_ID), Key("variantId", _VARIANT_ID), Key("quantity", _QUANTITY)))

_PENDING_ADDRESS = Obj(
    (
        Key("firstName", _TEXT),
        Key("lastName", _TEXT),
        Key("address1", _TEXT),
        _optional("address2", _OPTIONAL_TEXT),
        Key("city", _TEXT),
        Key("country", _COUNTRY),
        _optional("province", _PROVINCE),
        _optional("phone", _TEXT),
        Key("zip", _TEXT),
    )
)

SUBMIT_V2: Final = Body(
    "PendingOrderInput",
    Obj(
        (
            Key(
                "customer",
                Obj((Key("email", _EMAIL), _optional("firstName", _TEXT), _optional("lastName", _TEXT))),
            ),
            Key("products", _lines(_PRODUCT)),
            Key("shippingAddress", _PENDING_ADDRESS, judged_later=True),
            Key("payment", Obj((Key("method", _METHOD),), secret=True)),
            _optional("externalOrderId", _ORDER_REFERENCE),
            _optional("misc", _MISC),
            _optional("note", _NOTE),
            _optional("cartId", _CART_ID),
        )
    ),
    bodies.SubmitV2,
)

PAYMENT_V2: Final = Body("OrderPaymentInput", _PAYMENT, bodies.Payment)

# A cart may be empty (decision bonsai empty carts).
CART: Final = Body(
    "CartProductsInput", Obj((Key("products", _lines(_PRODUCT, least=0)),)), bodies.CartProducts
)

CART_PRODUCT: Final = Body("CartProductInput", _PRODUCT, bodies.Product)

PRODUCTS_QUERY: Final = Body(
    "ProductsQuery",
    Obj(
        (_optional("ids", _ID_LIST), _optional("shortLinks", _ID_LIST), Key("currency", _CURRENCY)),
        any_of=("ids", "shortLinks"),
    ),
    bodies.ProductsQuery,
)

BODIES: Final[tuple[Body[Any], ...]] = (CHECKOUT, SUBMIT_V1, SUBMIT_V2, PAYMENT_V2, CART, CART_PRODUCT)

_CHECKOUT_LINE = Body("CheckoutLine", Obj(_LINE_KEYS), bodies.Line)


def readable_lines(body: object) -> list[bodies.Line]:
    """The lines of a faulty checkout that could be read; its reply of zeros lists them (decision bonsai I7)."""
    lines = cast("dict[str, object]", body).get("products") if isinstance(body, dict) else None
    if not isinstance(lines, list):
        return []
    checked = (check(_CHECKOUT_LINE, line, JOI) for line in cast("list[object]", lines)[:MAX_LINES])
    return [each.value for each in checked if each.value is not None]


PAYMENT_KEPT: Final = Keeps(
    request=("/payment/token", "/payment/paymentIntentId"), reply=("/data/stripeClientSecrets",)
)
"""What logs may keep where a body carries proof of payment."""
PRODUCTS_KEPT: Final = Keeps(
    request=(),
    reply=(),
    query=frozenset({"currency", "limit", "offset", "page", "updated_after", "merchant"}),
)
