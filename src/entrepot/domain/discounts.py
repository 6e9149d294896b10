"""Discount codes: what they take off, for whom, when, and how often."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal

from entrepot.domain.state import Record


class Discount(Record, frozen=True):
    """A code and what it takes off. `kind` says which of the amounts counts; `free_delivery` may come on top.

    `percent` is in millionths; `amount` and `minimum_spend` are in minor units by currency, as prices are.
    `used` counts the placed orders; `customer_groups` None is everybody; `combinable`: beside other codes.
    """

    id: int
    channel: int
    code: str
    name: dict[str, str]
    active: bool
    kind: Literal["percent", "amount", "free_delivery"]
    percent: int
    amount: dict[str, int]
    free_delivery: bool
    minimum_spend: dict[str, int]
    valid_from: datetime | None
    valid_until: datetime | None
    max_uses: int | None
    max_uses_per_customer: int | None
    used: int
    combinable: bool
    customer_groups: tuple[int, ...] | None
    created_at: datetime
    changed_at: datetime
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The discount's id."""
        return self.id


class DiscountUse(Record, frozen=True):
    """A placed order in which a discount was used, and by whom: `buyer` is the folded e-mail address."""

    discount: int
    order: int
    buyer: str
    at: datetime

    @property
    def key(self) -> Hashable:
        """Discount and order."""
        return (self.discount, self.order)

    @property
    def parent(self) -> Hashable:
        """Discount and buyer."""
        return (self.discount, self.buyer)
