"""Which failure wins: a request that violates any two checks is refused by the earlier one.

The order is a decision of ours (decision walmart order of checks).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.harness.world import REMOVED, Edits, edited
from tests.conformance.walmart import Seller, each, front

AT_ONCE = 8
NOBODY = "00000000-0000-4000-8000-000000000000"
CLOSED = "the storefront that is not active"
UNAUTHORIZED = "UNAUTHORIZED.GMP_GATEWAY_API"
MCS, WFS = "INVALID_MCS_REQUEST", "INVALID_WFS_REQUEST"
QUANTITY = "orderItems/0/qty/measurementValue"
NO_TOKEN = {"WM_SEC.ACCESS_TOKEN": "wm_nobody"}


@dataclass(frozen=True)
class Violation:
    """One check that fails: its code and field, and what it changes in headers, body or bytes."""

    code: str
    at: str | None = None
    body: Edits = field(default_factory=dict[str, Any])
    headers: Edits = field(default_factory=dict[str, Any])
    cut: bool = False
    without_mart: bool = False

    def excludes(self, other: Violation) -> bool:
        """Whether both want to change the same."""
        return bool(self.body.keys() & other.body.keys())


TOKEN = Violation(UNAUTHORIZED, "UNAUTHORIZED", headers=NO_TOKEN)
UNNAMED = {"customerOrderNo": REMOVED}

CREATE = (
    TOKEN,
    Violation(MCS, cut=True),
    Violation("INVALID_SELLER_ORDER_ID", "sellerOrderId", UNNAMED),
    Violation("SELLER_ORDER_ID_CUSTOMER_ORDER_NO_SAME", "sellerOrderId", {"sellerOrderId": "OTHER"}),
    Violation(MCS, "customer.contact.phone", {"customer/contact/phone": REMOVED}),
    Violation(MCS, "orderChannelId", {"orderChannelId": NOBODY}),
    Violation(MCS, "orderChannelId", {"orderChannelId": CLOSED}),
    Violation(MCS, "customerOrderNo", {"customerOrderNo": "TAKEN"}),
    Violation(MCS, "orderItems[0].itemDetail.sku", {"orderItems/0/itemDetail/sku": "nobody"}),
    Violation(MCS, "orderItems[1].qty.measurementValue", {"orderItems/1/qty/measurementValue": 99}),
)
CANCEL = (
    TOKEN,
    Violation(WFS, cut=True),
    Violation(WFS, "sellerOrderId", UNNAMED),
    Violation(WFS, "sellerOrderId", {"sellerOrderId": "OTHER"}),
    Violation(WFS, "orderItems[1].qty.unitOfMeasure", {"orderItems/1/qty/unitOfMeasure": "BOX"}),
    Violation(WFS, "customerOrderNo", {"customerOrderNo": "NOBODY"}),
    Violation(WFS, "orderItems[1].sellerLineId", {"orderItems/1/sellerLineId": "9"}),
    Violation(WFS, "orderItems[0].qty.measurementValue", {QUANTITY: 99}),
)
RETURN = (
    TOKEN,
    Violation(WFS, "martId", without_mart=True),
    Violation(WFS, cut=True),
    Violation("500.RETURN_ORDER_SERVICE.400", "itemDetail", {"orderItems/0/itemDetail": REMOVED}),
    Violation(WFS, "orderItems[1].qty.unitOfMeasure", {"orderItems/1/qty/unitOfMeasure": "BOX"}),
    Violation("500.OS_SERVICE.200", None, {"sellerOrderId": "NOBODY"}),
    Violation(WFS, "sellerReturnOrderId", {"sellerReturnOrderId": "TAKEN"}),
    Violation("400.WFS.100", "sku", {"orderItems/1/itemDetail/sku": "nobody"}),
    Violation("400", "itemDetail.sku", {"orderItems/2/itemDetail/sku": "rug"}),
    Violation("500.509", "sku", {QUANTITY: 99}),
)
"""Each in the order of its checks."""


async def test_the_earlier_check_of_creating_wins(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    lines = [seller.item("1", "lamp"), seller.item("2", "rug")]
    await seller.change({"storefronts/closed": front("mcs") | {"active": False}})
    await seller.ordered(walmart, {"customerOrderNo": "TAKEN"})
    request = seller.create({"customerOrderNo": "FREE", "orderItems": lines})
    closed = {"orderChannelId": seller.front_of("closed")}
    checks = [replace(one, body=closed) if CLOSED in one.body.values() else one for one in CREATE]
    # Without a number, and with two that differ or one that is taken; two storefronts: these cannot be at once.
    assert await prove(walmart, seller, request, checks, {(2, 3)}) == {(2, 3), (2, 7), (5, 6)}


async def test_the_earlier_check_of_cancelling_wins(open_seller: OpenSeller, walmart: Client) -> None:
    seller = await open_seller()
    await seller.ordered(walmart, {"orderItems": [seller.item("1", "lamp"), seller.item("2", "rug")]})
    request = seller.cancel({"orderItems": [{"sellerLineId": line, "qty": each(1)} for line in "12"]})
    # Without a number nothing can be said of one.
    assert await prove(walmart, seller, request, CANCEL, {(2, 3)}) == {(2, 3), (2, 5)}


async def test_the_earlier_check_of_returning_wins(open_seller: OpenSeller, walmart: Client) -> None:
    jar = {"id": 109, "name": "Jar", "prices": {"USD": "2.00"}, "stock": {"main": 5}}
    seller = await open_seller({"products/jar": jar})
    skus = ("lamp", "vase", "jar", "rug")
    lines = [seller.item(str(no), sku) for no, sku in enumerate(skus, 1)]
    number = await seller.ordered(walmart, {"orderItems": lines, "orderItems/0/qty": each(2)})
    arrived = [{"line": no, "quantity": quantity} for no, quantity in ((1, 2), (2, 1), (3, 1))]
    await seller.step(number, "deliver", {"lines": arrived})
    taken = await walmart.send(seller.send_back({"sellerReturnOrderId": "TAKEN"}))
    assert taken.status == 200
    items = [seller.returned(sku, 1) for sku in skus[:3]]
    assert await prove(walmart, seller, seller.send_back({"orderItems": items}), RETURN) == set()


async def prove(
    client: Client,
    seller: Seller,
    request: Request,
    violations: Sequence[Violation],
    impossible: frozenset[tuple[int, int]] | set[tuple[int, int]] = frozenset(),
) -> set[tuple[int, int]]:
    """Each violation alone and each pair is refused by the earlier one; the pairs that there cannot be."""
    numbered = list(enumerate(violations))
    pairs = [
        ((i, one), (j, two))
        for (i, one), (j, two) in combinations(numbered, 2)
        if not one.excludes(two) and (i, j) not in impossible
    ]
    cases = [(one,) for one in violations] + [(one, two) for (_, one), (_, two) in pairs]
    before = await read_state(seller.connection)
    limit = asyncio.Semaphore(AT_ONCE)

    async def answered(case: tuple[Violation, ...]) -> tuple[str, str | None]:
        async with limit:
            return first(await client.send(violating(request, case)))

    found = await asyncio.gather(*map(answered, cases))
    wrong = [
        (case, told) for case, told in zip(cases, found, strict=True) if told != (case[0].code, case[0].at)
    ]
    assert not wrong, wrong
    assert not changed(before, await read_state(seller.connection))
    assert (await client.send(request)).status == 200
    done = {(i, j) for (i, _), (j, _) in pairs}
    return {(i, j) for (i, _), (j, _) in combinations(numbered, 2)} - done


def violating(request: Request, case: Sequence[Violation]) -> Request:
    """The request with these violations."""
    body = request.body
    for violation in case:
        body = {**body, "payload": edited(body["payload"], violation.body)}
        if violation.without_mart:
            body = {"payload": body["payload"]}
        request = replace(request, headers={**request.headers, **violation.headers})
    request = replace(request, body=body)
    if any(violation.cut for violation in case):
        # The header comes first, so a mart that is there can still not be read: it stands in the query instead.
        marked = any(violation.without_mart for violation in case)
        path = request.path if marked else f"{request.path}?martId=202"
        return replace(request, path=path, body=request.content[:-1], headers={**request.headers, **JSON})
    return request


JSON = {"Content-Type": "application/json"}


def first(reply: Reply) -> tuple[str, str | None]:
    """Code and field of the first error."""
    body = reply.json
    if "errors" not in body and "error" not in body:
        return "accepted", None
    error = (body.get("errors") or body["error"])[0]
    return error["code"], error["field"]
