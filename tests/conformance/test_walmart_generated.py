"""A client that is made of nothing but the description walks the whole way: what it says suffices, and holds."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema_rs

from entrepot.checks import run_checks
from tests.conformance.harness.alone import Clock, clock, server, session_database_url
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import ADDRESS, CARRIED, CONTACT, PREFIX, each
from tests.gateways.labels.code128 import read_code128

__all__ = ["clock", "server", "session_database_url"]


class Described:
    """A client with one method for each operation, by its operationId: it checks what it sends and what it gets."""

    def __init__(self, http: httpx.AsyncClient, document: dict[str, Any]) -> None:
        self._http = http
        self._components = {"components": document["components"]}
        self._server: str = document["servers"][0]["url"]
        self._operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        self.token, self.pair = "", ("", "")
        self.called: set[str] = set()

    @property
    def unused(self) -> set[str]:
        """The operations that were never called."""
        return self._operations.keys() - self.called

    async def log_in(self) -> None:
        """Get a token, for all calls from now on."""
        granted = await self.call("get_an_access_token", grant_type="client_credentials")
        self.token = granted["access_token"]

    async def read(self, url: str) -> httpx.Response:
        """What stands under a URL that a reply has told."""
        return await self._http.get(url)

    async def call(self, name: str, expect: int = 200, **given: Any) -> Any:
        """Call an operation, which answers as is expected; `body` is its body, all else are parameters by name."""
        method, path, operation = self._operations[name]
        self.called.add(name)
        body = given.pop("body", None)
        if body is not None:
            self._check(operation["requestBody"]["content"]["application/json"]["schema"], body)
        sent: dict[str, dict[str, str]] = {"query": {}, "header": {}, "path": {}}
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in given:
                sent[parameter["in"]][parameter["name"]] = given.pop(parameter["name"])
            else:
                assert not parameter["required"], (name, parameter)
        assert not given, (name, given)
        path = re.sub(r"\{(\w+)\}", lambda found: sent["path"][found[1]], path)
        reply = await self._http.request(
            method,
            self._server + path,
            params=sent["query"],
            headers=sent["header"] | self._credentials(operation),
            auth=self.pair if {"client": []} in operation["security"] else None,
            json=body,
        )
        assert reply.status_code == expect, (name, reply.text)
        described = operation["responses"][str(expect)]["content"]["application/json"]["schema"]
        self._check(described, reply.json())
        return reply.json()

    def _credentials(self, operation: dict[str, Any]) -> dict[str, str]:
        schemes = self._components["components"]["securitySchemes"]
        names = [name for each in operation["security"] for name in each]
        found = next((schemes[name] for name in names if schemes[name]["type"] == "apiKey"), None)
        return {found["name"]: self.token} if found else {}

    def _check(self, schema: dict[str, Any], value: Any) -> None:
        validator = jsonschema_rs.Draft202012Validator({**schema, **self._components}, validate_formats=True)
        faults = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]
        assert not faults, faults


async def test_a_client_made_of_the_description_walks_the_whole_way(
    open_seller: OpenSeller, clock: Clock
) -> None:
    seller = await open_seller(CARRIED)
    async with httpx.AsyncClient(base_url=seller.url, verify=False, trust_env=False, timeout=60) as http:
        client = Described(http, (await http.get(f"{PREFIX}/openapi.json")).json())
        client.pair = (f"{seller.name}-mcs", "secret")
        await client.log_in()
        channel = await _furnish(client)
        await _sell(client, channel, clock)
        await _send_back(client, clock)
        assert client.unused == set()
    assert await run_checks(seller.connection, await seller.id()) == []


async def _furnish(client: Described) -> str:
    """A storefront and an item; the storefront's id."""
    await client.call("look_at_a_token")
    details = {"orderChannelName": "Jar shop", "returnAddress": {"firstName": "Ann", **ADDRESS}}
    made = await client.call("create_channels", body=wrapped(partnerId="1", mcsDetails=[details]))
    (channel,) = made["payload"]["1"]
    number = channel["orderChannelId"]
    renamed = {**details, "orderChannelId": number, "orderChannelName": "Jam shop"}
    await client.call("update_channels", body=wrapped(partnerId="1", mcsDetails=[renamed]))
    listed = await client.call("get_channels")
    assert [each["orderChannelName"] for each in listed["payload"]] == ["Example shop", "Jam shop"]
    await client.call("create_items", 202, body=wrapped(items=[{"sku": "jar", "availableToSellUnits": 3}]))
    assert (await client.call("get_items", sku="jar"))["payload"]["items"][0]["availableToSellUnits"] == 3
    for name in ("get_stock", "get_stock_as_before"):
        assert len((await client.call(name, sku="jar"))["payload"]["inventory"]) == 1
    return number


