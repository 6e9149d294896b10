"""No statement of any door reads more rows because a workspace has more orders, carts and customers.

Every operation runs in a small and in a large workspace; what its statements read is counted by PostgreSQL itself.
"""

from __future__ import annotations

import base64
from itertools import count
from typing import Any

import pytest

from entrepot.store import connections
from entrepot.store.connections import Connection
from tests.conformance.bonsai import PREFIX, open_shop
from tests.conformance.datamingle import account, open_partners
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.rebound import open_retailer
from tests.doors.every import every_door
from tests.support import belongings, counting
from tests.support.belongings import arguments, furnish
from tests.support.cluster import not_on_citus
from tests.support.counting import Sent
from tests.support.crowd import crowd
from tests.support.webshop import Webshop

pytestmark = not_on_citus("what shards read is told by their nodes")

FEW, MANY = 20, 20_000
MARGIN = 500
"""So many more rows may be read, besides ten for each row that is answered."""

Ran = dict[str, list[Sent]]
LATE = ("checkout", "discard", "cancel", "capture", "refund", "setCustomer", "logout", "delete")
"""Operations after which others would find less, in the order in which they run, after all the others."""
CART = {"Order": "Cart", "OrderItem": "CartItem", "Payment": "CartPayment"}

# Counting is looking at every row that counts: there is no answer without it.
WHOLE = ("select count(*) as count_1",)


