"""Administrators, sessions and contexts, each over a socket."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest
import websockets

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


async def test_a_socket_carries_calls_and_batches(api: Api) -> None:
    buyer = await api.buyer()
    url = f"{api.url.replace('http', 'ws', 1)}{PATH}/?webshop={SHOP}&session={buyer.context['session']}"
    async with websockets.connect(url, open_timeout=60, ping_interval=None) as socket:

        async def ask(message: object) -> object:
            await socket.send(msgspec.json.encode(message).decode())
            return msgspec.json.decode(await socket.recv())

        added = {"jsonrpc": "2.0", "id": "a", "method": "Order.addArticle", "params": [None, boutique.CLOTH]}
        cart = {"jsonrpc": "2.0", "id": 2, "method": "Session.getOrder", "params": ["items"]}
        replies = await ask([added, cart])
        assert isinstance(replies, list)
        assert replies[1]["result"] == {"items": [replies[0]["result"]["uid"]]}
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(f"{url}&auth=nobodys", open_timeout=60):
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
