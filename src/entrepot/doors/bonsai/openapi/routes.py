"""The routes of the Bonsai door: what each reads and answers (decision bonsai endpoints, I7, I21, U10)."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from entrepot.doors.bonsai import schemas
from entrepot.doors.bonsai.openapi import errors
from entrepot.doors.bonsai.openapi.errors import ErrorForm
from entrepot.doors.bonsai.openapi.replies import data, read
from entrepot.doors.kit.checking import Body
from entrepot.doors.kit.checking.json_schema import json_schema
from entrepot.doors.kit.describing.words import JsonSchema, array, obj, ref

Method = Literal["GET", "POST", "PATCH", "DELETE"]
Security = Literal["apiKey", "authorization"]


class Route(msgspec.Struct, frozen=True):
    """One operation: `reply` is the body of its 200, `refusals` every error entry that it can answer."""

    method: Method
    path: str
    name: str
    reply: JsonSchema
    refusals: tuple[ErrorForm, ...] = ()
    security: Security = "apiKey"
    body: Body[Any] | None = None
    query: Body[Any] | None = None

    def errors(self) -> tuple[ErrorForm, ...]:
        """The refusals, with those that every route of this kind has."""
        refused = errors.API_KEY_REFUSED if self.security == "apiKey" else errors.AUTHORIZATION_REFUSED
        reading = (errors.BAD_REQUEST,) if self.body is None else errors.WITH_BODY
        return (refused, *self.refusals, *reading, *errors.ANYWHERE)

    def statuses(self) -> tuple[int, ...]:
        """Every status of the route, 200 first."""
        return (200, *sorted({form.status for form in self.errors()}))


def any_entry(forms: tuple[ErrorForm, ...]) -> JsonSchema:
    """An error entry in one of these forms."""
    return {"oneOf": [ref(form.name) for form in forms]}


_CHECKOUT_ENTRIES = (
    errors.INVALID_INPUT,
    errors.PRODUCT_DOES_NOT_EXIST,
    errors.VARIANT_DOES_NOT_EXIST,
    errors.PRODUCT_UNAVAILABLE,
    errors.PROVINCE_UNRECOGNIZED,
    errors.INTERNATIONAL_SHIPPING_ERROR,
    errors.CHECKOUT_TAX_ERROR,
    errors.TAXES_OR_DUTIES_ERROR,
    errors.CHECKOUT_STRIPE_ERROR,
)
_CHECKOUT_REPLY = obj({"data": ref("CheckoutOutput")}, {"errors": array(any_entry(_CHECKOUT_ENTRIES))})
_PRODUCTS_REPLY = obj(
    {"data": array(ref("Product")), "errors": array(any_entry((errors.UNLISTED_PRODUCT,)))},
)
_READ_ERRORS = (errors.ORDER_NOT_FOUND,)
_CART_ERRORS = (errors.RESOURCE_NOT_FOUND,)
_CART_EDIT_ERRORS = (errors.INVALID_INPUT, errors.RESOURCE_NOT_FOUND)


def _read(path: str, name: str, reply: str) -> Route:
    return Route("GET", path, name, read(reply), _READ_ERRORS, security="authorization")


def _cart_edit(action: str, name: str, body: Body[Any]) -> Route:
    return Route("PATCH", f"/carts/v1/{{id}}/{action}", name, data("Cart"), _CART_EDIT_ERRORS, body=body)


ROUTES: Final = (
    Route("POST", "/orders/checkout", "Checkout Totals", _CHECKOUT_REPLY, body=schemas.CHECKOUT),
    Route(
        "POST",
        "/orders/V1/submit",
        "Submit Orders",
        data("OrderSubmitV1Output"),
        (errors.INVALID_INPUT, *errors.PLACING, *errors.ORDERING, *errors.PAYING),
        body=schemas.SUBMIT_V1,
    ),
    Route(
        "POST",
        "/orders/v2/submit",
        "Submit Pending Orders",
        data("PendingOrderOutput"),
        (errors.INVALID_INPUT, *errors.PLACING, *errors.ORDERING),
        body=schemas.SUBMIT_V2,
    ),
    Route(
        "POST",
        "/orders/v2/{id}/payment",
        "Submit Order Payment",
        data("OrderStatus"),
        (errors.INVALID_INPUT, errors.ORDER_NOT_FOUND, *errors.ORDERING, *errors.PAYING),
        body=schemas.PAYMENT_V2,
    ),
    _read("/orders/v2/{id}", "Order Status by id", "OrderStatus"),
    _read("/orders/v2/external-order-id/{id}", "Order Status By External Order Id", "OrderStatus"),
    _read("/orders/v2/{id}/refunds", "Order Refunds by id", "OrderRefunds"),
    _read("/orders/v2/external-order-id/{id}/refunds", "Order Refunds by external order id", "OrderRefunds"),
    Route(
        "GET",
        "/products/",
        "Get Products",
        _PRODUCTS_REPLY,
        (errors.INVALID_INPUT,),
        query=schemas.PRODUCTS_QUERY,
    ),
    Route(
        "POST", "/carts/v1/submit", "Submit cart", data("CartId"), (errors.INVALID_INPUT,), body=schemas.CART
    ),
    Route("GET", "/carts/v1/{id}", "Get a cart by ID", data("Cart"), _CART_ERRORS),
    Route("DELETE", "/carts/v1/{id}", "Delete a cart by ID", data("CartId"), _CART_ERRORS),
    _cart_edit("add-product", "Add product to cart", schemas.CART_PRODUCT),
    _cart_edit("remove-product", "Remove product from cart", schemas.CART_PRODUCT),
    _cart_edit("set", "Set cart", schemas.CART),
)


def error_reply(forms: tuple[ErrorForm, ...]) -> JsonSchema:
    """The envelope of entries in `forms`; several come only where lines are gathered, and may then have other statuses.

    The reply's status is that of its first entry (decision bonsai U13), which is left unsaid: OpenAPI's tools know
    no schema for one place of a list.
    """
    if not any(form in errors.BY_LINE for form in forms):
        return obj({"errors": array(any_entry(forms), least=1, most=1)})
    either = (*forms, *(form for form in errors.BY_LINE if form not in forms))
    return obj({"errors": array(any_entry(either), least=1, most=schemas.MAX_LINES)})


def reply(route: Route, status: int) -> JsonSchema:
    """The schema of the route's reply with that status; raises KeyError for one that it never answers."""
    if status == 200:
        return route.reply
    forms = tuple(form for form in route.errors() if form.status == status)
    if not forms:
        raise KeyError((route.method, route.path, status))
    return error_reply(forms)


def query_parameters(route: Route) -> tuple[JsonSchema, ...]:
    """The route's query as OpenAPI parameters."""
    keys = route.query.shape.keys if route.query else ()
    return tuple(
        {"name": key.name, "required": key.required, "schema": json_schema(key.shape)} for key in keys
    )
