"""Order.lookupAddress: which register is asked, for whom, and what comes of its answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import INVOICE, Buyer
from tests.support.raw_server import http_reply, raw_server

SETTINGS = "channels/shop/settings/addresses"
TOLVAN = {"identity": "19121212-1212"}
WHOLE = {"customer": {"address": ["company", "town", "state", "phoneMobile"]}}


async def asking(open_buyer: OpenBuyer, settings: dict[str, Any] | None = None) -> tuple[Buyer, int]:
    """A buyer whose cart is to be paid by a method that looks addresses up."""
    buyer = await open_buyer({SETTINGS: settings} if settings else None)
    cart = await buyer.cart()
    await buyer.plan(cart, INVOICE)
    return buyer, cart


async def error(buyer: Buyer, *params: Any) -> dict[str, Any]:
    return (await buyer.client.send(buyer.call("Order.lookupAddress", *params))).json["error"]


async def test_the_address_takes_the_place_of_what_the_buyer_wrote(open_buyer: OpenBuyer) -> None:
    buyer, cart = await asking(open_buyer)
    written = {"company": "Mine", "town": "Lund", "state": "M", "phoneMobile": "070-1"}
    await buyer("Order.set", cart, {"customer": {"address": written}})
    address = (await buyer("Order.lookupAddress", cart, TOLVAN, WHOLE))["customer"]["address"]
    assert address == {"company": None, "town": "Stockholm", "state": "", "phoneMobile": "070-1"}
    assert (await buyer("Order.get", cart, WHOLE))["customer"]["address"] == address


@pytest.mark.parametrize("number", ["556000-0001", "5560000001", " 556000 0001 "])
async def test_a_number_is_one_however_it_is_written(open_buyer: OpenBuyer, number: str) -> None:
    buyer, cart = await asking(open_buyer)
    found = await buyer(
        "Order.lookupAddress", cart, {"identity": number}, {"customer": {"address": "company"}}
    )
    assert found == {"customer": {"address": {"company": "Boutique Supplies AB"}}}


@pytest.mark.parametrize("number", ["19121212-1213", "' or true", "ÅÄÖ"])
async def test_nobody_of_a_number(open_buyer: OpenBuyer, number: str) -> None:
    buyer, cart = await asking(open_buyer)
    refused = await error(buyer, cart, {"identity": number})
    assert refused["code"] == 9001
    assert [problem["pointer"] for problem in refused["data"]] == ["/identity"]


async def test_each_country_has_numbers_of_its_own(open_buyer: OpenBuyer) -> None:
    buyer, cart = await asking(open_buyer)
    assert (await error(buyer, cart, {**TOLVAN, "country": "FI"}))["code"] == 9001
    await buyer("Order.set", cart, {"customer": {"address": {"country": "FI"}}})
    assert (await error(buyer, cart, TOLVAN))["code"] == 9001
    assert await buyer("Order.lookupAddress", cart, {**TOLVAN, "country": "SE"}) == {"uid": cart}


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({}, "/1/identity"),
        ({"identity": 19121212}, "/1/identity"),
        ({"identity": ""}, "/1/identity"),
        ({"identity": "1" * 41}, "/1/identity"),
        ({"identity": "1", "country": "Sweden"}, "/1/country"),
    ],
)
async def test_what_is_no_question(open_buyer: OpenBuyer, asked: dict[str, Any], pointer: str) -> None:
    buyer, cart = await asking(open_buyer)
    refused = await error(buyer, cart, asked)
    assert (refused["code"], refused["data"][0]["pointer"]) == (-32602, pointer)


async def test_a_placed_order_keeps_its_address(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    placed = await buyer.ready()
    await buyer("Order.checkout", placed)
    assert (await error(buyer, placed, TOLVAN))["code"] == 2090


async def test_nobody_asks_for_anothers_cart(open_buyer: OpenBuyer) -> None:
    buyer, cart = await asking(open_buyer)
    assert (await error(await buyer.another(), cart, TOLVAN))["code"] == 9003


async def test_a_register_over_http(open_buyer: OpenBuyer) -> None:
    home = {"address1": "Brunnsgatan 1", "zip": "111 38", "city": "Stockholm", "country": "SE"}
    async with raw_server(http_reply({"address": home})) as register:
        settings = {"register": "http", "url": register.url, "api_key": "k", "allow_private": True}
        buyer, cart = await asking(open_buyer, settings)
        found = await buyer("Order.lookupAddress", cart, TOLVAN, {"customer": {"address": "address"}})
    assert found == {"customer": {"address": {"address": "Brunnsgatan 1"}}}


async def test_a_register_in_the_private_network_is_not_asked_unless_it_may_be(open_buyer: OpenBuyer) -> None:
    async with raw_server(http_reply({})) as register:
        buyer, cart = await asking(open_buyer, {"register": "http", "url": register.url, "api_key": "k"})
        assert (await error(buyer, cart, TOLVAN))["code"] == 9005
        assert register.connections == 0
