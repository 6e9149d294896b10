"""Which failure wins: a V1 submit that violates any two checks is refused by the earlier one.

Each violation says what it changes in the product, the account and the request; a pair is both at once, in a product
and an account of its own. Violations that exclude each other (one product cannot be free and dear) make no pair.
"""

import asyncio
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

from tests.conformance.bonsai import Shop, account
from tests.conformance.harness import Client, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.world import REMOVED, Edits, edited

AT_ONCE = 8
EXTERNAL, CARD = "external payment", "credit card"
USED = "used-token"
TAKEN = "taken-order"
FIRST_ID = 1001
NOWHERE = "http://127.0.0.1:9"
NOBODY = {"url": NOWHERE, "api_key": "partner-key", "allow_private": True}
AVATAX_NOWHERE = {"provider": "avatax", "account": "2000", "license_key": "key", "base_url": NOWHERE}
BANK = {
    "bank/accounts/ann/CAD": "100000.00",
    "bank/accounts/poor/CAD": "1.00",
    "bank/cards/tok_ann/account": "ann",
    "bank/cards/tok_poor/account": "poor",
}


@dataclass(frozen=True)
class Violation:
    """One check that fails. `used`: an order of the account is needed that took the id or token before.

    `card` says that it takes a payment by card, or (False) by the account itself; most go with either.
    """

    code: str
    body: Edits = field(default_factory=dict[str, Any])
    product: Edits = field(default_factory=dict[str, Any])
    settings: Edits = field(default_factory=dict[str, Any])
    headers: Edits = field(default_factory=dict[str, Any])
    used: bool = False
    card: bool | None = None

    def excludes(self, other: "Violation") -> bool:
        """Whether both want to set the same thing, or to be paid in different ways."""
        apart = None not in (self.card, other.card) and self.card != other.card
        return apart or any(
            _overlap(mine, others)
            for mine, others in (
                (self.body, other.body),
                (self.product, other.product),
                (self.settings, other.settings),
            )
        )


def _overlap(one: Edits, two: Edits) -> bool:
    return any(f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/") for a in one for b in two)


VIOLATIONS = (
    Violation("AUTHENTICATION_FAILED", headers={"API-Key": "nobody"}),
    Violation("INVALID_INPUT", body={"customer/email": REMOVED}),
    Violation("MISSING_SHIPPING", body={"shipping_address": REMOVED}),
    Violation("REQUEST_SOURCE_UNRECOGNIZED", settings={"source": "carrier-pigeon"}),
    Violation("DUPLICATE_EXTERNAL_ORDER", body={"external_order_id": TAKEN}, used=True),
    Violation("PAYMENT_METHOD_NOT_SUPPORTED", settings={"payment_methods": ["stripe"]}),
    Violation("PAYMENT_AMOUNTS_NOT_PROVIDED", body={"payment/amounts": REMOVED}, card=False),
    Violation(
        "ACCOUNT_DOES_NOT_SUPPORT_EXTERNAL_PAYMENT", settings={"external_payment": REMOVED}, card=False
    ),
    Violation(
        "EXTERNAL_PAYMENT_NOT_IMPLEMENTED_YET", settings={"external_payment/type": "webhook"}, card=False
    ),
    Violation("PRODUCT_DOES_NOT_EXIST", body={"products/0/public_id": "c00000000000000000000aaaa"}),
    Violation("VARIANT_DOES_NOT_EXIST", body={"products/0/variant_id": "999999"}),
    Violation("MERCHANT_NOT_FOUND", product={"merchant": "5f0c0ffee0c0ffee0c0ffee0"}),
    Violation("PRODUCT_UNAVAILABLE", product={"available": False}),
    Violation("PRODUCTS_PRICE_INVALID", product={"prices/CAD": "0.00"}),
    Violation("PRODUCTS_PRICE_CHANGE", body={"products/0/price": 19}),
    Violation("PAYMENT_METHOD_NOT_SUPPORTED", product={"excluded_methods": [EXTERNAL, CARD]}),
    Violation("PROVINCE_NOT_FOUND", body={"shipping_address/province": "TX"}),
    Violation("INTERNATIONAL_SHIPPING_ERROR", product={"merchant": "hermit"}),
    Violation("OUT_OF_STOCK", product={"stock/main": 0}),
    Violation("INSUFFICIENT_INVENTORY", product={"stock/main": 1}, body={"products/0/quantity": 2}),
    Violation("TAX_ERROR", settings={"taxes": {"company": "NOBODY"}}),
    Violation("TAXES_OR_DUTIES_ERROR", settings={"taxes": AVATAX_NOWHERE}),
    Violation(
        "EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED", body={"payment/token": USED}, used=True, card=False
    ),
    Violation("EXTERNAL_PAYMENT_UNKNOWN_ERROR", settings={"external_payment/api": NOBODY}, card=False),
    Violation("PAYMENT_REQUIRED", body={"payment/token": "tok_poor"}, card=True),
    Violation("STRIPE_ERROR", body={"payment/token": "tok_nobody"}, card=True),
    Violation("MERCHANT_PAYMENT_MISSING", product={"merchant": "unpaid"}, card=True),
)
"""In the order of the checks (decision bonsai order of checks on submit)."""
CARD_ONLY = [each.code for each in VIOLATIONS if each.card is True]
EXTERNAL_ONLY = [each.code for each in VIOLATIONS if each.card is False]
EXCLUSIVE = {
    ("ACCOUNT_DOES_NOT_SUPPORT_EXTERNAL_PAYMENT", "EXTERNAL_PAYMENT_NOT_IMPLEMENTED_YET"),
    ("ACCOUNT_DOES_NOT_SUPPORT_EXTERNAL_PAYMENT", "EXTERNAL_PAYMENT_UNKNOWN_ERROR"),
    ("INTERNATIONAL_SHIPPING_ERROR", "MERCHANT_PAYMENT_MISSING"),
    ("MERCHANT_NOT_FOUND", "INTERNATIONAL_SHIPPING_ERROR"),
    ("MERCHANT_NOT_FOUND", "MERCHANT_PAYMENT_MISSING"),
    ("MISSING_SHIPPING", "PROVINCE_NOT_FOUND"),
    ("OUT_OF_STOCK", "INSUFFICIENT_INVENTORY"),
    ("PAYMENT_REQUIRED", "STRIPE_ERROR"),
    ("TAX_ERROR", "TAXES_OR_DUTIES_ERROR"),
    *product(EXTERNAL_ONLY, CARD_ONLY),
}
"""What cannot be wrong at once."""


@dataclass(frozen=True)
class Case:
    """Two violations at once, or one alone; `name` is that of its product and account."""

    name: str
    violations: tuple[Violation, ...]

    @property
    def card(self) -> bool:
        """Whether the order is paid by card."""
        return any(each.card for each in self.violations)

    def merged(self, part: str) -> dict[str, Any]:
        """What the violations change in this part."""
        return {place: value for each in self.violations for place, value in getattr(each, part).items()}


PAIRS = [pair for pair in combinations(VIOLATIONS, 2) if not pair[0].excludes(pair[1])]
CASES = [
    Case(f"case-{number}", violations)
    for number, violations in enumerate([*((one,) for one in VIOLATIONS), *PAIRS])
]


def test_only_checks_that_exclude_each_other_make_no_pair() -> None:
    apart = [pair for pair in combinations(VIOLATIONS, 2) if pair not in PAIRS]
    assert {(one.code, two.code) for one, two in apart} == EXCLUSIVE


async def test_the_earlier_check_wins(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"products/lamp/stock/main": len(CASES), **BANK})
    await shop.change(_products() | _accounts(shop))
    await _take_ids_and_tokens(bonsai, shop)
    await shop.change(_broken_settings())
    before = await read_state(shop.connection)
    limit = asyncio.Semaphore(AT_ONCE)

    async def code_of(case: Case) -> str:
        async with limit:
            reply = await bonsai.send(_request(shop, case))
        return reply.json["errors"][0]["code"] if "errors" in reply.json else "accepted"

    codes = await asyncio.gather(*map(code_of, CASES))
    wrong = [
        ([each.code for each in case.violations], code)
        for case, code in zip(CASES, codes, strict=True)
        if code != case.violations[0].code
    ]
    assert not wrong
    assert not changed(before, await read_state(shop.connection))


