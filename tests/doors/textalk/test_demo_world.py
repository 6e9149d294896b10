"""The demo world's webshops: applied once and again, and bought in as its page says."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from entrepot.doors.kit import services_of
from entrepot.doors.kit.admission.passwords import Passwords
from entrepot.doors.textalk.app import Textalk
from entrepot.engine import Clock
from entrepot.engine.worker import Wiring, Worker
from entrepot.registry import event_body
from entrepot.store.connections import connect
from entrepot.worlds import apply_world
from entrepot.worlds.form.file import demo_world
from tests.doors.kit.serving import Seen, serve
from tests.doors.textalk.served import HASHER, SHOP, STRICT, Api

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_the_demo_shops(database_url: str) -> None:
    connection = await connect(database_url)
    report = await apply_world(connection, demo_world(), now=NOW)
    assert not [each for each in report.workspaces if each.conflicts]
    again = await apply_world(connection, demo_world(), now=NOW)
    assert not [each.changes for each in again.workspaces if each.changes]
    clock, passwords = Clock(), Passwords(HASHER)
    worker = Worker(database_url, clock, Wiring(body_of=event_body))
    services = services_of(worker, Seen())
    await worker.start()
    try:
        async with (
            serve(Textalk(services, passwords=passwords).app()) as address,
            httpx.AsyncClient(base_url=address.url, verify=False, timeout=60) as client,
        ):
            await _shopping(Api(address.url, client, services, connection, passwords, clock))
    finally:
        await worker.stop()
        await connection.close()


async def _shopping(api: Api) -> None:
    assert await api("Webshop.get", SHOP, "activeCurrencies") == {"activeCurrencies": ["SEK", "EUR", "JPY"]}
    assert await api("Article.count") == 4
    assert await api("Article.search", "linne")
    assert (await api("Articlegroup.tree"))[0]["children"][0]["uid"] == 402
    token = await api("Admin.login", "demo-admin", "demo admin password")
    assert await api.as_(auth=token)("Article.count") == 5
    assert await api.as_(webshop=STRICT, auth="strict-admin-token").code("Article.count") == 1007
    buyer = await api.buyer()
    assert await buyer("Customer.login", "eva@example.com", "linen and cotton") == {"uid": 911}
    item = await buyer("Order.addArticle", None, 101, {"301": "312"}, {"order": "uid", "costs": True})
    assert item["costs"]["total"]["incVat"] == 369
    cart = item["order"]["uid"]
    assert (await buyer("Order.addDiscountCode", cart, "TENTH", "discountCodes")) == {
        "discountCodes": ["TENTH"]
    }
    assert await buyer.code("Order.addDiscountCode", cart, "1000000000003") == 2050
    await buyer("Order.addDiscountCode", cart, "1000000000001")
    customer = {"address": {"country": "SE"}, "info": {"email": "eva@example.com"}}
    await buyer("Order.set", cart, {"customer": customer, "delivery": {"method": 501}})
    placed = await buyer("Order.checkout", cart, ["paymentStatus", "totalcost"])
    assert placed["paymentStatus"] == "paid"
    other = await api.buyer()
    assert await other.code("Order.addArticle", None, 101, {"301": "312"}) == 2001
    cart = (await other("Order.addArticle", None, 103, {"302": 2.5}, {"order": "uid"}))["order"]["uid"]
    await other("Order.set", cart, {"customer": customer, "delivery": {"method": 501}})
    await other("Payment.set", None, {"order": cart, "method": 602})
    assert await other.code("Order.checkout", cart, True, {"token": "tok_nobodys"}) == 2010
    paid = await other(
        "Order.checkout", cart, {"paymentStatus": True, "payments": "uid"}, {"token": "tok_visa"}
    )
    assert paid["paymentStatus"] == "paid"
    back = await api.as_(auth=token)("Payment.refund", paid["payments"][0]["uid"], 10, "refunded")
    assert back == {"refunded": 10}
