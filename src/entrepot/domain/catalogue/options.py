"""What a shop makes of the catalogue: choices that a buyer has of a product, groups of products, and assortments.

Amounts are in minor units by currency, texts by language. Numbers that a buyer may choose are in ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal

from entrepot.domain.kernel.records import Record

DECIMALS = 4
"""How many decimals chosen numbers have."""
PARTS = 10**DECIMALS
"""They are held as integers in this unit."""


class Choice(Record, frozen=True):
    """Something that a buyer chooses of a product.

    Of a number: its limits; `multiplies_price` and `multiplies_weight`: the product counts that many times.
    Of an enum: `per_unit`: an option's surcharge counts once per unit chosen by number choices too.
    `max_size` bounds a text in characters and a file in bytes.
    """

    id: int
    kind: Literal["enum", "number", "string", "file"]
    name: dict[str, str]
    description: dict[str, str]
    mandatory: bool
    minimum: int
    maximum: int | None
    multiple_of: int
    multiplies_price: bool
    multiplies_weight: bool
    per_unit: bool
    max_size: int | None
    created_at: datetime
    changed_at: datetime
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The choice's id."""
        return self.id


class ChoiceOption(Record, frozen=True):
    """One of the answers to an enum choice, with its surcharge by currency."""

    id: int
    choice: int
    position: int
    name: dict[str, str]
    prices: dict[str, int]
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The option's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """The choice."""
        return self.choice


class ProductChoice(Record, frozen=True):
    """A choice that a product has. `options` None is all of them; `prices` are its own surcharges."""

    product: int
    choice: int
    position: int
    options: tuple[int, ...] | None
    prices: dict[int, dict[str, int]]

    @property
    def key(self) -> Hashable:
        """Product and choice."""
        return (self.product, self.choice)

    @property
    def parent(self) -> Hashable:
        """The product."""
        return self.product


class ProductGroup(Record, frozen=True):
    """A shelf of the shop; groups form a tree. `data` holds what only shows: texts, image, page items."""

    id: int
    parent_group: int | None
    position: int
    hidden: bool
    name: dict[str, str]
    url: dict[str, str]
    data: dict[str, Any]
    created_at: datetime
    changed_at: datetime

    @property
    def key(self) -> Hashable:
        """The group's id."""
        return self.id


class Assortment(Record, frozen=True):
    """Groups of products that only some customers are shown; `customer_groups` None is everybody."""

    id: int
    channel: int
    name: dict[str, str]
    groups: tuple[int, ...]
    customer_groups: tuple[int, ...] | None

    @property
    def key(self) -> Hashable:
        """The assortment's id."""
        return self.id
