"""The Stripe adapter against a local server that answers and fails as Stripe does: each failure, each wording."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from tests.support.stripe_server import StripeServer
from tests.support.waiting import out_of_time

from entrepot.gateways.cards.port import (
    CallFailed,
    CardGateway,
    CreateIntent,
    Declined,
    Intent,
    Refund,
    Reversal,
    TokenUsed,
    Transfer,
)
from entrepot.gateways.cards.stripe import StripeCards

KEY = "sk_test_abcdefghijklmnop"
LOST = CallFailed(None, in_doubt=True)
NOT_SENT = CallFailed(None, in_doubt=False)


@pytest.fixture
def server() -> StripeServer:
    return StripeServer()


@pytest.fixture
async def cards(server: StripeServer) -> AsyncIterator[StripeCards]:
    async with server.listening() as url:
        gateway = StripeCards(KEY, url, timeout=60, private=True)
        await gateway.read("pi_warm_up")  # the first call imports the SDK
        server.steps.clear()
        yield gateway
        await gateway.close()


async def made(cards: CardGateway, key: str = "a1", amount: int = 1000) -> Intent:
    intent = await cards.create_intent(CreateIntent(key, amount, "USD", {"attempt": key, "workspace": "7"}))
    assert isinstance(intent, Intent)
    return intent


async def answered(call: Coroutine[Any, Any, object], server: StripeServer, step: str, kind: str) -> object:
    """What a call comes to, without waiting for an answer that never comes."""
    before = server.steps.count(step)
    if kind != "silence":
        return await call
    return await out_of_time(call, lambda: server.steps.count(step) > before)


async def charged(cards: CardGateway, token: str = "tok_visa") -> Intent:
    intent = await made(cards)
    assert isinstance(await cards.confirm(intent.id, token, "a1"), Intent)
    captured = await cards.capture(intent.id)
    assert isinstance(captured, Intent)
    return captured


def test_the_adapter_is_a_card_gateway():
    gateway: CardGateway = StripeCards(KEY)
    assert gateway


async def test_the_whole_way_of_a_charge(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    assert (intent.status, intent.currency, dict(intent.metadata)) == (
        "requires_payment_method",
        "USD",
        {"attempt": "a1", "workspace": "7"},
    )
    assert intent.client_secret.startswith(intent.id)
    assert server.books.intents[intent.id]["capture_method"] == "manual"
    reserved = await cards.confirm(intent.id, "tok_visa", "a1")
    assert isinstance(reserved, Intent)
    assert (reserved.status, reserved.description) == ("requires_capture", "visa ending in 4242")
    captured = await cards.capture(intent.id, 900)
    assert isinstance(captured, Intent)
    assert (captured.status, captured.captured) == ("succeeded", 900)
    assert await cards.read(intent.id) == captured
    refund = await cards.refund(intent.id, 300, "r1")
    assert isinstance(refund, Refund)
    assert (refund.amount, refund.status) == (300, "succeeded")
    transfer = await cards.transfer(intent.id, "acct_ready", 500, "t1")
    assert isinstance(transfer, Transfer)
    assert (transfer.account, transfer.amount, transfer.currency) == ("acct_ready", 500, "USD")


@pytest.mark.parametrize("token", ["tok_mastercard", "pm_card_visa", "tok_once_1"])
async def test_both_kinds_of_tokens_pay(cards: StripeCards, token: str):
    assert (await charged(cards, token)).status == "succeeded"


async def test_repeats_give_the_first_answer(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    assert await made(cards) == intent
    assert await cards.confirm(intent.id, "tok_visa", "a1") == await cards.confirm(
        intent.id, "tok_visa", "a1"
    )
    captured = await cards.capture(intent.id)
    assert await cards.capture(intent.id) == captured == await cards.cancel(intent.id)
    assert await cards.refund(intent.id, 300, "r1") == await cards.refund(intent.id, 300, "r1")
    moved = await cards.transfer(intent.id, "acct_ready", 1, "t1")
    assert await cards.transfer(intent.id, "acct_ready", 1, "t1") == moved
    assert (len(server.books.refunds), len(server.books.transfers)) == (1, 1)


async def test_a_key_belongs_to_one_request(cards: StripeCards):
    await made(cards)
    again = await cards.create_intent(CreateIntent("a1", 999, "USD"))
    assert isinstance(again, CallFailed)
    assert again.reason.startswith("Keys for idempotent requests can only be used with the same parameters")
    assert not again.in_doubt


async def test_cancel_twice_is_cancel_once(cards: StripeCards):
    intent = await made(cards)
    first = await cards.cancel(intent.id)
    assert isinstance(first, Intent)
    assert first.status == "canceled"
    assert await cards.cancel(intent.id) == first


async def test_what_was_made_is_found_when_its_key_has_ended(cards: StripeCards, server: StripeServer):
    intent = await charged(cards)
    await made(cards, "a2")
    refund = await cards.refund(intent.id, 300, "r1")
    transfer = await cards.transfer(intent.id, "acct_ready", 500, "t1")
    server.forget_keys()
    request = CreateIntent("a1", 1000, "USD", {"attempt": "a1", "workspace": "7"})
    assert await cards.find_intent(request) == intent
    assert await cards.find_refund(intent.id, "r1") == refund
    assert await cards.transfer(intent.id, "acct_ready", 500, "t1") == transfer
    assert len(server.books.transfers) == 1
    unknown = CreateIntent("a3", 1000, "USD", {"attempt": "a3"})
    assert (await cards.find_intent(unknown), await cards.find_refund(intent.id, "r2")) == (None, None)


@pytest.mark.parametrize("step", ["search", "list_refunds", "list_transfers"])
async def test_a_look_up_that_fails_is_never_in_doubt(cards: StripeCards, server: StripeServer, step: str):
    intent = await charged(cards)
    server.fail(step, "drop")
    asked = {
        "search": lambda: cards.find_intent(CreateIntent("a1", 1000, "USD", {"attempt": "a1"})),
        "list_refunds": lambda: cards.find_refund(intent.id, "r1"),
        "list_transfers": lambda: cards.transfer(intent.id, "acct_ready", 500, "t1"),
    }
    assert await asked[step]() == CallFailed(None, in_doubt=False)
    assert server.books.transfers == {}


async def test_a_lapsed_intent_cannot_be_let_go(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    await cards.confirm(intent.id, "tok_visa", "a1")
    server.books.lapse(intent.id)
    refused = await cards.cancel(intent.id)
    assert isinstance(refused, CallFailed)
    assert (refused.in_doubt, refused.code) == (False, "payment_intent_unexpected_state")
    assert isinstance(await cards.capture(intent.id), CallFailed)


async def test_a_cancelled_intent_is_not_captured(cards: StripeCards):
    intent = await made(cards)
    await cards.cancel(intent.id)
    assert await cards.capture(intent.id) == CallFailed(
        "You cannot capture this PaymentIntent because it has a status of canceled: <redacted>",
        in_doubt=False,
        code="payment_intent_unexpected_state",
    )


@pytest.mark.parametrize(
    ("token", "declined"),
    [
        ("tok_chargeDeclined", Declined("Your card was declined.", "generic_decline")),
        (
            "tok_chargeDeclinedInsufficientFunds",
            Declined("Your card has insufficient funds.", "insufficient_funds"),
        ),
        ("tok_chargeDeclinedExpiredCard", Declined("Your card has expired.", "expired_card")),
        (
            "tok_threeDSecure2Required",
            Declined("Your card requires authentication.", "authentication_required"),
        ),
    ],
)
async def test_declines(cards: StripeCards, token: str, declined: Declined):
    intent = await made(cards)
    assert await cards.confirm(intent.id, token, "a1") == declined
    assert await cards.confirm(intent.id, token, "a1") == declined
    assert isinstance(await cards.confirm(intent.id, "tok_visa", "a2"), Intent)


async def test_a_demanded_authentication_as_an_error_is_the_same_decline(
    cards: StripeCards, server: StripeServer
):
    intent = await made(cards)
    server.fail(
        "confirm",
        "error",
        status=402,
        acts=False,
        error={"type": "card_error", "code": "authentication_required", "message": "Authenticate, please."},
    )
    assert await cards.confirm(intent.id, "tok_visa", "a1") == Declined(
        "Your card requires authentication.", "authentication_required"
    )


async def test_a_decline_without_words_has_the_usual_ones(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    server.fail("confirm", "error", status=402, acts=False, error={"type": "card_error"})
    assert await cards.confirm(intent.id, "tok_visa", "a1") == Declined(
        "Your card was declined.", "card_declined"
    )


async def test_a_used_token(cards: StripeCards):
    await charged(cards, "tok_once_1")
    assert await cards.confirm((await made(cards, "a2")).id, "tok_once_1", "a2") == TokenUsed()


async def test_a_used_payment_method(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    message = "This PaymentMethod was previously used without being attached and may not be used again."
    used: dict[str, object] = {"type": "invalid_request_error", "message": message}
    server.fail("confirm", "error", status=400, acts=False, error=used)
    assert await cards.confirm(intent.id, "pm_card_visa", "a1") == TokenUsed()


async def test_an_unknown_token_is_masked(cards: StripeCards):
    intent = await made(cards)
    outcome = await cards.confirm(intent.id, "tok_unknown", "a1")
    assert outcome == CallFailed("No such token: '<redacted>'", in_doubt=False, code="resource_missing")


async def test_an_unknown_intent_is_masked(cards: StripeCards):
    assert await cards.read("pi_none") == CallFailed(
        "No such payment_intent: '<redacted>'", in_doubt=False, code="resource_missing"
    )


async def test_a_wrong_key_is_masked(server: StripeServer):
    async with server.listening() as url:
        cards = StripeCards("sk_live_wrong", url, private=True)
        outcome = await cards.create_intent(CreateIntent("a1", 100, "USD"))
        assert outcome == CallFailed("Invalid API Key provided: <redacted>", in_doubt=False)
        await cards.close()


async def test_a_bad_request_keeps_stripes_sentence(cards: StripeCards):
    assert await cards.create_intent(CreateIntent("a1", 1, "USD")) == CallFailed(
        "Amount must be at least $0.50 usd", in_doubt=False, code="amount_too_small"
    )


async def test_too_many_requests_changed_nothing(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    busy: dict[str, object] = {"code": "rate_limit", "message": "Too many requests hit the API too quickly."}
    server.fail("confirm", "error", status=429, acts=False, error=busy)
    assert await cards.confirm(intent.id, "tok_visa", "a1") == CallFailed(
        "Too many requests hit the API too quickly.", in_doubt=False, code="rate_limit"
    )


async def test_a_key_in_use_is_in_doubt(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    message = "There is currently another in-progress request using this Idempotent Key."
    in_use: dict[str, object] = {
        "type": "idempotency_error",
        "code": "idempotency_key_in_use",
        "message": message,
    }
    server.fail("confirm", "error", status=409, acts=False, error=in_use)
    assert await cards.confirm(intent.id, "tok_visa", "a1") == CallFailed(
        message, in_doubt=True, code="idempotency_key_in_use"
    )


async def test_a_server_error_with_a_sentence_is_in_doubt(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    server.fail("confirm", "error", status=500, error={"type": "api_error", "message": "Oops: pi_123."})
    assert await cards.confirm(intent.id, "tok_visa", "a1") == CallFailed("Oops: <redacted>.", in_doubt=True)
    after = await cards.read(intent.id)
    assert isinstance(after, Intent)
    assert after.status == "requires_capture"


@pytest.mark.parametrize("kind", ["drop", "half", "silence"])
@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("step", ["create", "confirm", "capture", "cancel", "refund", "transfer"])
async def test_no_whole_answer_leaves_the_call_in_doubt(
    cards: StripeCards, server: StripeServer, step: str, kind: str, acts: bool
):
    intent = await made(cards, "a0")
    if step in ("capture", "refund", "transfer"):
        await cards.confirm(intent.id, "tok_visa", "a0")
    if step in ("refund", "transfer"):
        await cards.capture(intent.id)
    calls = {
        "create": lambda: cards.create_intent(CreateIntent("a1", 1000, "USD")),
        "confirm": lambda: cards.confirm(intent.id, "tok_visa", "a1"),
        "capture": lambda: cards.capture(intent.id),
        "cancel": lambda: cards.cancel(intent.id),
        "refund": lambda: cards.refund(intent.id, 100, "r1"),
        "transfer": lambda: cards.transfer(intent.id, "acct_ready", 100, "t1"),
    }
    server.fail(step, kind, acts=acts)
    assert await answered(calls[step](), server, step, kind) == LOST
    assert server.steps.count(step) - (step == "create") == 1, "the adapter never retries by itself"
    assert not isinstance(await calls[step](), CallFailed), "the same call again finds its way"


@pytest.mark.parametrize("status", [200, 502])
async def test_html_is_no_answer_and_is_never_quoted(cards: StripeCards, server: StripeServer, status: int):
    intent = await made(cards)
    server.fail("confirm", "html", status=status)
    assert await cards.confirm(intent.id, "tok_visa", "a1") == LOST


async def test_html_with_a_refusal_changed_nothing(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    server.fail("confirm", "html", status=403, acts=False)
    assert await cards.confirm(intent.id, "tok_visa", "a1") == NOT_SENT


@pytest.mark.parametrize("kind", ["drop", "half", "silence", "html"])
async def test_reading_is_never_in_doubt(cards: StripeCards, server: StripeServer, kind: str):
    intent = await made(cards)
    server.fail("read", kind)
    assert await answered(cards.read(intent.id), server, "read", kind) == NOT_SENT


async def test_json_that_is_no_intent_is_no_answer(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    server.books.intents[intent.id]["status"] = "on_holiday"
    assert await cards.read(intent.id) == NOT_SENT
    del server.books.intents[intent.id]["currency"]
    assert await cards.cancel(intent.id) == LOST


async def test_a_refused_connection_sent_nothing(server: StripeServer):
    async with server.listening() as url:
        pass
    cards = StripeCards(KEY, url, private=True)
    assert await cards.create_intent(CreateIntent("a1", 100, "USD")) == NOT_SENT
    assert await cards.confirm("pi_1", "tok_visa", "a1") == NOT_SENT
    assert await cards.payout_ready("acct_ready") == NOT_SENT
    await cards.close()


async def test_a_checkout_intent_that_the_shopper_confirmed(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    unconfirmed = Declined("The payment intent has not been confirmed.", "requires_payment_method")
    assert await cards.confirm(intent.id, None, "a1") == unconfirmed
    assert "confirm" not in server.steps
    server.books.confirm(intent.id, {"payment_method": "pm_card_visa"})
    reserved = await cards.confirm(intent.id, None, "a1")
    assert isinstance(reserved, Intent)
    assert reserved.description == "visa ending in 4242"
    await cards.capture(intent.id)
    assert await cards.confirm(intent.id, None, "a1") == TokenUsed()


async def test_a_checkout_intent_that_waits_for_authentication(cards: StripeCards, server: StripeServer):
    intent = await made(cards)
    server.books.confirm(intent.id, {"payment_method": "tok_threeDSecure2Required"})
    assert await cards.confirm(intent.id, None, "a1") == Declined(
        "Your card requires authentication.", "authentication_required"
    )
    assert await cards.confirm("pi_none", None, "a1") == CallFailed(
        "No such payment_intent: '<redacted>'", in_doubt=False, code="resource_missing"
    )


async def test_too_large_a_refund_keeps_stripes_sentence(cards: StripeCards):
    intent = await charged(cards)
    assert await cards.refund(intent.id, 1001, "r1") == CallFailed(
        "Refund amount ($2.00) is greater than unrefunded amount on charge ($1.00)", in_doubt=False
    )


async def test_merchants_without_payouts(cards: StripeCards, server: StripeServer):
    assert await cards.payout_ready("acct_ready") is True
    assert await cards.payout_ready("acct_new") is False
    assert await cards.payout_ready("acct_none") is False
    server.fail("account", "error", status=500, error={"message": "Down."})
    assert await cards.payout_ready("acct_ready") == CallFailed("Down.", in_doubt=False)
    intent = await charged(cards)
    assert await cards.transfer(intent.id, "acct_none", 1, "t1") == CallFailed(
        "No such destination: '<redacted>'", in_doubt=False, code="resource_missing"
    )


async def test_no_charge_no_transfer(cards: StripeCards):
    intent = await made(cards)
    assert await cards.transfer(intent.id, "acct_ready", 1, "t1") == CallFailed(
        "This PaymentIntent does not have a successful charge.", in_doubt=False
    )
    assert isinstance(await cards.transfer("pi_none", "acct_ready", 1, "t2"), CallFailed)


async def test_neither_token_nor_key_reaches_the_log(cards: StripeCards, caplog: pytest.LogCaptureFixture):
    caplog.set_level(0)
    intent = await made(cards)
    await cards.confirm(intent.id, "tok_unknown", "a1")
    assert "tok_unknown" not in caplog.text
    assert KEY not in caplog.text


async def test_calls_at_the_same_moment_share_one_client(server: StripeServer):
    async with server.listening() as url:
        cards = StripeCards(KEY, url, private=True)
        intents = await asyncio.gather(*(made(cards, f"a{n}") for n in range(20)))
        await cards.close()
    assert len({intent.id for intent in intents}) == 20


async def test_a_transfer_is_taken_back_once_per_key_however_old(cards: StripeCards, server: StripeServer):
    intent = await charged(cards)
    assert isinstance(await cards.capture(intent.id), Intent)
    early = await cards.reverse(intent.id, "acct_ready", 200, "t1", "b1")
    assert early == CallFailed("The transfer has not been made.", in_doubt=False)
    transfer = await cards.transfer(intent.id, "acct_ready", 500, "t1")
    assert isinstance(transfer, Transfer)
    server.fail("reverse", "drop", acts=True)
    assert await cards.reverse(intent.id, "acct_ready", 200, "t1", "b1") == CallFailed(None, in_doubt=True)
    server.forget_keys()
    first = await cards.reverse(intent.id, "acct_ready", 200, "t1", "b1")
    assert isinstance(first, Reversal)
    assert (first.transfer_id, first.amount) == (transfer.id, 200)
    assert isinstance(await cards.reverse(intent.id, "acct_ready", 300, "t1", "b2"), Reversal)
    assert isinstance(await cards.reverse(intent.id, "acct_ready", 1, "t1", "b3"), CallFailed)
    assert [each["amount"] for each in server.books.reversals.values()] == [200, 300]
    server.fail("list_reversals", "error", status=500, error={"message": "Down."})
    down = CallFailed("Down.", in_doubt=False)
    assert await cards.reverse(intent.id, "acct_ready", 300, "t1", "b2") == down
    assert isinstance(await cards.reverse("pi_none", "acct_ready", 1, "t1", "b4"), CallFailed)