async def _sell(client: Described, channel: str, clock: Clock) -> None:
    """Promises, an order of three, less by one, and what is left is delivered."""
    offers = [{"sku": sku, "lineId": sku, "requestedQuantity": each(1)} for sku in ("jar", "nobody")]
    to = {"fulfillmentType": "S2H", "address": ADDRESS}
    for asked, expect in ((offers[:1], 202), (offers, 206), (offers[1:], 400)):
        body = wrapped(offerSelections=[{"offers": asked}], destinations=[to])
        await client.call("fetch_delivery_promises", expect, body=body)
    line = {"sellerLineId": "1", "itemDetail": {"sku": "jar"}, "qty": each(3)}
    line["shippingTo"] = {"contact": CONTACT, "address": ADDRESS}
    order = {"orderChannelId": channel, "customerOrderNo": "MY1", "customer": {"contact": CONTACT}}
    await client.call("create_an_order", body=wrapped(**order, orderItems=[line]))
    await client.call("create_an_order", 400, body=wrapped(**order, orderItems=[line]))
    less = {"sellerLineId": "1", "qty": each(1)}
    await client.call("cancel_an_order", body=wrapped(customerOrderNo="MY1", orderItems=[less]))
    question: dict[str, Any] = {"WM_SANDBOX": "v2", "orderNumber": "MY1", "orderChannelId": channel}
    assert (await client.call("get_order_status", **question))["payload"]["shipments"] == []
    await clock.stands("+3h30m")
    await client.log_in()
    one = await client.call("get_order_status", **question)
    many = await client.call("get_order_status", limit="5", status="PARTIALLY DELIVERED")
    assert one["payload"]["orderStatus"] == many["payload"][0]["status"] == "PARTIALLY DELIVERED"


async def _send_back(client: Described, clock: Clock) -> None:
    """Both come back, each by a return of its own; of one the buyer thinks better."""
    items = [{"itemDetail": {"sku": "jar"}, "qty": each(1)}]
    body = wrapped(sellerOrderId="MY1", orderItems=items)
    numbers = [
        (await client.call("create_a_return", body=body, martId="202"))["payload"]["returnOrderId"]
        for _ in range(2)
    ]
    await client.call("create_a_return", 400, body=body, martId="202")
    await client.call("cancel_a_return", returnOrderId=numbers[0])
    await clock.stands("+7h")
    await client.log_in()
    await client.call("cancel_a_return", 400, returnOrderId=numbers[1])
    (told,) = (await client.call("get_returns", returnOrderId=numbers[1], martId="202"))["payload"]
    assert told["returnOrderLines"][0]["lineQuantityInfo"][0]["status"] == "RETURN_RECEIVED"
    (group,) = told["returnLineGroups"]
    label = (await client.read(group["labelImageUrl"])).raise_for_status()
    assert read_code128(label.content) == group["carrierInfo"]["trackingNo"]


def wrapped(**payload: Any) -> dict[str, Any]:
    """A payload in the vendor's wrapper."""
    return {"header": {"headerAttributes": {"martId": "202", "buId": "0"}}, "payload": payload}
