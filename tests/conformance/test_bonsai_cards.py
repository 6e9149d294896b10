"""The refusals of the Bonsai door whose cause lies outside: cards, partners who vouch for payments, tax providers."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.conformance.bonsai import Shop, entry, refusal
from tests.conformance.harness import Expected, Prove, Reply, Request
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.world import Edits
from tests.support.raw_server import http_reply, raw_server, unused_port
from tests.support.server import Server
from tests.support.stripe_server import StripeServer
from tests.support.waiting import eventually

CARDS = {
    "bank/accounts/ann/CAD": "1000.00",
    "bank/accounts/poor/CAD": "1.00",
    "bank/cards/tok_ann/account": "ann",
    "bank/cards/tok_poor/account": "poor",
}
TOTAL = 2825
"""A lamp, its shipping, and 13 % of both."""

CardState = str
Mend = Callable[[], Awaitable[object]]


def paying(shop: Shop, token: str, method: str = "credit card", edits: Edits | None = None) -> Request:
    """A submit that is paid by card."""
    return shop.submit({"payment": {"method": method, "token": token, "currency": "CAD"}, **(edits or {})})


def declined(message: str) -> Expected:
    title = "Payment is required for this order"
    return refusal("payment-declined", entry(402, "PAYMENT_REQUIRED", title, {"message": message}))


def stripe_error(message: str) -> Expected:
    customer = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
    detail = {"stripeToken": "<redacted>", "customer": customer, "message": message}
    title = "Error during a Stripe operation"
    silent = message == "An error occurred while communicating with Stripe"
    page = "card-provider-silent" if silent else "card-provider-failed"
    return refusal(page, entry(500, "STRIPE_ERROR", title, detail), wait=silent)


async def assert_charged(shop: Shop, reply: Reply) -> None:
    """The order exists, and exactly its total was taken for it, once."""
    await shop.assert_placed(reply)
    assert reply.json["data"]["payment_description"] == "visa ending in 4242"
    charges = "select status, captured from bank_intents where workspace = $1 and captured > 0"
    taken = [tuple(row) for row in await shop.connection.fetch(charges, await shop.id())]
    assert taken == [("succeeded", TOTAL)]


def with_funds(shop: Shop, account: str, balance: int) -> Mend:
    statement = "update bank_funds set balance = $3 where workspace = $1 and account = $2"

    async def give() -> None:
        await shop.connection.execute(statement, await shop.id(), account, balance)

    return give


@pytest.mark.row("bonsai.PAYMENT_REQUIRED")
async def test_account_without_the_funds(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop(CARDS)
    await prove(
        paying(shop, "tok_poor"),
        declined("Your card has insufficient funds."),
        mend=with_funds(shop, "poor", TOTAL),
        effect=lambda reply: assert_charged(shop, reply),
    )


@pytest.mark.row("bonsai.PAYMENT_REQUIRED")
@pytest.mark.parametrize("method", ["credit card", "stripe"])
@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("declined", "Your card was declined."),
        ("lost", "Your card was declined."),
        ("expired", "Your card has expired."),
        ("requires_authentication", "Your card requires authentication."),
    ],
)
async def test_card_that_the_bank_refuses(
    prove: Prove, open_bonsai_shop: OpenShop, state: CardState, message: str, method: str
) -> None:
    shop = await open_bonsai_shop({**CARDS, "bank/cards/tok_bad": {"account": "ann", "state": state}})
    await prove(
        paying(shop, "tok_bad", method),
        declined(message),
        mend=paying(shop, "tok_ann", method),
        effect=lambda reply: assert_charged(shop, reply),
    )


@pytest.mark.row("bonsai.PAYMENT_REQUIRED")
async def test_token_that_has_paid_for_an_order(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({**CARDS, "bank/cards/tok_new": {"account": "ann"}})
    first = await prove.client.send(paying(shop, "tok_ann"))
    assert first.status == 200, first.body
    await prove(
        paying(shop, "tok_ann"),
        declined("The payment token has already been used."),
        mend=paying(shop, "tok_new"),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PAYMENT_REQUIRED")
async def test_token_that_another_account_has_used_at_the_bank(
    prove: Prove, open_bonsai_shop: OpenShop
) -> None:
    single = {"bank/cards/tok_once": {"account": "ann", "reusable": False}}
    shop = await open_bonsai_shop({**CARDS, **single})
    other = {"door": "bonsai", "settings": {"currency": "CAD"}, "keys": {"live": f"{shop.name}-other"}}
    await shop.change({"channels/other": other})
    payment = {"method": "credit card", "token": "tok_once", "currency": "CAD"}
    first = await prove.client.send(shop.submit({"payment": payment}, account="other"))
    assert first.status == 200, first.body
    await prove(
        paying(shop, "tok_once"),
        declined("The payment token has already been used."),
        mend=paying(shop, "tok_ann"),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.STRIPE_ERROR")
async def test_token_that_the_bank_does_not_know(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop(CARDS)
    await prove(
        paying(shop, "tok_nobody"),
        stripe_error("No such token: '<redacted>'"),
        mend=paying(shop, "tok_ann"),
        effect=lambda reply: assert_charged(shop, reply),
    )


def through(url: str, key: str = "sk_test_platform") -> Edits:
    """An account whose cards are charged by the provider at this address."""
    return {"channels/shop/settings/cards": {"gateway": "stripe", "api_key": key, "api_base": url}}


async def assert_charged_by(stripe: StripeServer, shop: Shop, reply: Reply) -> None:
    await shop.assert_placed(reply)
    intents = [(intent["status"], intent["amount_received"]) for intent in stripe.books.intents.values()]
    assert [each for each in intents if each[1]] == [("succeeded", TOTAL)]
    assert {status for status, received in intents if not received} <= {"canceled"}


@pytest.mark.row("bonsai.STRIPE_ERROR")
async def test_token_that_stripe_does_not_know(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await open_bonsai_shop(through(url))
        await prove(
            paying(shop, "tok_missing"),
            stripe_error("No such token: '<redacted>'"),
            mend=paying(shop, "tok_visa"),
            effect=lambda reply: assert_charged_by(stripe, shop, reply),
        )


@pytest.mark.row("bonsai.STRIPE_ERROR")
async def test_key_that_stripe_does_not_take(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await open_bonsai_shop(through(url, "sk_wrong"))
        await prove(
            paying(shop, "tok_visa"),
            stripe_error("Invalid API Key provided: <redacted>"),
            mend=shop.changing(through(url)),
            effect=lambda reply: assert_charged_by(stripe, shop, reply),
        )


@pytest.mark.row("bonsai.STRIPE_ERROR")
async def test_stripe_that_is_not_there(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    stripe = StripeServer()
    nowhere = f"http://127.0.0.1:{await unused_port()}"
    async with stripe.listening() as url:
        shop = await open_bonsai_shop(through(nowhere))
        await prove(
            paying(shop, "tok_visa"),
            stripe_error("An error occurred while communicating with Stripe"),
            mend=shop.changing(through(url)),
            effect=lambda reply: assert_charged_by(stripe, shop, reply),
        )


@pytest.mark.row("bonsai.STRIPE_ERROR")
@pytest.mark.parametrize("kind", ["html", "error"])
async def test_stripe_that_fails(prove: Prove, open_bonsai_shop: OpenShop, kind: str) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await open_bonsai_shop(through(url))
        stripe.fail("create", kind, status=400, acts=False, error={"type": "api_error"})
        await prove(
            paying(shop, "tok_visa"),
            stripe_error("An error occurred while communicating with Stripe"),
            mend=paying(shop, "tok_visa"),
            effect=lambda reply: assert_charged_by(stripe, shop, reply),
        )


@pytest.mark.row("bonsai.PAYMENT_REQUIRED")
async def test_card_that_stripe_declines(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    stripe = StripeServer()
    async with stripe.listening() as url:
        shop = await open_bonsai_shop(through(url))
        await prove(
            paying(shop, "tok_chargeDeclinedInsufficientFunds"),
            declined("Your card has insufficient funds."),
            mend=paying(shop, "tok_visa"),
            effect=lambda reply: assert_charged_by(stripe, shop, reply),
        )


SHOPIFY = {**CARDS, "merchants/maple/integration": "shopify", "bank/payouts/maple-pays": "Maple"}


@pytest.mark.row("bonsai.MERCHANT_PAYMENT_MISSING")
@pytest.mark.parametrize("account", [None, "nobody"])
async def test_merchant_whom_no_money_can_reach(
    prove: Prove, open_bonsai_shop: OpenShop, account: str | None
) -> None:
    shop = await open_bonsai_shop({**SHOPIFY, "merchants/maple/payout_account": account})
    title = "No payment was transferred to the merchant"
    await prove(
        paying(shop, "tok_ann"),
        refusal("merchant-payout-missing", entry(404, "MERCHANT_PAYMENT_MISSING", title)),
        mend=shop.changing({"merchants/maple/payout_account": "maple-pays"}),
        effect=lambda reply: assert_merchant_paid(shop, reply),
    )


async def assert_merchant_paid(shop: Shop, reply: Reply) -> None:
    """The charge is taken, and the merchant's goods and shipping are handed on to it."""
    await assert_charged(shop, reply)
    moved, workspace = "select account, amount from bank_transfers where workspace = $1", await shop.id()
    done = "select every(state = 'delivered') from outbox where workspace = $1"
    await eventually(lambda: shop.connection.fetchval(done, workspace))
    transfers = [tuple(row) for row in await shop.connection.fetch(moved, workspace)]
    assert transfers == [("maple-pays", 2500)]


