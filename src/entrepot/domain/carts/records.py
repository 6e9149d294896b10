"""Carts: what somebody means to order. A cart reserves nothing and promises no price; it ends by itself.

A cart names its items as its door does; whether they exist, and at what price, shows when they are checked out.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from entrepot.domain.channels.accounts import Environment
from entrepot.domain.customers.records import Buyer
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.orders.payments import Payment

LIFETIME = timedelta(days=30)
"""How long a cart stays after its last change (decision bonsai second reading 13)."""
MAX_LINES = 500
MAX_QUANTITY = 1_000_000


class CartCode(msgspec.Struct, frozen=True):
    """A code that was added to a cart, and the discount or gift certificate that it names."""

    code: str
    kind: Literal["discount", "certificate"]
    target: int


class Shown(msgspec.Struct, frozen=True):
    """What a buyer was shown that her cart comes to, in minor units: its value, and what is left to pay of it."""

    total: int
    due: int
    currency: str


class Cart(Record, frozen=True):
    """One cart of one account. `data` is what belongs to its door alone.

    A buyer's cart in a shop is private to its session and says more: who buys, how it is sent, and with which codes.
    `attempt` is the one that is placing the cart: until it ends nothing of the cart changes. `shown` is what the
    buyer was last told that it comes to; None if she never asked.
    """

    id: int
    uuid: UUID
    channel: int
    environment: Environment
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    data: dict[str, Any]
    session: int | None = None
    customer: int | None = None
    currency: str = ""
    language: str = ""
    vat_country: str | None = None
    buyer: Buyer = Buyer()
    delivery_method: int | None = None
    note: str | None = None
    codes: tuple[CartCode, ...] = ()
    attempt: int | None = None
    version: int = 1
    shown: Shown | None = None

    @property
    def key(self) -> Hashable:
        """The cart's id."""
        return self.id


class CartLine(Record, frozen=True):
    """A quantity of one item, in the variant's smallest unit; product and variant as the door names them.

    In a shop a line has an id, and the ids of what it was found to name. `choices` are the buyer's answers by choice:
    an option's id, a text, a number in ten-thousandths, or the id of a file. `price` is the price of a whole unit, in
    minor units, that the buyer was shown.
    """

    cart: int
    no: int
    product: str
    variant: str
    quantity: int
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    id: int | None = None
    product_id: int | None = None
    variant_id: int | None = None
    choices: dict[str, int | str] = msgspec.field(default_factory=dict[str, int | str])
    price: int | None = None

    @property
    def key(self) -> Hashable:
        """Cart and line number."""
        return (self.cart, self.no)

    @property
    def parent(self) -> Hashable:
        """The cart."""
        return self.cart

    @property
    def item(self) -> tuple[str, str]:
        """What the line is of: a cart has one line per item."""
        return (self.product, self.variant)


class CartFile(Record, frozen=True):
    """A file that belongs to a line of a cart, or of the order that the cart became: then it is `bought`.

    `size` is in bytes.
    """

    id: int
    cart: int
    line: int
    choice: int
    name: str
    type: str
    size: int
    digest: bytes
    created_at: datetime
    bought: bool = False

    @property
    def key(self) -> Hashable:
        """The file's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """The cart."""
        return self.cart


class FileContent(Record, frozen=True):
    """The bytes of a file; they go when the file goes."""

    id: int
    content: bytes

    @property
    def key(self) -> Hashable:
        """The file's id."""
        return self.id


def end_cart(number: int, view: View, changes: Changes) -> None:
    """Remove a cart that became an order, with its lines; files stay, as the order's lines keep their numbers."""
    for line in view.children(CartLine, number):
        changes.remove(line)
    for file in view.children(CartFile, number):
        changes.put(msgspec.structs.replace(file, bought=True))
    cart = view.get(Cart, number)
    if cart is not None:
        changes.remove(cart)


def remove_old_files(cart: Cart, before: datetime, view: View, changes: Changes) -> bool:
    """Remove files that came by then, with their lines, which are nothing without them; whether there were any."""
    old = {file.line for file in view.children(CartFile, cart.id) if file.created_at <= before}
    for kind in (CartLine, CartFile):
        for record in view.children(kind, cart.id):
            if (record.no if isinstance(record, CartLine) else record.line) in old:
                changes.remove(record)
    if old:
        changes.put(msgspec.structs.replace(cart, version=cart.version + 1))
    return bool(old)


def remove_cart(cart: Cart, view: View, changes: Changes) -> None:
    """Remove a cart with everything that hangs on it and was loaded."""
    for kind in (CartLine, CartFile, Payment):
        for record in view.children(kind, cart.id):
            changes.remove(record)
    changes.remove(cart)
