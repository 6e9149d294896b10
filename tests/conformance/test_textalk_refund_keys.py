"""Refunds at the Textalk door whose answers may be lost: under a key of the caller's the money goes back once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conformance.harness import Client, Reply
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk import problems
from tests.conformance.textalk_buying import placed_order
from tests.support.stripe_server import StripeServer

QUERY = ["status", "refunded"]
REQUEST = "my-request-1"


async def _settled(textalk: Client, open_webshop: OpenWebshop, url: str) -> Any:
    """A call of `Payment.refund` for a payment whose money a provider at this address took."""
    cards = {"gateway": "stripe", "api_key": "sk_test_platform", "api_base": url}
    shop = await open_webshop({"channels/shop/settings/cards": cards})
    admin, (_, payment, _) = await shop.administrator(), await placed_order(textalk, shop)

    async def refund(amount: float, options: object = None) -> Reply:
        call = shop.call("Payment.refund", payment, amount, QUERY, options, auth=admin)
        return await textalk.send(type(call)(call.method, call.path, call.body, {"X-Request-Id": REQUEST}))

    return refund


async def test_a_refund_is_sent_again_under_its_key(textalk: Client, open_webshop: OpenWebshop) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        refund = await _settled(textalk, open_webshop, url)
        for _ in range(2):
            assert (await refund(10, {"key": "one"})).json["result"] == {"status": "paid", "refunded": 10}
        assert (await refund(10, {"key": "two"})).json["result"] == {"status": "paid", "refunded": 20}
        other = await refund(11, {"key": "one"})
        assert other.json["error"]["data"] == problems(
            ("/3/key", "Another refund was asked for under this key.")
        )
        assert len(stripe.books.refunds) == 2
        for key in ("", "x" * 256, "å", "a\nb", 7, [], {}):
            assert (await refund(10, {"key": key})).json["error"]["code"] == -32602
        assert len(stripe.books.refunds) == 2


@pytest.mark.parametrize("key", ["one", None])
async def test_what_is_in_doubt_says_what_to_do_and_by_which_request_to_ask(
    textalk: Client, open_webshop: OpenWebshop, key: str | None
) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        refund = await _settled(textalk, open_webshop, url)
        stripe.fail("refund", "drop", acts=True)
        reply = await refund(10, {"key": key} if key else None)
        headers, said = dict(reply.headers), reply.json["error"]["data"]
        assert reply.json["error"]["code"] == 9005
        assert said.endswith(f"(request {REQUEST})")
        # Without a key a second call would be a second refund: nobody is told to send it again.
        assert headers.get("retry-after") == ("5" if key else None)
        assert re.search("Send the same call again" if key else "Read the payment", said)
