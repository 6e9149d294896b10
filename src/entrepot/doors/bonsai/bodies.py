"""What the checked request bodies look like: the types of `schemas.py`'s declarations."""

from decimal import Decimal
from typing import Any, NotRequired, TypedDict


class Line(TypedDict):
    """A requested product of checkout and V1 submit; `price` is what the caller last saw, major units."""

    public_id: str
    variant_id: str
    quantity: int
    price: NotRequired[Decimal]


class Address(TypedDict):
    """A delivery address in snake case."""

    first_name: str
    last_name: str
    address1: str
    address2: NotRequired[str | None]
    city: str
    country: str
    name: NotRequired[str]
    province: NotRequired[str | None]
    phone: NotRequired[str]
    zip: str


class Customer(TypedDict):
    """Who orders, on V1 submit."""

    email: str
    first_name: str
    last_name: str


class Amounts(TypedDict):
    """What the shopper paid the partner, in major units."""

    shipping: Decimal
    taxes: Decimal
    goods: Decimal


class Payment(TypedDict):
    """How an order is paid: `token` serves one order."""

    method: str
    token: str
    currency: NotRequired[str]
    amounts: NotRequired[Amounts | None]


class Misc(TypedDict):
    """The caller's own data."""

    data: dict[str, Any]


class SubmitV1(TypedDict):
    """POST /orders/V1/submit; without `shipping_address` the order is MISSING_SHIPPING."""

    customer: Customer
    products: list[Line]
    shipping_address: NotRequired[Address]
    payment: Payment
    external_order_id: NotRequired[str]
    misc: NotRequired[Misc]
    cart_id: NotRequired[str]
    note: NotRequired[str]


class PaymentIntent(TypedDict):
    """What checkout is asked to prepare at the card provider."""

    paymentMethod: str
    requestPaymentIntent: bool


class Checkout(TypedDict):
    """POST /orders/checkout."""

    products: list[Line]
    shipping_address: NotRequired[Address]
    payment: NotRequired[PaymentIntent]
    target_currency: NotRequired[str]


class Product(TypedDict):
    """A product of carts and of v2 orders."""

    id: str
    variantId: str
    quantity: int


class PendingCustomer(TypedDict):
    """Who orders, on v2 submit."""

    email: str
    firstName: NotRequired[str]
    lastName: NotRequired[str]


class PendingAddress(TypedDict):
    """A delivery address in camel case."""

    firstName: str
    lastName: str
    address1: str
    address2: NotRequired[str | None]
    city: str
    country: str
    province: NotRequired[str | None]
    phone: NotRequired[str]
    zip: str


class PendingPayment(TypedDict):
    """How a pending order will be paid."""

    method: str


class SubmitV2(TypedDict):
    """POST /orders/v2/submit; without `shippingAddress` the order is MISSING_SHIPPING."""

    customer: PendingCustomer
    products: list[Product]
    shippingAddress: NotRequired[PendingAddress]
    payment: PendingPayment
    externalOrderId: NotRequired[str]
    misc: NotRequired[Misc]
    note: NotRequired[str]
    cartId: NotRequired[str]


class CartProducts(TypedDict):
    """POST /carts/v1/submit and PATCH /carts/v1/{id}/set."""

    products: list[Product]


class ProductsQuery(TypedDict):
    """GET /products/: comma lists, of which one is there at least."""

    ids: NotRequired[str]
    shortLinks: NotRequired[str]
    currency: str