API = "channels/shop/settings/external_payment/api"


def partner(url: str, method: str = "POST") -> Edits:
    """An account whose own endpoint vouches for its payments."""
    return {API: {"url": url, "method": method, "api_key": "partner-key", "allow_private": True}}


def unknown_error() -> Expected:
    config = {"skipValidation": False, "type": "apiKey", "apiKey": "<redacted>", "method": "<redacted>"}
    detail = {"externalPaymentConfig": {"api": config}, "token": "<redacted>"}
    title = "Unknown error while validating external payment"
    return refusal(
        "external-payment-undecided", entry(400, "EXTERNAL_PAYMENT_UNKNOWN_ERROR", title, detail), wait=True
    )


def token_refused() -> Expected:
    code, title = "EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED", "External payment token validation failed"
    return refusal("external-payment-refused", entry(402, code, title, {"token": "<redacted>"}))


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_UNKNOWN_ERROR")
@pytest.mark.parametrize(
    "broken",
    [
        http_reply(b"<html>maintenance</html>", content_type="text/html"),
        http_reply(b"{}", "500 Internal Server Error"),
        http_reply(b"", "302 Found", headers="Location: http://127.0.0.1:9/\r\n"),
        http_reply(b'{"valid": tru'),
        b"",
    ],
    ids=["html", "500", "redirect", "half", "dropped"],
)
async def test_partner_that_gives_no_verdict(prove: Prove, open_bonsai_shop: OpenShop, broken: bytes) -> None:
    async with raw_server(broken) as server:
        shop = await open_bonsai_shop(partner(server.url))

        async def repair() -> None:
            server.reply = http_reply({"valid": True})

        await prove(shop.submit(), unknown_error(), mend=repair, effect=shop.assert_placed)
        assert server.requests[-1].headers["api-key"] == "partner-key"


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_UNKNOWN_ERROR")
async def test_partner_that_is_not_there(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    nowhere = f"http://127.0.0.1:{await unused_port()}"
    async with raw_server(http_reply(b"", "204 No Content")) as server:
        shop = await open_bonsai_shop(partner(nowhere))
        mend = shop.changing(partner(server.url))
        await prove(shop.submit(), unknown_error(), mend=mend, effect=shop.assert_placed)


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_UNKNOWN_ERROR")
async def test_partner_that_is_too_slow(prove: Prove, open_bonsai_shop: OpenShop, server: Server) -> None:
    shop = await open_bonsai_shop({API: {"partner": "simulated"}, "partner/tokens": ["paid-1"]})
    await order_fault(server, shop, {"target": "tokens.validate", "kind": "timeout", "delay": 0.05})
    await prove(shop.submit(), unknown_error(), mend=shop.submit(), effect=shop.assert_placed)


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED")
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "verdict", [http_reply({"valid": False}), http_reply(b"", "404 Not Found")], ids=["no", "unknown"]
)
async def test_partner_says_no(prove: Prove, open_bonsai_shop: OpenShop, verdict: bytes, method: str) -> None:
    async with raw_server(verdict) as server:
        shop = await open_bonsai_shop(partner(server.url, method))

        async def pay() -> None:
            server.reply = http_reply({"valid": True})

        await prove(shop.submit(), token_refused(), mend=pay, effect=shop.assert_placed)


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED")
async def test_simulated_partner_says_no(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({API: {"partner": "simulated"}, "partner/tokens": ["paid-2"]})
    mend = shop.changing({"partner/tokens": ["paid-1", "paid-2"]})
    await prove(shop.submit(), token_refused(), mend=mend, effect=shop.assert_placed)


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_TOKEN_VALIDATION_FAILED")
@pytest.mark.parametrize("api", [{"skip_validation": True}, {"partner": "simulated"}])
async def test_token_that_has_vouched_for_another_order(
    prove: Prove, open_bonsai_shop: OpenShop, api: dict[str, Any]
) -> None:
    shop = await open_bonsai_shop({API: api, "partner/tokens": ["paid-1", "paid-2"]})
    first = await prove.client.send(shop.submit())
    assert first.status == 200, first.body
    mend = shop.submit({"payment/token": "paid-2"})
    await prove(shop.submit(), token_refused(), mend=mend, effect=shop.assert_placed)


QUOTE = {
    "totalTax": 3.25,
    "lines": [{"lineNumber": "0", "tax": 2.6}, {"lineNumber": "1", "tax": 0.65}],
}
CREATE = "/api/v2/transactions/create"


def avatax(url: str) -> Edits:
    """An account whose taxes AvaTax calculates, at this address."""
    settings = {"provider": "avatax", "account": "2000", "license_key": "avatax-secret", "base_url": url}
    return {"channels/shop/settings/taxes": settings}


def no_taxes(detail: str) -> Expected:
    title = "There was an error calculating taxes or duties"
    return refusal("tax-unavailable", entry(400, "TAXES_OR_DUTIES_ERROR", title, detail), wait=True)


@pytest.mark.row("bonsai.TAXES_OR_DUTIES_ERROR")
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            http_reply(b"<html>502</html>", "502 Bad Gateway", "text/html"),
            "invalid json response body at {url} reason: Unexpected token < in JSON at position 0",
        ),
        (http_reply(b""), "invalid json response body at {url} reason: Unexpected end of JSON input"),
        (b"", "request to {url} failed, reason: socket hang up"),
    ],
    ids=["html", "empty", "dropped"],
)
async def test_tax_provider_that_makes_no_sense(
    prove: Prove, open_bonsai_shop: OpenShop, reply: bytes, reason: str
) -> None:
    async with raw_server(reply) as server:
        shop = await open_bonsai_shop(avatax(server.url))

        async def repair() -> None:
            server.reply = http_reply(QUOTE)

        expected = no_taxes(f"FetchError: {reason.format(url=server.url + CREATE)}")
        await prove(shop.submit(), expected, mend=repair, effect=shop.assert_placed)


