"""Carts that a partner keeps for its shoppers: what stands in them is what the partner says."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from entrepot.domain.carts.records import LIFETIME, MAX_LINES, MAX_QUANTITY, Cart, CartLine
from entrepot.domain.channels.accounts import Environment
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures import Failure
from entrepot.failures.carts import CartFull, CartQuantityTooLarge, CartUnknown


class CartItem(msgspec.Struct, frozen=True):
    """A quantity of one item, to be put into a cart or taken out of it."""

    product: str
    variant: str
    quantity: int


class CartContents(msgspec.Struct, frozen=True):
    """A cart with its lines by number."""

    cart: Cart
    lines: tuple[CartLine, ...]


class CartOwner(msgspec.Struct, frozen=True):
    """Whose cart it is; for everybody else it does not exist."""

    channel: int
    environment: Environment


class CreateCart(Command, frozen=True):
    """Open a cart with these items. The result is its `CartContents`."""

    owner: CartOwner
    items: tuple[CartItem, ...]
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def ids(self) -> int:
        """The cart's."""
        return 1

    @property
    def weight(self) -> int:
        """The cart and its lines."""
        return 1 + len(self.items)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what exceeds a cart's limits, or open it."""
        del view
        number, uuid = ids.next(), ids.uuid()
        lines = combined(number, (), self.items)
        if isinstance(lines, Failure):
            return refused(lines)
        owner = self.owner
        cart = Cart(number, uuid, owner.channel, owner.environment, now, now, now + LIFETIME, self.data)
        return Decided(CartContents(cart, lines), Changes((cart, *lines)))


class PartnerCartCommand(Command, frozen=True):
    """What the commands on a standing cart share. `name` is the cart's public id, for the refusal."""

    owner: CartOwner
    cart: int
    name: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart, with its lines."""
        del view
        return (self.cart,) if stage is Stage.CART else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a cart that is not there for its caller, or change it."""
        del ids
        cart = view.get(Cart, self.cart)
        if cart is None or not visible(cart, self.owner, now):
            return refused(CartUnknown(self.name))
        return self.change(cart, view.children(CartLine, cart.id), now)

    def change(self, cart: Cart, lines: Sequence[CartLine], now: datetime) -> Decision:
        """What the command makes of a cart that is there."""
        raise NotImplementedError


class SetCartLines(PartnerCartCommand, frozen=True):
    """Put these items in place of all that the cart holds."""

    items: tuple[CartItem, ...]

    @property
    def weight(self) -> int:
        """About as many rows go as come."""
        return 1 + 2 * len(self.items)

    def change(self, cart: Cart, lines: Sequence[CartLine], now: datetime) -> Decision:
        """Replace the lines."""
        return _changed(cart, lines, combined(cart.id, (), self.items), now)


class AddToCart(PartnerCartCommand, frozen=True):
    """Put an item into the cart; of an item that is there already, quantities add up."""

    item: CartItem

    def change(self, cart: Cart, lines: Sequence[CartLine], now: datetime) -> Decision:
        """Add the quantity."""
        after = combined(cart.id, lines, (self.item,))
        if isinstance(after, CartQuantityTooLarge):
            after = msgspec.structs.replace(after, index=None)
        return _changed(cart, lines, after, now)


class RemoveFromCart(PartnerCartCommand, frozen=True):
    """Take units of an item out of the cart; to take out what is not there changes nothing."""

    item: CartItem

    def change(self, cart: Cart, lines: Sequence[CartLine], now: datetime) -> Decision:
        """Take the quantity away, and the line when nothing of it is left."""
        item = self.item
        if all(line.item != (item.product, item.variant) for line in lines):
            return Decided(CartContents(cart, tuple(lines)), Changes())
        return _changed(cart, lines, _without(lines, item), now)


class DeleteCart(PartnerCartCommand, frozen=True):
    """Delete the cart. The result is the cart that was."""

    def change(self, cart: Cart, lines: Sequence[CartLine], now: datetime) -> Decision:
        """Remove it with its lines."""
        del now
        changes = Changes()
        _remove(cart, lines, changes)
        return Decided(cart, changes)


def visible(cart: Cart, owner: CartOwner, now: datetime) -> bool:
    """Whether the cart is there for this caller: his own, and not expired."""
    return (cart.channel, cart.environment) == (owner.channel, owner.environment) and cart.expires_at > now


def combined(
    cart: int, lines: Sequence[CartLine], items: Sequence[CartItem]
) -> tuple[CartLine, ...] | CartFull | CartQuantityTooLarge:
    """The lines with these items added, one line per item in the order in which they first came."""
    by_item = {line.item: line for line in lines}
    last = max((line.no for line in lines), default=0)
    for index, item in enumerate(items):
        name = (item.product, item.variant)
        standing = by_item.get(name)
        if standing is None:
            last += 1
            standing = CartLine(cart, last, item.product, item.variant, 0)
        room = MAX_QUANTITY - standing.quantity
        if item.quantity > room:
            return CartQuantityTooLarge(room, item.quantity, index)
        by_item[name] = _more(standing, item.quantity)
    return CartFull(MAX_LINES) if len(by_item) > MAX_LINES else tuple(by_item.values())


def _without(lines: Sequence[CartLine], item: CartItem) -> tuple[CartLine, ...]:
    name = (item.product, item.variant)
    left = [_more(line, -item.quantity) if line.item == name else line for line in lines]
    return tuple(line for line in left if line.quantity > 0)


def _more(line: CartLine, quantity: int) -> CartLine:
    return msgspec.structs.replace(line, quantity=line.quantity + quantity)


def _changed(
    cart: Cart, before: Sequence[CartLine], after: tuple[CartLine, ...] | Failure, now: datetime
) -> Decision:
    if isinstance(after, Failure):
        return refused(after)
    cart = msgspec.structs.replace(cart, changed_at=now, expires_at=now + LIFETIME)
    kept, standing = {line.no for line in after}, {line.no: line for line in before}
    changes = Changes((cart, *(line for line in after if line != standing.get(line.no))))
    for line in before:
        if line.no not in kept:
            changes.remove(line)
    return Decided(CartContents(cart, after), changes)


def _remove(cart: Cart, lines: Sequence[CartLine], changes: Changes) -> None:
    for record in (cart, *lines):
        changes.remove(record)
