"""Administrators, sessions, contexts, addresses, files and events, each over a socket."""

from __future__ import annotations

import asyncio
import base64
import re
from datetime import timedelta

import msgspec
import pytest
import websockets

from entrepot.gateways.addresses.port import AddressQuery, FoundAddress
from entrepot.gateways.addresses.simulated import register_residents
from tests.doors.textalk.served import (
    ADMIN_NAME,
    ADMIN_PASSWORD,
    ADMIN_TOKEN,
    CLOSED,
    PATH,
    SHOP,
    STRICT,
    Api,
)
from tests.support import boutique
from tests.support.raw_server import http_reply, raw_server
from tests.support.shop import WORKSPACE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_contexts(api: Api) -> None:
    assert await api.as_(webshop=None)("Webshop.get", SHOP, "uid") == {"uid": SHOP}
    assert await api.as_(webshop=None).code("Article.count") == 1001
    assert await api.as_(webshop=CLOSED).code("Article.count") == 1002
    assert await api.as_(language="de").code("Article.count") == 1003
    assert await api.as_(auth="nobodys").code("Article.count") == 1004
    assert await api.as_(session="f" * 32).code("Article.count") == 1005
    assert await api.code("Order.discard", 1) == 9003
    assert await api.as_(webshop=STRICT, auth=None).code("Customer.requestPasswordReset", "a@b.se") == 1007
    assert await api.as_(webshop=None)("Context.get", True) == {
        "webshop": None, "language": "en", "auth": False, "session": None, "vat_country": None,
    }  # fmt: skip
    assert (await api("Context.get", "webshop")) == {"webshop": SHOP}
    bad = await api.refused("Context.set", {"webshop": "Bad shop"}, True)
    assert (bad["code"], bad["data"][0]["pointer"]) == (-32602, "/0/webshop")


async def test_an_administrators_token_is_good_for_a_day(api: Api) -> None:
    token = await api.as_(webshop=None)("Admin.login", ADMIN_NAME, ADMIN_PASSWORD)
    admin = api.as_(auth=token)
    assert await admin("Discountcode.count") == 0
    assert await admin.as_(webshop=STRICT).code("Discountcode.count") == 1004
    api.clock.offset += timedelta(hours=24)
    try:
        assert await admin.code("Discountcode.count") == 1004
    finally:
        api.clock.offset -= timedelta(hours=24)
    assert await api.code("Admin.login", ADMIN_NAME, "wrong password") == 3001
    assert await api.code("Admin.login", "nobody", ADMIN_PASSWORD) == 3001


async def test_sessions(api: Api) -> None:
    buyer = await api.buyer()
    token = buyer.context["session"]
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert await buyer("Session.getToken") == token
    assert await buyer("Session.get", "showPricesIncludingVat") == {"showPricesIncludingVat": True}
    assert await buyer("Session.set", {"currency": "EUR"}, ["currency"]) == {"currency": "EUR"}
    assert await buyer.code("Session.set", {"currency": "GBP"}) == 9001
    assert await api.code("Session.get") == 1008
    item = await buyer("Order.addArticle", None, boutique.CLOTH, {"quantity": 0.5}, True)
    assert item["costs"]["total"]["currency"] == "EUR"
    assert item["choices"] == {"quantity": 0.5}
    assert await buyer.code("Session.setCustomer", 1) == 1006
    assert await buyer("Session.delete") is None
    assert await buyer.code("Session.get") == 1005


async def test_an_address_from_the_register(api: Api) -> None:
    home = FoundAddress("Storgatan 1", "111 22", "Stockholm", "SE", "Ada", "Ek")
    await register_residents(api.connection, WORKSPACE, {AddressQuery("SE", "19121212-1212"): home})
    buyer = await api.buyer()
    cart = (await buyer("Order.set", None, {}, {"uid": True}))["uid"]
    asked = {"identity": "191212121212", "country": "SE"}
    assert await buyer.code("Order.lookupAddress", cart, asked) == 2040
    await buyer("Payment.set", None, {"order": cart, "method": boutique.INVOICE})
    assert await buyer.code("Order.lookupAddress", cart, asked) == 2040
    await api.admin("PaymentMethod.set", boutique.INVOICE, {"params": {"addressLookup": True}})
    found = await buyer(
        "Order.lookupAddress", cart, asked, {"customer": {"address": ["lastName", "postcode"]}}
    )
    assert found == {"customer": {"address": {"lastName": "Ek", "postcode": "111 22"}}}
    assert await buyer.code("Order.lookupAddress", cart, {"identity": "1"}) == 9001
    assert await api.code("Order.lookupAddress", cart, asked) == 9003


