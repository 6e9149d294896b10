"""Carts (decision bonsai second reading 13). A cart takes any id: whether it can be bought, checkout says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from entrepot.domain.carts.partner_carts import (
    AddToCart,
    CartContents,
    CartItem,
    CartOwner,
    CreateCart,
    DeleteCart,
    PartnerCartCommand,
    RemoveFromCart,
    SetCartLines,
)
from entrepot.domain.carts.records import Cart
from entrepot.domain.kernel.ids import cuid, from_cuid
from entrepot.doors.bonsai import bodies, schemas
from entrepot.doors.bonsai.answers import checked_body, ok, refusal
from entrepot.doors.bonsai.routes.group import Handler, Routes
from entrepot.doors.kit import BODIES, Answer, Request, Resource
from entrepot.doors.kit.checking import Body
from entrepot.failures import Failure
from entrepot.failures.carts import CartUnknown
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.carts import cart_number, read_cart

T = TypeVar("T")
Edit = Callable[[CartOwner, int, str, T], PartnerCartCommand]
"""The command on a standing cart: its owner, its id, its public id, and the checked body."""


class CartRoutes(Routes):
    """The routes of carts."""

    def resources(self) -> list[Resource]:
        """Create, read, delete, and the three edits."""
        cart = {
            "GET": self.keyed("cart", self.show, BODIES),
            "DELETE": self.keyed("cart-delete", self.delete, BODIES),
        }
        return [
            Resource("/carts/v1/submit", {"POST": self.keyed("cart-submit", self.submit, BODIES)}),
            Resource("/carts/v1/{id}", cart),
            self._edit("add-product", schemas.CART_PRODUCT, _add),
            self._edit("remove-product", schemas.CART_PRODUCT, _remove),
            self._edit("set", schemas.CART, _set),
        ]

    async def submit(self, request: Request, caller: Caller) -> Answer:
        """Open a cart (POST /carts/v1/submit)."""
        body = _value(request, schemas.CART)
        if isinstance(body, Failure):
            return body
        command = CreateCart(_owner(caller), _items(body))
        outcome = await self.services.engine.execute(caller.workspace, command)
        return _id(outcome.cart) if isinstance(outcome, CartContents) else refusal(outcome)

    async def show(self, request: Request, caller: Caller) -> Answer:
        """What a cart holds (GET /carts/v1/{id})."""
        uuid = _uuid(request)
        if uuid is None:
            return _unknown(request)
        now = self.services.clock.now()
        async with self.services.reads.acquire() as connection:
            found = await read_cart(connection, caller.workspace, _owner(caller), uuid, now)
        return _contents(found) if found else _unknown(request)

    async def delete(self, request: Request, caller: Caller) -> Answer:
        """Delete a cart (DELETE /carts/v1/{id})."""
        number = await self._number(request, caller)
        if number is None:
            return _unknown(request)
        command = DeleteCart(_owner(caller), number, request.params["id"])
        outcome = await self.services.engine.execute(caller.workspace, command)
        return _id(outcome) if isinstance(outcome, Cart) else refusal(outcome)

    def _edit(self, action: str, body: Body[T], edit: Edit[T]) -> Resource:
        operation = self.keyed(f"cart-{action}", self._editing(body, edit), BODIES)
        return Resource(f"/carts/v1/{{id}}/{action}", {"PATCH": operation})

    def _editing(self, body: Body[T], edit: Edit[T]) -> Handler:
        async def handle(request: Request, caller: Caller) -> Answer:
            value = _value(request, body)
            if isinstance(value, Failure):
                return value
            number = await self._number(request, caller)
            if number is None:
                return _unknown(request)
            command = edit(_owner(caller), number, request.params["id"], value)
            outcome = await self.services.engine.execute(caller.workspace, command)
            return _contents(outcome) if isinstance(outcome, CartContents) else refusal(outcome)

        return handle

    async def _number(self, request: Request, caller: Caller) -> int | None:
        uuid = _uuid(request)
        if uuid is None:
            return None
        async with self.services.reads.acquire() as connection:
            return await cart_number(connection, caller.workspace, _owner(caller), uuid)


def _add(owner: CartOwner, cart: int, name: str, body: bodies.Product) -> PartnerCartCommand:
    return AddToCart(owner, cart, name, _item(body))


def _remove(owner: CartOwner, cart: int, name: str, body: bodies.Product) -> PartnerCartCommand:
    return RemoveFromCart(owner, cart, name, _item(body))


def _set(owner: CartOwner, cart: int, name: str, body: bodies.CartProducts) -> PartnerCartCommand:
    return SetCartLines(owner, cart, name, _items(body))


def _value(request: Request, body: Body[T]) -> T | Failure:
    checked = checked_body(request, body)
    if isinstance(checked, Failure):
        return checked
    if checked.value is None:
        raise ValueError("a body without faults has a value")
    return checked.value


def _owner(caller: Caller) -> CartOwner:
    return CartOwner(caller.channel, caller.environment)


def _uuid(request: Request) -> UUID | None:
    return from_cuid(request.params["id"])


def _unknown(request: Request) -> CartUnknown:
    return CartUnknown(request.params["id"])


def _items(body: bodies.CartProducts) -> tuple[CartItem, ...]:
    return tuple(map(_item, body["products"]))


def _item(product: bodies.Product) -> CartItem:
    return CartItem(product["id"], product["variantId"], product["quantity"])


def _id(cart: Cart) -> Answer:
    return ok({"id": cuid(cart.uuid)})


def _contents(found: CartContents) -> Answer:
    products: list[dict[str, Any]] = [
        {"id": line.product, "variantId": line.variant, "quantity": line.quantity} for line in found.lines
    ]
    return ok({"id": cuid(found.cart.uuid), "products": products})
