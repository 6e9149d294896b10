"""Carts: what somebody means to buy. A cart reserves nothing; the order that it becomes keeps its id."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from entrepot.domain.customers import Buyer
from entrepot.domain.state import Record


class CartCode(msgspec.Struct, frozen=True):
    """A code that was added to a cart, and the discount or gift certificate that it names."""

    code: str
    kind: Literal["discount", "certificate"]
    target: int


class Cart(Record, frozen=True):
    """The lines and wishes of one buyer in one channel; private to its session where it has one.

    `attempt` is the one that is placing the cart: until it ends nothing of the cart changes. `next_line` is the
    number of the next line; numbers are not given again. `data` is what belongs to one door alone.
    """

    id: int
    uuid: UUID
    channel: int
    environment: str
    session: int | None
    customer: int | None
    currency: str
    language: str
    vat_country: str | None
    buyer: Buyer
    delivery_method: int | None
    note: str | None
    codes: tuple[CartCode, ...]
    attempt: int | None
    next_line: int
    created_at: datetime
    changed_at: datetime
    expires_at: datetime | None
    version: int
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The cart's id."""
        return self.id


class CartLine(Record, frozen=True):
    """A quantity of a variant, in the variant's smallest units.

    `product_id` and `variant` are None where the product or variant does not exist (any more). `choices` holds the
    buyer's choices by choice id: an option's id, a text, a number in ten-thousandths, or the id of a file.
    `price` is the unit price, in minor units of the cart's currency, that the buyer was shown.
    """

    cart: int
    no: int
    id: int
    product: UUID
    product_id: int | None
    variant: int | None
    quantity: int
    choices: dict[str, int | str]
    price: int | None
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """Cart and line number."""
        return (self.cart, self.no)

    @property
    def parent(self) -> Hashable:
        """The cart."""
        return self.cart


class CartFile(Record, frozen=True):
    """A file that belongs to a line of a cart, or of the order that the cart became; `size` is in bytes."""

    id: int
    cart: int
    line: int
    choice: int
    name: str
    type: str
    size: int
    digest: bytes
    created_at: datetime

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
