"""Address look-up that is denied (Textalk, 2040), and a register that truly fails (9005)."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.conformance.harness import Prove, Reply
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.textalk import refusal
from tests.support.buyer import CARD, INVOICE, Buyer
from tests.support.raw_server import http_reply, raw_server, unused_port
from tests.support.server import Server

TOLVAN = {"identity": "19121212-1212"}
ADDRESS = {"customer": {"address": ["lastName", "town"]}}
DENIED = refusal(2040, "Address lookup unavailable", page="address-lookup-unavailable")
SAID = re.compile(r"The register of addresses gave no answer\..* \(request [^)]+\)")
FAILED = refusal(9005, "External server error", SAID, page="address-register-failed", wait=True)
SETTINGS = "channels/shop/settings/addresses"


def asked_over_http(url: str) -> dict[str, object]:
    """The settings of a shop that asks a register over HTTP."""
    register = {"register": "http", "url": url, "api_key": "register-key", "allow_private": True}
    return {SETTINGS: register}


async def is_filled_in(reply: Reply) -> None:
    """The address has come into the order."""
    assert reply.json["result"] == {"customer": {"address": {"lastName": "Tolvansson", "town": "Stockholm"}}}


@pytest.mark.row("textalk.2040.no-method")
async def test_no_payment_method_is_chosen(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await prove(
        buyer.call("Order.lookupAddress", cart, TOLVAN, ADDRESS),
        DENIED,
        mend=lambda: buyer.plan(cart, INVOICE),
        effect=is_filled_in,
    )


@pytest.mark.row("textalk.2040.unsupported")
async def test_the_chosen_payment_method_looks_nothing_up(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer.plan(cart, CARD)
    await prove(
        buyer.call("Order.lookupAddress", cart, TOLVAN, ADDRESS),
        DENIED,
        mend=lambda: buyer.plan(cart, INVOICE),
        effect=is_filled_in,
    )


async def prove_failing(prove: Prove, buyer: Buyer) -> None:
    """The register fails; once the shop asks another one the same call finds the address."""
    cart = await buyer.cart()
    await buyer.plan(cart)
    await prove(
        buyer.call("Order.lookupAddress", cart, TOLVAN, ADDRESS),
        FAILED,
        mend=lambda: buyer.shop.change({SETTINGS: {"register": "simulated"}}),
        effect=is_filled_in,
    )


@pytest.mark.row("textalk.9005")
async def test_nobody_listens_at_the_register(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer(asked_over_http(f"http://127.0.0.1:{await unused_port()}"))
    await prove_failing(prove, buyer)


@pytest.mark.parametrize(
    "reply",
    [
        http_reply(b"<h1>Under maintenance</h1>", content_type="text/html"),
        http_reply({"error": "out of order"}, "500 Internal Server Error"),
        http_reply({"address": {"zip": "11122"}}),
        http_reply({"key": "wrong"}, "401 Unauthorized"),
        b"",
    ],
    ids=["html", "500", "half an address", "401", "hangs up"],
)
@pytest.mark.row("textalk.9005")
async def test_the_register_answers_wrongly(prove: Prove, open_buyer: OpenBuyer, reply: bytes) -> None:
    async with raw_server(reply) as register:
        await prove_failing(prove, await open_buyer(asked_over_http(register.url)))
        assert register.requests[0].json == {"country": "SE", "identity": "191212121212"}
        assert register.requests[0].headers["api-key"] == "register-key"


@pytest.mark.parametrize("kind", ["refuse", "timeout", "drop"])
@pytest.mark.row("textalk.9005")
async def test_an_outage_of_the_register(
    prove: Prove, open_buyer: OpenBuyer, server: Server, kind: str
) -> None:
    """The simulated register does not answer for once; it heals by itself."""
    buyer = await open_buyer()
    cart = await buyer.cart()
    await buyer.plan(cart)
    fault = {"target": "addresses.find", "kind": kind, "count": 1, "workspace": buyer.shop.name}
    brief = {"delay": 0.01} if kind == "timeout" else {}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as sandbox:
        ordered = await sandbox.post("/sandbox/faults", json=fault | brief)
        assert ordered.status_code == 201, ordered.text

    async def heals() -> None:
        """Its one call is over."""

    await prove(
        buyer.call("Order.lookupAddress", cart, TOLVAN, ADDRESS), FAILED, mend=heals, effect=is_filled_in
    )