@pytest.mark.row("bonsai.TAXES_OR_DUTIES_ERROR")
async def test_tax_provider_that_is_not_there(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    port = await unused_port()
    shop = await open_bonsai_shop(avatax(f"http://user:pass@127.0.0.1:{port}"))
    reason = (
        f"request to http://127.0.0.1:{port}{CREATE} failed, reason: connect ECONNREFUSED 127.0.0.1:{port}"
    )
    async with raw_server(http_reply(QUOTE)) as server:
        mend = shop.changing(avatax(server.url))
        await prove(shop.submit(), no_taxes(f"FetchError: {reason}"), mend=mend, effect=shop.assert_placed)


@pytest.mark.row("bonsai.TAXES_OR_DUTIES_ERROR")
async def test_tax_provider_that_is_too_slow(
    prove: Prove, open_bonsai_shop: OpenShop, server: Server
) -> None:
    async with raw_server(http_reply(QUOTE)) as provider:
        shop = await open_bonsai_shop(avatax(provider.url))
        await order_fault(server, shop, {"target": "taxes.quote", "kind": "timeout", "delay": 0.05})
        expected = no_taxes(f"FetchError: network timeout at: {provider.url}{CREATE}")
        await prove(shop.submit(), expected, mend=shop.submit(), effect=shop.assert_placed)


@pytest.mark.row("bonsai.TAX_ERROR")
async def test_tax_provider_that_refuses(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    detail: dict[str, Any] = {
        "message": "The address is incomplete or invalid.",
        "code": "InvalidAddress",
        "number": 309,
        "description": "The address was not found.",
        "faultCode": "Client",
        "helpLink": "https://developer.avalara.com/avatax/errors/InvalidAddress",
        "severity": "Error",
    }
    error = {"error": {"code": detail["code"], "message": detail["message"], "details": [detail]}}
    async with raw_server(http_reply(error, "400 Bad Request")) as server:
        shop = await open_bonsai_shop(avatax(server.url))

        async def repair() -> None:
            server.reply = http_reply(QUOTE)

        await prove(
            shop.submit(),
            refusal("tax-refused", entry(400, "TAX_ERROR", "Error during a tax calculation", detail)),
            mend=repair,
            effect=shop.assert_placed,
        )


async def order_fault(server: Server, shop: Shop, fault: dict[str, Any]) -> None:
    """Let something fail once in the shop's workspace."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        reply = await client.post("/sandbox/faults", json={**fault, "workspace": shop.name})
    assert reply.status_code == 201, reply.text
