"""Discount codes: what they take off, for whom, when, and how often."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal

from entrepot.domain.kernel.money import share
from entrepot.domain.kernel.records import Parents, Record
from entrepot.domain.kernel.text import folded
from entrepot.domain.pricing.shop_methods import open_to
from entrepot.domain.pricing.vat import allot


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
    """A placed order in which a discount was used, and one name of who used it (see `names_of`)."""

    discount: int
    order: int
    buyer: str
    at: datetime

    @property
    def key(self) -> Hashable:
        """Discount, order and name."""
        return (self.discount, self.order, self.buyer)

    @property
    def parent(self) -> Hashable:
        """Discount and buyer, by which uses are counted; and the order, by which they are given back."""
        return Parents(((self.discount, self.buyer), self.order))


def names_of(customer: int | None, *emails: str) -> tuple[str, ...]:
    """By what uses of somebody are counted: the customer's id, and every e-mail address, folded."""
    known = {folded(email) for email in emails} - {""}
    return (*(() if customer is None else (f"customer {customer}",)), *sorted(known))


def valid(discount: Discount, groups: frozenset[int], uses: int, now: datetime) -> bool:
    """Whether the code may be used by a customer who has used it this many times."""
    return (
        discount.active
        and open_to(discount.customer_groups, groups)
        and (discount.valid_from is None or discount.valid_from <= now)
        and (discount.valid_until is None or now < discount.valid_until)
        and (discount.max_uses is None or discount.used < discount.max_uses)
        and (discount.max_uses_per_customer is None or uses < discount.max_uses_per_customer)
    )


def spends_enough(discount: Discount, currency: str, goods: int) -> bool:
    """Whether goods of this value, as prices are stored, are enough for the code to count."""
    return goods >= discount.minimum_spend.get(currency, 0)


def taken_off(discount: Discount, currency: str, amounts: list[int]) -> list[int]:
    """What the code takes off each line of these amounts, never more than the line."""
    if discount.kind == "percent":
        return [share(amount, discount.percent) for amount in amounts]
    if discount.kind == "amount":
        return allot(min(discount.amount.get(currency, 0), sum(amounts)), amounts)
    return [0] * len(amounts)


def frees_delivery(discount: Discount) -> bool:
    """Whether delivery costs nothing with this code."""
    return discount.free_delivery or discount.kind == "free_delivery"
