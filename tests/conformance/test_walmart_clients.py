"""Clients as they are in public walk the whole way: each with its own headers, dialect and paths.

Nothing of them is changed but the base URL. What each sends was read off its code; bodies are of our own.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import ADDRESS, CONTACT, PREFIX, Seller, control, each

Headers = Mapping[str, str]
NEW = f"{PREFIX}/v3/fulfillment/orders-fulfillments"
OLD = f"{PREFIX}/v3/orders-fulfillments"
RIGHTS = {"channels/mcs/settings": {"may_set_stock": True, "may_edit_catalogue": True}}


@dataclass(frozen=True)
class Way:
    """How a client asks for its token, which headers it sends, where it finds orders and returns, and its dialect."""

    token: Callable[[str], dict[str, Any]]
    headers: Callable[[str, str], dict[str, str]]
    orders: str = NEW
    returns: str = f"{NEW}/return-orders"
    old_numbers: bool = False
    status: str = "?orderNumber={number}&orderChannelId={channel}"


def _basic(pair: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _form(pair: str, **more: str) -> dict[str, Any]:
    return {
        "url": f"{PREFIX}/v3/token",
        "headers": {**_basic(pair), "Accept": "application/json", **_service()},
        "data": {"grant_type": "client_credentials", **more},
    }


def _service() -> dict[str, str]:
    return {"WM_SVC.NAME": "Walmart Marketplace", "WM_QOS.CORRELATION_ID": str(uuid.uuid4())}


WAYS = {
    # The sandbox's own pages: Bearer, martId and buId on every call, v2.
    "sandbox pages": Way(
        _form,
        lambda _, token: {
            "Authorization": f"Bearer {token}",
            "martId": "202",
            "buId": "0",
            "WM_SANDBOX": "v2",
        },
    ),
    # EalenXie/sdk-all (Java): grant_type in the query with an empty body, Basic beside the token, bare keys.
    "java": Way(
        lambda pair: {
            "url": f"{PREFIX}/v3/token?grant_type=client_credentials",
            "headers": {**_basic(pair), **_service()},
        },
        lambda pair, token: {**_basic(pair), "WM_SEC.ACCESS_TOKEN": token, **_service(), "martId": "202"},
        status="?orgId&limit&offset&orderNumber={number}&trackingNumber",
    ),
    # highsidelabs/walmart-api-php: fields of other grants, WM_MARKET, no martId header, returns by the schema.
    "php": Way(
        lambda pair: _form(pair, code="", redirect_uri="", refresh_token=""),
        lambda _, token: {"WM_SEC.ACCESS_TOKEN": token, "WM_MARKET": "us", **_service()},
        returns=f"{PREFIX}/v3/fulfillment/return-orders",
        status="?limit=10&offset=0&orderNumber={number}",
    ),
    # whitebox-co/walmart-marketplace-api (Node): the paths and names from before 2023.
    "node": Way(
        _form,
        lambda pair, token: {**_basic(pair), "WM_SEC.ACCESS_TOKEN": token, **_service(), "wm_mart_id": "202"},
        orders=OLD,
        returns=f"{OLD}/return-orders",
        old_numbers=True,
        status="?orgId=1&orderNumber={number}&limit=10&offset=0",
    ),
    # mcp-walmart-ads (Python): the token alone, v2 at the sandbox.
    "python": Way(
        _form,
        lambda _, token: {"WM_SEC.ACCESS_TOKEN": token, "WM_SANDBOX": "v2", "martId": "202"},
    ),
}


@pytest.mark.parametrize("name", WAYS)
async def test_a_client_walks_the_whole_way(open_seller: OpenSeller, name: str) -> None:
    seller, way = await open_seller(RIGHTS), WAYS[name]
    pair = f"{seller.name}-mcs:secret"
    async with httpx.AsyncClient(base_url=seller.url, verify=False, trust_env=False, timeout=60) as http:
        granted = (await http.post(**way.token(pair))).raise_for_status().json()
        assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 900)
        http.headers.update(way.headers(pair, granted["access_token"]))
        await Walk(http, way, seller).whole()


class Walk:
    """One client's way from the storefront to the unit that is back."""

    def __init__(self, http: httpx.AsyncClient, way: Way, seller: Seller) -> None:
        self._http = http
        self._way = way
        self._seller = seller

    async def whole(self) -> None:
        """Storefront, item, promise, order, status until delivered, return until received."""
        channel = await self._channel()
        item = {"items": [{"sku": "jar", "productName": "Jar", "availableToSellUnits": 5}]}
        await self._post(f"{PREFIX}/v3/fulfillment/mcs/item", item, 202)
        await self._promise()
        order = await self._order(channel)
        assert await self._status(channel) == "NEW"
        for step, status in (("acknowledge", "ACKNOWLEDGED"), ("ship", "SHIPPED"), ("deliver", "DELIVERED")):
            await self._seller.step(order, step)
            assert await self._status(channel) == status
        await self._back(channel)

    async def _channel(self) -> str:
        address = {"firstName": "Ann", **ADDRESS, "addressType": "COMMERCIAL"}
        details = {"orderChannelName": "Jar shop", "returnAddress": address}
        body = {"partnerId": "10001", "mcsDetails": [details]}
        made = await self._post(f"{self._way.orders}/channel-details", body)
        (found,) = made["payload"]["10001"]
        listed = (await self._http.get(f"{self._way.orders}/channel-details?partnerId=10001")).json()[
            "payload"
        ]
        assert found in listed
        return found["orderChannelId"]

    async def _promise(self) -> None:
        asked = {"measurementValue": 1, "unitOfMeasure": "EA"}
        offer = {"sku": "jar", "lineId": "1", "salesUnit": "Each", "requestedQuantity": asked}
        address = ADDRESS
        if self._way.old_numbers:
            address = {
                "addressLineOne": "100 Main St",
                "city": "San Francisco",
                "stateCode": "CA",
                "countryCode": "US",
                "postalCode": "94103",
                "isPOBox": False,
            }
        to = {"fulfillmentType": "DELIVERY", "address": address}
        body = {"offerSelections": [{"offers": [offer]}], "destinations": [to]}
        told = await self._post(f"{self._way.orders}/fetchOrderPromiseOptions", body, 202)
        assert told["status"] == "SUCCESS"

    async def _order(self, channel: str) -> int:
        line: dict[str, Any] = {
            "sellerLineId": "1",
            "itemDetail": {"sku": "jar"},
            "qty": each(2),
            "shippingTo": {"contact": CONTACT, "address": ADDRESS},
        }
        body: dict[str, Any] = {"orderChannelId": channel, "customerOrderNo": "MY1"}
        if self._way.old_numbers:
            price = {"currencyAmount": 4.5, "currencyUnit": "USD"}
            charge = {"chargeCategory": "PRODUCT", "chargeName": "Item Price", "chargePerUnit": price}
            line |= {
                "fulfillmentType": "DELIVERY",
                "chargeDetails": [charge | {"taxDetails": {"taxPerLine": 0}}],
            }
            line["itemDetail"]["description"] = "A jar"
            line["qty"] = {"unitOfMeasure": "Each", "measurementValue": 2}
            body = {"orderChannelId": channel, "sellerOrderId": "MY1", "needsConfirmation": False}
        body |= {"customer": {"contact": CONTACT}, "orderItems": [line]}
        made = await self._post(self._way.orders, body)
        assert made["status"] == "ACCEPTED"
        return await self._seller.number_of(made["payload"]["requestId"])

    async def _status(self, channel: str) -> str:
        query = self._way.status.format(number="MY1", channel=channel)
        told = (
            (await self._http.get(f"{self._way.orders}/status{query}")).raise_for_status().json()["payload"]
        )
        if isinstance(told, dict):
            assert told["orderNumber"] == "MY1"
            return told["orderStatus"]
        (order,) = told
        assert order["sellerOrderId"] == "MY1"
        return order["status"]

    async def _back(self, channel: str) -> None:
        items = [{"itemDetail": {"sku": "jar"}, "qty": {"unitOfMeasure": "EA", "measurementValue": 1}}]
        name = str(uuid.uuid4())
        made = await self._post(
            f"{self._way.returns}?orgId=1",
            {"sellerReturnOrderId": name, "sellerOrderId": "MY1", "orderItems": items},
        )
        number = made["payload"]["returnOrderId"]
        returns = f"{self._way.returns}?orgId=1&sellerOrderId=MY1&returnOrderId=&martId=202"
        for step, body, status in self._steps():
            path = f"/sandbox/returns/{int(number.removeprefix('33'))}/{step}?workspace={self._seller.name}"
            await control(self._seller.url, "POST", path, body)
            (told,) = (await self._http.get(returns)).raise_for_status().json()["payload"]
            assert told["sellerReturnOrderId"] == name
            assert told["returnOrderLines"][0]["lineQuantityInfo"][0]["status"] == status
        assert await self._status(channel) == "PARTIALLY RETURNED"
        refused = await self._http.post(f"{self._way.returns}/{number}/cancel?orgId=1")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "400")

    @staticmethod
    def _steps() -> Iterator[tuple[str, dict[str, str], str]]:
        yield "advance", {"to": "in_transit"}, "RETURN_IN_TRANSIT"
        yield "advance", {"to": "at_center"}, "DELIVERED_AT_RETURN_CENTER"
        yield "receive", {}, "RETURN_RECEIVED"

    async def _post(self, path: str, payload: dict[str, Any], status: int = 200) -> dict[str, Any]:
        body = {"header": {"headerAttributes": {"martId": "202", "buId": "0"}}, "payload": payload}
        reply = await self._http.post(path, json=body)
        assert reply.status_code == status, reply.text
        return reply.json()