def _products() -> dict[str, Any]:
    """A product for each case, a merchant who ships nowhere, and one whom no money can reach."""
    sold = {"merchant": "maple", "prices": {"CAD": "20.00"}, "stock": {"main": 5}}
    products = {
        f"products/{case.name}": edited(sold | {"id": number, "name": case.name}, case.merged("product"))
        for number, case in enumerate(CASES, FIRST_ID)
    }
    at = {"province": "ON", "zip": "M5J 2N1"}
    hermit = {"name": "Hermit", "country": "CA", "address": at}
    unpaid = {
        "name": "Unpaid",
        "country": "CA",
        "address": at,
        "integration": "shopify",
        "shipping": {"CA": {"CAD": "5.00"}},
    }
    return {"merchants/hermit": hermit, "merchants/unpaid": unpaid, **products}


def _accounts(shop: Shop) -> dict[str, Any]:
    """An account for each case, still without fault."""
    return {f"channels/{case.name}": account(shop.name, case.name) for case in CASES}


def _broken_settings() -> dict[str, Any]:
    return {
        f"channels/{case.name}/settings/{place}": value
        for case in CASES
        for place, value in case.merged("settings").items()
    }


async def _take_ids_and_tokens(client: Client, shop: Shop) -> None:
    """Place the orders that some cases need to have been placed before."""
    used = {"external_order_id": TAKEN, "payment/token": USED}
    for case in CASES:
        if any(each.used for each in case.violations):
            reply = await client.send(shop.submit(used, account=case.name))
            assert reply.status == 200, reply.body


def _request(shop: Shop, case: Case) -> Request:
    line = shop.line(case.name, FIRST_ID + CASES.index(case))
    by_card = {"payment": {"method": CARD, "token": "tok_ann", "currency": "CAD"}}
    payment = by_card if case.card else {"payment/token": "fresh"}
    request = shop.submit({"products": [line], **payment}, account=case.name)
    body = edited(request.body, case.merged("body"))
    return replace(request, body=body, headers={**request.headers, **case.merged("headers")})
