"""What of an order is cancelled before it was paid is not due any more, and never collected."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.checks import run_checks
from entrepot.domain.kernel.commands import refused
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.payments.capture import CapturePayment, PaymentSet
from entrepot.failures.payments import PaymentNotCapturable
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk_buying import BY_CARD, BY_CARD_LATER, BY_INVOICE, ask, placed_order
from tests.engine.test_payments import FUNDS, Office, funds, office, standing

__all__ = ["office"]
SHIRT = 34_900
SUMS = {"costs": ["due"], "payments": {"amount": True, "status": True}}


async def told(textalk: Client, shop: Any, order: int) -> tuple[float, list[float]]:
    """What is due of the order, and what its payments are said to be of."""
    auth = await shop.administrator()
    found = await ask(textalk, shop, "Order.get", order, SUMS, auth=auth)
    return float(found["costs"]["due"]), [float(p["amount"]) for p in found["payments"]]


async def cancel_one(office: Office, shop: Any, order: int) -> None:
    await office.engine.execute(await shop.id(), CancelOrder(order, (Units(1, 1),), "one is enough"))


@pytest.mark.parametrize("method", [BY_CARD_LATER, BY_INVOICE])
async def test_what_is_left_of_an_unpaid_order_is_shown_and_collected(
    textalk: Client, open_webshop: OpenWebshop, office: Office, method: int
) -> None:
    shop = await open_webshop()
    order, payment, amount = await placed_order(textalk, shop, method)
    await cancel_one(office, shop, order)
    left = (amount - SHIRT) / 100
    assert await told(textalk, shop, order) == (0 if method == BY_CARD_LATER else left, [left])
    done = await office.ask(shop, CapturePayment, order, payment)
    assert isinstance(done, PaymentSet)
    assert done.payment.amount == amount - SHIRT
    assert (await standing(shop))[:2] == ("paid", "paid")
    taken = amount - SHIRT if method == BY_CARD_LATER else 0
    assert await funds(shop) == (FUNDS - taken, 0)
    assert await told(textalk, shop, order) == (0, [left])
    assert not await run_checks(shop.connection, await shop.id())


async def test_what_is_cancelled_after_it_was_paid_stays_collected_until_it_is_refunded(
    textalk: Client, open_webshop: OpenWebshop, office: Office
) -> None:
    shop = await open_webshop()
    order, _, amount = await placed_order(textalk, shop, BY_CARD)
    await cancel_one(office, shop, order)
    assert await told(textalk, shop, order) == (0, [amount / 100])
    assert (await standing(shop))[:2] == ("paid", "paid")
    assert not await run_checks(shop.connection, await shop.id())


async def test_where_other_payments_cover_what_is_left_nothing_is_collected(
    textalk: Client, open_webshop: OpenWebshop, office: Office
) -> None:
    shop = await open_webshop()
    order, payment, _ = await placed_order(textalk, shop, BY_INVOICE)
    query = """
    insert into payments select workspace, "order", 2, id + 1000000, 'certificate', method, 'paid', 60000, currency, 0,
      null, null, null, params, external_data, null from payments where workspace = $1
    """
    await shop.connection.execute(query, await shop.id())
    await cancel_one(office, shop, order)
    assert (await told(textalk, shop, order))[0] == 0
    assert await office.ask(shop, CapturePayment, order, payment) == refused(PaymentNotCapturable("unpaid"))
