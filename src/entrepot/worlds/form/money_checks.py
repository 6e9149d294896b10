"""Money in a world file: every amount is one that its currency can hold, and every currency is one of ISO 4217."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from entrepot.domain.kernel.currencies import currency_exists
from entrepot.domain.kernel.money import read_amount
from entrepot.worlds.form.shop_types import Amounts, Webshop
from entrepot.worlds.form.types import Workspace

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]

NO_PRICE = "none"
"""What stands for a missing price."""


def amount_faults(amount: str | int | None, currency: str, steps: Steps) -> Found:
    """What is wrong with an amount; that of a missing price is in order."""
    if amount in (None, NO_PRICE) or not currency_exists(currency):
        return
    if read_amount(amount, currency) is None:
        yield steps, f"an amount that {currency} cannot hold: too many decimals, or too large"


def currency_faults(currency: str, steps: Steps) -> Found:
    """Whether there is such a currency."""
    if not currency_exists(currency):
        yield steps, "no currency of ISO 4217"


def shop_amount_faults(workspace: Workspace, steps: Steps) -> Found:
    """What is wrong with the amounts of a workspace's choices and webshops."""
    for where, amounts in _places(workspace, steps):
        for currency, amount in amounts.items():
            yield from currency_faults(currency, (*where, currency))
            yield from amount_faults(amount, currency, (*where, currency))
    for name, shop in workspace.webshops.items():
        for code, certificate in shop.certificates.items():
            where = (*steps, "webshops", name, "certificates", code)
            yield from currency_faults(certificate.currency, (*where, "currency"))
            yield from amount_faults(certificate.value, certificate.currency, (*where, "value"))


def _places(workspace: Workspace, steps: Steps) -> Iterator[tuple[Steps, Amounts]]:
    for name, choice in workspace.choices.items():
        for inner, option in choice.options.items():
            yield (*steps, "choices", name, "options", inner, "price"), option.price
    for name, shop in workspace.webshops.items():
        yield from _of_shop(shop, (*steps, "webshops", name))


def _of_shop(shop: Webshop, steps: Steps) -> Iterator[tuple[Steps, Amounts]]:
    for name, method in shop.delivery.items():
        yield (*steps, "delivery", name, "free_from"), method.free_from
        for place, zone in enumerate(method.zones):
            for grams, prices in zone.prices.items():
                yield (*steps, "delivery", name, "zones", place, "prices", grams), prices
    yield from _named(shop.payment, ("fee", "cost_from"), (*steps, "payment"))
    yield from _named(shop.discounts, ("amount", "minimum_spend"), (*steps, "discounts"))


def _named(
    items: Mapping[str, object], fields: Iterable[str], steps: Steps
) -> Iterator[tuple[Steps, Amounts]]:
    for name, item in items.items():
        for field in fields:
            yield (*steps, name, field), cast("Amounts", getattr(item, field))
