"""Which refusal wins at checkout: of any two faults the earlier check counts (decision textalk second reading 7).

Each fault says what it makes of the cart or the call; a pair is both in one cart. Whatever changes in the shop changes
for all carts at once, after they were filled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tests.conformance.harness import changed, read_state
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.harness.world import REMOVED
from tests.support.buyer import CARD, CLOTH, CUSTOMER, FINANCING, INVOICE, POST, Buyer
from tests.support.webshop import WORKSPACE

AT_ONCE = 8
GONE, HIDING = 201, 202
DYING, CANCELLED, FOREIGN, PLAIN = "DYING", "3000000000001", "3000000000002", "3000000000003"


@dataclass(frozen=True)
class Fault:
    """One check that fails. `after`: it comes to be once the order is placed, or with the call."""

    code: int
    sets: Mapping[str, Any] = field(default_factory=dict[str, Any])
    after: bool = False

    def excludes(self, other: Fault) -> bool:
        """Whether both cannot be in one cart."""
        placed = self.code == 2090 and not other.after
        return placed or any(name in other.sets and other.sets[name] != self.sets[name] for name in self.sets)


FAULTS = (
    Fault(2090, {"placed": True, "method": INVOICE}),
    Fault(9003, {"extra": GONE}),
    Fault(2001, {"extra": HIDING}, after=True),
    Fault(2013, {"quantity": 0.25}),
    Fault(2020, {"delivery": None}),
    Fault(2021, {"country": "NO"}),
    Fault(2031, {"discount": DYING}, after=True),
    Fault(2050, {"cancelled": CANCELLED}, after=True),
    Fault(2052, {"foreign": FOREIGN}),
    Fault(2051, {"certificate": PLAIN, "method": FINANCING, "currency": "SEK"}),
    Fault(2011, {"method": None}),
    Fault(2012, {"currency": "JPY"}),
    Fault(2010, {"token": "tok_nobodys"}, after=True),
)
"""In the order of the checks; of one line either the second or the third is said."""
EXCLUSIVE = {(9003, 2001), (2051, 2011), (2051, 2012)} | {
    (2090, fault.code) for fault in FAULTS[1:] if not fault.after
}
"""What cannot be wrong at once: a placed order has passed every check, and what was ordered is kept."""
PAIRS = [pair for pair in combinations(FAULTS, 2) if not pair[0].excludes(pair[1])]
CASES = [(fault,) for fault in FAULTS[:-1]] + PAIRS

_SOLD = {"prices": {"SEK": "1.00", "EUR": "0.10", "JPY": 15}, "tracked": False}
_SHOP = "webshops/shop"
WORLD = {
    "products/gone": {"id": GONE, "name": "Gone", **_SOLD},
    "products/hiding": {"id": HIDING, "name": "Hiding", **_SOLD},
    f"{_SHOP}/discounts/{DYING}": {"id": 711, "percent": "10%"},
    f"{_SHOP}/certificates/{CANCELLED}": {"id": 811, "currency": "SEK", "value": "500.00"},
    f"{_SHOP}/certificates/{FOREIGN}": {"id": 812, "currency": "EUR", "value": "1.00"},
    f"{_SHOP}/certificates/{PLAIN}": {"id": 813, "currency": "SEK", "value": "10.00"},
    f"{_SHOP}/payment/financing/provider": "card",
    f"{_SHOP}/payment/financing/cost_from": {},
}
_METHODS = WORKSPACE["webshops"]["shop"]["payment"]
BROKEN = {
    "products/gone": REMOVED,
    "products/hiding/hidden": True,
    **{f"{_SHOP}/payment/{name}/currencies": ["SEK", "EUR"] for name in _METHODS},
}
SOUND: Mapping[str, Any] = {
    "quantity": 1,
    "delivery": POST,
    "country": "SE",
    "method": CARD,
    "currency": "SEK",
    "token": "tok_visa",
}


def test_only_faults_that_exclude_each_other_make_no_pair() -> None:
    apart = [pair for pair in combinations(FAULTS, 2) if pair not in PAIRS]
    assert {(one.code, two.code) for one, two in apart} == EXCLUSIVE


async def test_the_earlier_check_wins(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer(WORLD)
    limit = asyncio.Semaphore(AT_ONCE)

    async def filled(case: tuple[Fault, ...], who: Buyer) -> int:
        async with limit:
            return await _filled(who, _wanted(case))

    async def answered(case: tuple[Fault, ...], who: Buyer, cart: int) -> int:
        call = who.call("Order.checkout", cart, "uid", {"token": _wanted(case)["token"]})
        async with limit:
            reply = (await who.client.send(call)).json
        return reply["error"]["code"] if "error" in reply else 0

    buyers = [await buyer.another() for _ in CASES]
    carts = await asyncio.gather(*map(filled, CASES, buyers))
    await _break(buyer)
    before = await read_state(buyer.shop.connection)
    codes = await asyncio.gather(*map(answered, CASES, buyers, carts))
    wrong = [
        ([fault.code for fault in case], code)
        for case, code in zip(CASES, codes, strict=True)
        if code != case[0].code
    ]
    assert not wrong
    assert not changed(before, await read_state(buyer.shop.connection))


def _wanted(case: tuple[Fault, ...]) -> dict[str, Any]:
    return {name: value for sets in (SOUND, *(fault.sets for fault in case)) for name, value in sets.items()}


async def _filled(buyer: Buyer, wanted: Mapping[str, Any]) -> int:
    """A cart as it is wanted; its currency is changed last, since codes would not fit it."""
    cart = await buyer.cart(CLOTH, quantity=wanted["quantity"])
    if "extra" in wanted:
        await buyer("Order.addArticle", cart, wanted["extra"])
    address = {**CUSTOMER["address"], "country": wanted["country"]}
    await buyer("Order.set", cart, {"customer": {**CUSTOMER, "address": address}})
    if wanted["delivery"]:
        await buyer("Order.set", cart, {"delivery": {"method": wanted["delivery"]}})
    if "foreign" in wanted:
        await buyer("Order.set", cart, {"currency": "EUR"})
        await buyer("Order.addDiscountCode", cart, wanted["foreign"])
        await buyer("Order.set", cart, {"currency": "SEK"})
    for code in ("discount", "certificate", "cancelled"):
        if code in wanted:
            await buyer("Order.addDiscountCode", cart, wanted[code])
    if wanted["method"]:
        await buyer.plan(cart, wanted["method"])
    if "placed" in wanted:
        await buyer("Order.checkout", cart)
    if wanted["currency"] != SOUND["currency"]:
        await buyer("Order.set", cart, {"currency": wanted["currency"]})
    return cart


async def _break(buyer: Buyer) -> None:
    await buyer.shop.change(BROKEN)
    await buyer.administer("Discountcode.set", 711, {"active": False})
    await buyer.administer("Giftcertificate.set", 811, {"cancelled": True})
