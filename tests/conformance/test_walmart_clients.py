"""Clients as they are in public walk the whole way: each with its own headers, dialect and paths.

Nothing of them is changed but the base URL. What each sends was read off its code; bodies are of our own. Nobody but
the carrier moves their goods, and it does so as the clock goes.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from entrepot.checks import run_checks
from tests.conformance.harness.alone import Clock, clock, server, session_database_url
from tests.conformance.harness.fixtures import OpenSeller
from tests.conformance.walmart import ADDRESS, CARRIED, CONTACT, PREFIX, each
from tests.gateways.labels.code128 import read_code128

__all__ = ["clock", "server", "session_database_url"]

Headers = Mapping[str, str]
NEW = f"{PREFIX}/v3/fulfillment/orders-fulfillments"
OLD = f"{PREFIX}/v3/orders-fulfillments"
TO_THE_BUYER = (("1h30m", "ACKNOWLEDGED"), ("2h30m", "SHIPPED"), ("3h30m", "DELIVERED"))
AND_BACK = (("5h", "RETURN_IN_TRANSIT"), ("6h", "DELIVERED_AT_RETURN_CENTER"), ("7h", "RETURN_RECEIVED"))
"""How far the clock goes, and what has happened by then."""


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
async def test_a_client_walks_the_whole_way(open_seller: OpenSeller, clock: Clock, name: str) -> None:
    seller = await open_seller(CARRIED)
    async with httpx.AsyncClient(base_url=seller.url, verify=False, trust_env=False, timeout=60) as http:
        walk = Walk(http, WAYS[name], f"{seller.name}-mcs:secret")
        await walk.there(clock)
        await walk.and_back(clock)
        # What it got at the beginning was good for fifteen minutes, and each step took an hour.
        assert walk.tokens == 1 + len(TO_THE_BUYER) + len(AND_BACK)
    assert await run_checks(seller.connection, await seller.id()) == []


class Walk:
    """One client's way from the storefront to the unit that is back; a token that is refused makes it get another."""

    def __init__(self, http: httpx.AsyncClient, way: Way, pair: str) -> None:
        self._http = http
        self._way = way
        self._pair = pair
        self._channel = ""
        self.tokens = 0

    async def there(self, clock: Clock) -> None:
        """Storefront, item, promise, order, status until delivered."""
        await self._log_in()
        self._channel = await self._storefront()
        item = {"items": [{"sku": "jar", "productName": "Jar", "availableToSellUnits": 5}]}
        await self._post(f"{PREFIX}/v3/fulfillment/mcs/item", item, 202)
        await self._promise()
        await self._order()
        await clock.stands("0s")
        assert await self._status() == ("NEW", [])
        for offset, status in TO_THE_BUYER:
            await clock.stands(f"+{offset}")
            told, parcels = await self._status()
            assert (told, len(parcels)) == (status, int(status != "ACKNOWLEDGED"))
            assert all(parcel.startswith("SIM") for parcel in parcels)

    async def and_back(self, clock: Clock) -> None:
        """A return, its label, and status until received."""
        name = str(uuid.uuid4())
        number = await self._return(name)
        offset, _ = TO_THE_BUYER[-1]
        await clock.stands(f"+{offset}")
        await self._labelled(name)
        for offset, status in AND_BACK:
            await clock.stands(f"+{offset}")
            told = await self._returned(name)
            assert told["returnOrderLines"][0]["lineQuantityInfo"][0]["status"] == status
        told, _ = await self._status()
        assert told == "PARTIALLY RETURNED"
        refused = await self._ask("POST", f"{self._way.returns}/{number}/cancel?orgId=1")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "400")

    async def _log_in(self) -> None:
        granted = (await self._http.post(**self._way.token(self._pair))).raise_for_status().json()
        assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 900)
        self._http.headers.update(self._way.headers(self._pair, granted["access_token"]))
        self.tokens += 1

    async def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        reply = await self._http.request(method, path, json=body)
        if reply.status_code == 401:
            await self._log_in()
            reply = await self._http.request(method, path, json=body)
        return reply

    async def _storefront(self) -> str:
        address = {"firstName": "Ann", **ADDRESS, "addressType": "COMMERCIAL"}
        details = {"orderChannelName": "Jar shop", "returnAddress": address}
        body = {"partnerId": "10001", "mcsDetails": [details]}
        made = await self._post(f"{self._way.orders}/channel-details", body)
        (found,) = made["payload"]["10001"]
        listed = await self._get(f"{self._way.orders}/channel-details?partnerId=10001")
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

    async def _order(self) -> None:
        line: dict[str, Any] = {
            "sellerLineId": "1",
            "itemDetail": {"sku": "jar"},
            "qty": each(2),
            "shippingTo": {"contact": CONTACT, "address": ADDRESS},
        }
        body: dict[str, Any] = {"orderChannelId": self._channel, "customerOrderNo": "MY1"}
        if self._way.old_numbers:
            price = {"currencyAmount": 4.5, "currencyUnit": "USD"}
            charge = {"chargeCategory": "PRODUCT", "chargeName": "Item Price", "chargePerUnit": price}
            line |= {
                "fulfillmentType": "DELIVERY",
                "chargeDetails": [charge | {"taxDetails": {"taxPerLine": 0}}],
            }
            line["itemDetail"]["description"] = "A jar"
            line["qty"] = {"unitOfMeasure": "Each", "measurementValue": 2}
            body = {"orderChannelId": self._channel, "sellerOrderId": "MY1", "needsConfirmation": False}
        body |= {"customer": {"contact": CONTACT}, "orderItems": [line]}
        made = await self._post(self._way.orders, body)
        assert made["status"] == "ACCEPTED"

    async def _status(self) -> tuple[str, list[str]]:
        """How far the order is, and the numbers of its parcels."""
        query = self._way.status.format(number="MY1", channel=self._channel)
        told = await self._get(f"{self._way.orders}/status{query}")
        if isinstance(told, dict):
            assert told["orderNumber"] == "MY1"
            return told["orderStatus"], [parcel["trackNumber"] for parcel in told["shipments"]]
        (order,) = told
        assert order["sellerOrderId"] == "MY1"
        return order["status"], [parcel["trackingNo"] for parcel in order["shipments"]]

    async def _return(self, name: str) -> str:
        items = [{"itemDetail": {"sku": "jar"}, "qty": {"unitOfMeasure": "EA", "measurementValue": 1}}]
        body = {"sellerReturnOrderId": name, "sellerOrderId": "MY1", "orderItems": items}
        made = await self._post(f"{self._way.returns}?orgId=1", body)
        return made["payload"]["returnOrderId"]

    async def _returned(self, name: str) -> dict[str, Any]:
        (told,) = await self._get(f"{self._way.returns}?orgId=1&sellerOrderId=MY1&returnOrderId=&martId=202")
        assert told["sellerReturnOrderId"] == name
        return told

    async def _labelled(self, name: str) -> None:
        """The label is a document whose bars are the number by which the parcel is followed."""
        (group,) = (await self._returned(name))["returnLineGroups"]
        label = await self._http.get(group["labelImageUrl"])
        assert (label.status_code, label.headers["content-type"]) == (200, "application/pdf")
        assert read_code128(label.content) == group["carrierInfo"]["trackingNo"]

    async def _get(self, path: str) -> Any:
        return (await self._ask("GET", path)).raise_for_status().json()["payload"]

    async def _post(self, path: str, payload: dict[str, Any], status: int = 200) -> dict[str, Any]:
        body = {"header": {"headerAttributes": {"martId": "202", "buId": "0"}}, "payload": payload}
        reply = await self._ask("POST", path, body)
        assert reply.status_code == status, reply.text
        return reply.json()