class Runner:
    """Sends requests one after the other and keeps what each of them made the database read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.ran: Ran = {}

    async def send(self, name: str, request: Request) -> Reply:
        counting.sent.clear()
        reply = await self._client.send(request)
        self.ran.setdefault(name, []).extend(counting.sent)
        return reply


async def buy(client: Client, connection: Connection, name: str, times: int) -> Ran:
    """What all routes of the Bonsai door read, in a workspace with so many orders and carts."""
    shop = await open_shop(connection, name)
    await shop.change({"channels/shop/keys/private": f"{name}-private"})
    run, key, numbers = Runner(client), {"API-Key": shop.key()}, count(1)

    def order() -> dict[str, Any]:
        return {"external_order_id": f"E{next(numbers)}", "payment/token": f"paid-{next(numbers)}"}

    def pending() -> Request:
        body = shop.submit().body
        address, item = (
            body["shipping_address"],
            {"id": shop.public_id("lamp"), "variantId": "101", "quantity": 1},
        )
        sent_to = {
            {"first_name": "firstName", "last_name": "lastName"}.get(k, k): v for k, v in address.items()
        }
        whole = {
            "customer": {"email": "ann@example.com"},
            "products": [item],
            "shippingAddress": sent_to,
            "payment": {"method": "external payment"},
            "externalOrderId": f"E{next(numbers)}",
        }
        return Request("POST", f"{PREFIX}/orders/v2/submit", whole, key)

    item = pending().body["products"][0]
    new_cart = Request("POST", f"{PREFIX}/carts/v1/submit", {"products": [item]}, key)
    for request in (shop.submit(order()), pending(), new_cart):
        assert (await client.send(request)).status == 200
    await crowd(connection, await shop.id(), times)
    await connection.execute("analyze")
    wanted = {
        "products": shop.submit().body["products"],
        "shipping_address": shop.submit().body["shipping_address"],
    }
    await run.send("checkout", Request("POST", f"{PREFIX}/orders/checkout", wanted, key))
    products = f"{PREFIX}/products/?ids={shop.public_id('lamp')}&shortLinks=x&currency=CAD"
    await run.send("products", Request("GET", products, b"", key))
    mine = order()
    placed = (await run.send("V1 submit", shop.submit(mine))).json["data"]["public_id"]
    waiting = (await run.send("v2 submit", pending())).json["data"]["id"]
    pay = {**shop.submit().body["payment"], "token": "paid-later"}
    paid = await run.send("v2 payment", Request("POST", f"{PREFIX}/orders/v2/{waiting}/payment", pay, key))
    assert paid.status == 200, paid
    private = {"Authorization": "Basic " + base64.b64encode(f"{name}-private".encode()).decode()}
    own = f"external-order-id/{mine['external_order_id']}"
    for path in (placed, f"{placed}/refunds", own, f"{own}/refunds"):
        found = await run.send(
            path.replace(placed, "id"), Request("GET", f"{PREFIX}/orders/v2/{path}", b"", private)
        )
        assert found.status == 200, (path, found)
    cart = (await run.send("cart", new_cart)).json["data"]["id"]
    path = f"{PREFIX}/carts/v1/{cart}"
    await run.send("cart read", Request("GET", path, b"", key))
    await run.send("cart add", Request("PATCH", f"{path}/add-product", item, key))
    await run.send("cart remove", Request("PATCH", f"{path}/remove-product", item, key))
    await run.send("cart set", Request("PATCH", f"{path}/set", {"products": []}, key))
    await run.send("cart delete", Request("DELETE", path, b"", key))
    return run.ran


async def keep_shop(client: Client, connection: Connection, name: str, times: int) -> Ran:
    """What all methods of the Textalk door read, in a workspace with so many orders, carts and customers."""
    shop = Webshop(connection, name)
    await shop.open()
    uids, session = await furnish(client, shop)
    who = {"auth": await shop.administrator("shop"), "session": session}
    await crowd(connection, await shop.id(), times)
    await connection.execute("analyze")
    run = Runner(client)
    for method, params in await calls(client, uids):
        for role, token in who.items():
            reply = await run.send(f"{method} by {role}", shop.call(method, *params, **{role: token}))
            assert reply.json.get("error", {}).get("code") not in (-32000, -32603), (method, reply)
    return run.ran


async def calls(client: Client, uids: belongings.Uids) -> list[belongings.Call]:
    """Every method at least once, with lists cut short and properties asked for."""
    described = (await client.send(Request("GET", "/textalk/openrpc.json"))).json["methods"]
    names = sorted((each["name"] for each in described), key=lambda name: (place(name), name))
    found: list[belongings.Call] = [
        ("Order.list", ["uid", {"limit": 5, "descending": True}]),
        ("Order.list", ["uid", {"limit": 5, "sort": "ordered"}]),
        ("Order.list", ["uid", {"limit": 5, "sort": "ordered", "descending": True}]),
        ("Order.list", ["uid", {"limit": 5, "filters": {"/uid": uids["Order"]}}]),
        ("Customer.list", ["uid", {"limit": 5, "filters": {"/uid": uids["Customer"]}}]),
    ]
    for name in names:
        kind, _, operation = str(name).partition(".")
        subject = uids.get(CART.get(kind, kind) if operation in ("checkout", "set") else kind)
        params = arguments(name, subject, uids)
        if operation == "get" and params:
            params = [params[0], True]
        if operation == "list":
            params = [True, {"limit": 5}]
        if operation == "checkout":
            params = [subject, {"uid": True, "paymentStatus": True, "totalcost": True}]
        found.append((name, params))
    return found


def place(name: str) -> int:
    """How late a method has its turn; whoever calls stays logged in until the end."""
    operation = name.partition(".")[2]
    if name.startswith("Session."):
        return 99 if operation in ("delete", "setCustomer") else 0
    return LATE.index(operation) + 1 if operation in LATE else 0


async def trade(client: Client, connection: Connection, name: str, times: int) -> Ran:
    """What all routes of the DataMingle door read, for a partner and for who sees the workspace."""
    partners = await open_partners(connection, name)
    direct = account(partners, "direct", sees="workspace")
    direct["settings"]["door"] = {"pass_through": True}
    lines = [{"source": "SKU", "target": "sku_code"}, {"source": "Qty", "target": "quantity"}]
    mapping = {"nested_mappings": [{"source": "Rows", "target": "items", "field_map": lines}]}
    await partners.change({"channels/direct": direct, "channels/plain/mappings/orders": mapping})
    run, numbers = Runner(client), count(1)

    def order() -> dict[str, Any]:
        number = f"N{next(numbers)}"
        rows = [{"SKU": "RUG-5X7-BLU", "Qty": 1}]
        return {"order_number": number, "external_order_id": f"E-{number}", "Rows": rows}

    for _ in range(2):
        made = await client.send(partners.send("POST", "/orders/", order()))
        assert made.status == 201, made
    await crowd(connection, await partners.id(), times)
    await connection.execute("analyze")
    levels = [{"location_code": "a-100", "sku_code": "RUG-5X7-BLU", "quantity": 5}]
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/orders/", order()),
        ("GET", "/orders/?limit=5", b""),
        ("GET", "/orders/N1/", b""),
        ("PUT", "/orders/N1/", {"external_order_id": "Z", "notes": "n"}),
        ("DELETE", "/orders/N1/", {"reason": "r"}),
        ("POST", "/inventory/", {"inventory": levels}),
        ("GET", "/inventory/?limit=5", b""),
        ("GET", "/inventory/a-100/", b""),
        ("GET", "/inventory/RUG-5X7-BLU/?by=sku", b""),
        ("POST", "/locations/", {"code": "NEW"}),
        ("GET", "/locations/?limit=5", b""),
        ("GET", "/locations/NEW/", b""),
        ("PUT", "/locations/NEW/", {"zone": "Z"}),
        ("DELETE", "/locations/NEW/", b""),
        ("POST", "/products/", {"sku": "NEW", "quantity": 1}),
        ("GET", "/products/?limit=5", b""),
        ("GET", "/products/NEW/", b""),
        ("PUT", "/products/NEW/", {"quantity": 2, "is_active": True}),
        ("DELETE", "/products/NEW/", b""),
    ]
    for method, path, body in calls:
        reply = await run.send(f"{method} {path}", partners.send(method, path, body))
        assert reply.status in (200, 201), (method, path, reply)
    key = partners.key("direct")
    for path in ("/orders/?limit=5", "/orders/N2/", "/orders/E-N2/"):
        reply = await run.send(f"all of {path}", partners.send("GET", path, key=key))
        assert reply.status == 200, (path, reply)
    page = (await client.send(partners.send("GET", "/orders/?limit=5"))).json["pagination"]
    deep = f"/orders/?limit=5&cursor={page['next_cursor']}" if page["next_cursor"] else "/orders/?limit=5"
    await run.send("the next page", partners.send("GET", deep))
    return run.ran


async def send_back(client: Client, connection: Connection, name: str, times: int) -> Ran:
    """What all routes of the ReBound door read, for a client and for who sees the workspace."""
    retailer = await open_retailer(connection, client, name)
    run, order = Runner(client), await retailer.created()
    await crowd(connection, await retailer.id(), times)
    await connection.execute("analyze")
    token = retailer.token_request()
    assert (await run.send("token", token)).status == 200
    created = await run.send("create", await retailer.create({"clientOrderId": "next"}))
    assert created.status == 201, created
    await run.send("create in another's flow", await retailer.create(query="?flowKey=theirs"))
    for who in ("shop", "boss"):
        for request in (
            await retailer.get(order["salesOrderId"], who),
            await retailer.list("?clientOrderId=AB12345US&flowKey=", who),
            await retailer.returns("?clientOrderId=AB12345US", who),
        ):
            reply = await run.send(f"{request.path.partition('?')[0][:22]} by {who}", request)
            assert reply.status == 200, (request, reply)
    return run.ran


def grown(small: Ran, large: Ran) -> list[str]:
    """The statements that read more in the large workspace without answering more."""
    found: list[str] = []
    for name, statements in large.items():
        before = {each.text: each for each in small.get(name, ())}
        for each in statements:
            known = before.get(each.text)
            allowed = MARGIN + 10 * each.answered + (0 if known is None else known.read)
            if each.read > allowed and not each.text.lower().startswith(WHOLE):
                found.append(f"{name}: {each.read} rows ({allowed} allowed) by {' '.join(each.text.split())}")
    return sorted(set(found))


@pytest.mark.parametrize("door", [buy, keep_shop, trade, send_back])
async def test_what_a_statement_reads_does_not_grow_with_the_workspace(
    module_database_url: str, monkeypatch: pytest.MonkeyPatch, door: Any
) -> None:
    async with every_door(module_database_url, monkeypatch, counting.recording) as (connection, client, _):
        small = await door(client, connection, f"{door.__name__.replace('_', '-')}-small", FEW)
        large = await door(client, connection, f"{door.__name__.replace('_', '-')}-large", MANY)
    assert small.keys() == large.keys()
    assert sum(map(len, large.values())) >= len(large)
    assert not (faults := grown(small, large)), "\n".join(faults)


async def test_a_statement_that_reads_the_workspace_is_found(
    module_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ruler measures: without its index a look-up reads every order, also inside a function."""
    async with every_door(module_database_url, monkeypatch, counting.recording) as (connection, _, _):
        recorded = await connections.connect(module_database_url)
        counting.sent.clear()
        await recorded.fetch("select 1 from orders where note = 'none'")
        await recorded.execute("do $$ begin perform 1 from orders where note = 'none'; end $$")
        seen, function = (each for each in counting.sent if "'none'" in each.text)
        total = await connection.fetchval("select count(*) from orders")
        await recorded.close()
    assert total > MANY
    assert (seen.read, function.read, seen.answered) == (total, total, 0)
