"""Payment methods: how an order of a shop can be paid, for whom, and what that costs."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from entrepot.domain.pricing.shop_methods import ShopMethod, open_to


class CostInterval(msgspec.Struct, frozen=True, omit_defaults=True):
    """Orders of `min` up to and including `max` minor units."""

    min: int = 0
    max: int | None = None


class PaymentMethod(ShopMethod, frozen=True):
    """A way to pay. `provider` says who collects: the channel's card gateway, or somebody by hand (invoice, transfer).

    `capture` says when a card's money is taken: at checkout, or later by an administrator, reserved until then.
    `fee` is by currency, in minor units as prices are (with VAT where prices are). `currencies` and
    `customer_groups` None are all. `cost_mode` and `cost_intervals` (by currency) say which orders it is for.
    `with_certificate`: whether a gift certificate may pay a part.
    """

    type: str
    provider: Literal["manual", "card"]
    capture: Literal["checkout", "later"]
    fee: dict[str, int]
    fee_vat_rate: int
    currencies: tuple[str, ...] | None
    customer_groups: tuple[int, ...] | None
    cost_mode: Literal["all", "zero", "nonzero", "interval"]
    cost_intervals: dict[str, CostInterval]
    with_certificate: bool
    address_lookup: bool
    params: dict[str, Any]
    data: dict[str, Any]


def suits(method: PaymentMethod, currency: str, due: int, groups: frozenset[int]) -> bool:
    """Whether an order of which `due` minor units are to be paid can be paid in this way by this customer."""
    return (
        method.active
        and (method.currencies is None or currency in method.currencies)
        and open_to(method.customer_groups, groups)
        and _in_range(method, currency, due)
    )


def _in_range(method: PaymentMethod, currency: str, due: int) -> bool:
    match method.cost_mode:
        case "all":
            return True
        case "zero":
            return due == 0
        case "nonzero":
            return due > 0
        case "interval":
            interval = method.cost_intervals.get(currency)
            if interval is None:
                return False
            return interval.min <= due and (interval.max is None or due <= interval.max)