async def test_a_file_with_an_article(api: Api) -> None:
    buyer = await api.buyer()

    def picture(content: bytes) -> dict[str, object]:
        file = {"name": "a.png", "type": "image/png", "data": base64.b64encode(content).decode()}
        return {str(boutique.LENGTH): 1.5, str(boutique.PICTURE): file}

    assert await buyer.code("Order.addArticle", None, boutique.BANNER, picture(b"x" * 101)) == 2070
    assert await buyer.code("Order.addArticle", None, boutique.BANNER, picture(b"")) == 2070
    made = await buyer("Order.addArticle", None, boutique.BANNER, picture(b"\x89PNG"), True)
    kept = int(made["choices"][str(boutique.PICTURE)])
    content = await api.connection.fetchval(
        "select content from file_contents where workspace = $1 and id = $2", WORKSPACE, kept
    )
    assert content == b"\x89PNG"
    changed = await buyer("OrderItem.set", made["uid"], {"choices": {"quantity": 3}}, ["choices", "costs"])
    assert changed["choices"]["quantity"] == 3
    assert changed["choices"][str(boutique.LENGTH)] == 1.5
    assert await buyer("OrderItem.delete", made["uid"]) is None
    assert await buyer.code("OrderItem.get", made["uid"]) == 9003


async def test_a_listener_is_told_and_can_check_who_tells_it(api: Api) -> None:
    async with raw_server(http_reply({})) as server:
        made = await api.admin(
            "EventListener.create",
            {"eventName": "Order/placed", "url": f"{server.url}/hook"},
            ["uid", "secret"],
        )
        buyer = await api.buyer()
        cart = (await buyer("Order.addArticle", None, boutique.CLOTH, {}, {"order": "uid"}))["order"]["uid"]
        await buyer("Order.set", cart, {"customer": {"address": {"country": "SE"}}})
        await buyer("Order.set", cart, {"delivery": {"method": boutique.POST}})
        await buyer("Payment.set", None, {"order": cart, "method": boutique.INVOICE})
        await buyer("Order.checkout", cart)
        async with asyncio.timeout(20):
            while not server.requests:  # noqa: ASYNC110  (another process posts)
                await asyncio.sleep(0.05)
        assert server.requests[0].json == {"event": "Order/placed", "webshop": SHOP, "uid": cart}
        assert "entrepot-signature" in server.requests[0].headers
        assert len(made["secret"]) == 64
        await api.admin("EventListener.delete", made["uid"])


async def test_a_socket_carries_calls_and_batches(api: Api) -> None:
    buyer = await api.buyer()
    url = f"{api.url.replace('http', 'ws', 1)}{PATH}/?webshop={SHOP}&session={buyer.context['session']}"
    async with websockets.connect(url) as socket:

        async def ask(message: object) -> object:
            await socket.send(msgspec.json.encode(message).decode())
            return msgspec.json.decode(await socket.recv())

        added = {"jsonrpc": "2.0", "id": "a", "method": "Order.addArticle", "params": [None, boutique.CLOTH]}
        cart = {"jsonrpc": "2.0", "id": 2, "method": "Session.getOrder", "params": ["items"]}
        replies = await ask([added, cart])
        assert isinstance(replies, list)
        assert replies[1]["result"] == {"items": [replies[0]["result"]["uid"]]}
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(f"{url}&auth=nobodys"):
            pass
    assert refused.value.response.status_code == 401


async def test_the_description_names_every_method(api: Api) -> None:
    document = (await api.client.get("/openrpc.json")).json()
    names = [method["name"] for method in document["methods"]]
    assert names == sorted(set(names))
    assert {"Order.checkout", "Customer.login", "Article.list", "Url.get"} <= set(names)
    unknown = {"jsonrpc": "2.0", "id": 1, "method": "Theme.list"}
    assert (await api.post(unknown)).json()["error"]["code"] == -32601
    assert ADMIN_TOKEN not in str(document)
