import asyncio
from functools import partial
from typing import Any

import asyncpg
import pytest
from tests.support.blocked import blocked
from tests.support.cluster import not_on_citus
from tests.support.waiting import eventually

from entrepot.engine.clock import real_now
from entrepot.gateways.cards.bank import AccountSeed, BankCards, BankSeed, CardSeed, PayoutSeed, rules, seed
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
from entrepot.store.connections import write_pool

WORLD = BankSeed(
    accounts=(AccountSeed("ada", "USD", 10_000, "Ada"), AccountSeed("poor", "USD", 10, "Poor")),
    cards=(
        CardSeed("tok_visa", "ada", reusable=True),
        CardSeed("tok_second", "ada", reusable=True),
        CardSeed("tok_test", "ada", last4="1111", reusable=True, family=True),
        CardSeed("tok_test_mc", "ada", "mastercard", "2222", reusable=True, family=True),
        CardSeed("tok_once", "ada", "mastercard", "4444"),
        CardSeed("tok_poor", "poor"),
        CardSeed("tok_3ds", "ada", state="requires_authentication"),
    ),
    payouts=(PayoutSeed("acct_shop", "Shop"),),
)

MANY_INTENTS = """
insert into bank_intents (workspace, id, status, amount, currency, client_secret, metadata)
select 1, 'pi_' || n, 'canceled', 1, 'USD', '', '{}' from generate_series(1, $1) n
"""
WORKING = """
select count(*) from pg_stat_activity where datname = current_database() and application_name = 'entrepot'
"""
READ_THROUGH = "select seq_tup_read from pg_stat_user_tables where relname = 'bank_intents'"


@pytest.fixture
async def cards(books: Any) -> BankCards:
    async with books.acquire() as conn:
        await seed(conn, 1, WORLD)
    return BankCards(books, 1, real_now)


async def made(cards: CardGateway, key: str = "a1", amount: int = 1000) -> Intent:
    intent = await cards.create_intent(CreateIntent(key, amount, "USD", {"attempt": key}))
    assert isinstance(intent, Intent)
    return intent


async def funds(pool: Any, account: str) -> tuple[int, int]:
    row = await pool.fetchrow(
        "select balance, reserved from bank_funds where workspace = 1 and account = $1", account
    )
    return row["balance"], row["reserved"]


@not_on_citus("plans are made for the values at hand, and what shards read is told by their nodes")
async def test_a_charge_reads_no_other_however_many_have_come_since_its_statements_were_planned(
    bank_pool: Any, database_url: str
) -> None:
    books = await write_pool(database_url, 1)
    async with books.acquire() as conn:
        await seed(conn, 1, WORLD)
    cards = BankCards(books, 1, real_now)

    async def charge(key: str) -> None:
        intent = await made(cards, key, 10)
        await cards.confirm(intent.id, "tok_visa", key)
        assert isinstance(await cards.capture(intent.id), Intent)

    for number in range(8):
        await charge(f"a{number}")
    await bank_pool.execute("analyze")  # now PostgreSQL knows how few there are, and plans anew
    await charge("a8")
    await bank_pool.execute(MANY_INTENTS, 5_000)
    await charge("b")
    await books.close()
    while await bank_pool.fetchval(WORKING):  # noqa: ASYNC110  (what a connection read is told as it ends)
        await asyncio.sleep(0.01)
    assert await bank_pool.fetchval(READ_THROUGH) < 5_000


async def test_the_whole_way_of_a_charge(cards: BankCards, bank_pool: Any):
    intent = await made(cards)
    assert (intent.status, dict(intent.metadata)) == ("requires_payment_method", {"attempt": "a1"})
    reserved = await cards.confirm(intent.id, "tok_visa", "a1")
    assert isinstance(reserved, Intent)
    assert (reserved.status, reserved.description) == ("requires_capture", "visa ending in 4242")
    assert await funds(bank_pool, "ada") == (10_000, 1000)
    captured = await cards.capture(intent.id)
    assert isinstance(captured, Intent)
    assert (captured.status, captured.captured) == ("succeeded", 1000)
    assert await cards.transfer(intent.id, "acct_shop", 900, "t1") == Transfer(
        (await _only(bank_pool, "bank_transfers")), "acct_shop", 900, "USD"
    )
    refund = await cards.refund(intent.id, 300, "r1")
    assert isinstance(refund, Refund)
    assert await funds(bank_pool, "ada") == (9300, 0)
    assert await funds(bank_pool, "acct_shop") == (900, 0)


async def _only(pool: Any, table: str) -> str:
    return await pool.fetchval(f"select id from {table}")


async def test_repeats_change_nothing(cards: BankCards, bank_pool: Any):
    intent = await made(cards)
    assert await made(cards) == intent
    first = await cards.confirm(intent.id, "tok_visa", "a1")
    assert await cards.confirm(intent.id, "tok_visa", "a1") == first
    captured = await cards.capture(intent.id)
    assert await cards.capture(intent.id) == captured == await cards.read(intent.id)
    assert await cards.cancel(intent.id) == captured
    assert await cards.refund(intent.id, 300, "r1") == await cards.refund(intent.id, 300, "r1")
    moved = await cards.transfer(intent.id, "acct_shop", 500, "t1")
    assert await cards.transfer(intent.id, "acct_shop", 500, "t1") == moved
    assert await funds(bank_pool, "ada") == (9300, 0)
    assert await funds(bank_pool, "acct_shop") == (500, 0)


async def test_a_key_belongs_to_one_request(cards: BankCards, bank_pool: Any):
    intent, other = await made(cards), await made(cards, "a2")
    assert await cards.create_intent(CreateIntent("a1", 999, "USD")) == rules.KEY_REUSED
    await cards.confirm(intent.id, "tok_visa", "a1")
    assert await cards.confirm(other.id, "tok_visa", "a1") == rules.KEY_REUSED
    assert await cards.confirm(intent.id, "tok_once", "a1") == rules.KEY_REUSED
    assert await funds(bank_pool, "ada") == (10_000, 1000)


async def test_a_decline_is_replayed_for_its_key_and_another_key_may_succeed(
    cards: BankCards, bank_pool: Any
):
    intent = await made(cards)
    declined = await cards.confirm(intent.id, "tok_poor", "a1")
    assert declined == Declined("Your card has insufficient funds.", "insufficient_funds")
    await bank_pool.execute("update bank_funds set balance = 5000 where account = 'poor'")
    assert await cards.confirm(intent.id, "tok_poor", "a1") == declined
    assert isinstance(await cards.confirm(intent.id, "tok_poor", "a1-again"), Intent)


async def test_a_token_pays_once_and_is_free_again_after_a_cancel(cards: BankCards):
    first, second = await made(cards, "a1"), await made(cards, "a2")
    assert isinstance(await cards.confirm(first.id, "tok_once", "a1"), Intent)
    assert await cards.confirm(second.id, "tok_once", "a2") == TokenUsed()
    cancelled = await cards.cancel(first.id)
    assert isinstance(cancelled, Intent)
    assert cancelled.status == "canceled"
    assert isinstance(await cards.confirm(second.id, "tok_once", "a2"), Intent)
    assert isinstance(await cards.capture(second.id), Intent)
    assert await cards.confirm((await made(cards, "a3")).id, "tok_once", "a3") == TokenUsed()


async def test_a_checkout_intent_is_confirmed_by_the_shopper(cards: BankCards):
    intent = await made(cards)
    wrong = intent.client_secret[:-1] + "x"
    assert await cards.confirm_by_shopper(wrong, "tok_visa") == rules.NO_SUCH_INTENT
    assert isinstance(await cards.confirm(intent.id, None, "a1"), Declined)
    assert isinstance(await cards.confirm_by_shopper(intent.client_secret, "tok_visa"), Intent)
    assert isinstance(await cards.confirm(intent.id, None, "a1"), Intent)
    await cards.capture(intent.id)
    assert await cards.confirm(intent.id, None, "a1") == TokenUsed()


async def test_authentication_is_demanded_and_given(cards: BankCards):
    intent = await made(cards)
    needed = Declined("Your card requires authentication.", "authentication_required")
    assert await cards.confirm(intent.id, "tok_3ds", "a1") == needed
    assert await cards.confirm(intent.id, None, "a1") == needed
    approved = await cards.answer_challenge(intent.client_secret, approved=True)
    assert isinstance(approved, Intent)
    assert approved.status == "requires_capture"


async def test_unknown_things_and_silly_keys(cards: BankCards):
    intent = await made(cards)
    assert await cards.confirm(intent.id, "tok_unknown", "a1") == rules.NO_SUCH_TOKEN
    assert await cards.confirm(intent.id, "t" * 1000, "a1") == rules.NO_SUCH_TOKEN
    for outcome in (
        await cards.confirm("pi_none", "tok_visa", "a1"),
        await cards.confirm("pi_none", None, "a1"),
        await cards.capture("pi_none"),
        await cards.cancel("pi_none"),
        await cards.read("pi_none"),
        await cards.refund("pi_none", 1, "r"),
        await cards.transfer("pi_none", "acct_shop", 1, "t"),
        await cards.answer_challenge("pi_none_secret_x", approved=True),
    ):
        assert outcome == rules.NO_SUCH_INTENT
    for key in ("", "k" * 201):
        assert isinstance(await cards.create_intent(CreateIntent(key, 100, "USD")), CallFailed)
        assert isinstance(await cards.confirm(intent.id, "tok_visa", key), CallFailed)
    nul = await cards.read("pi_\0")
    assert isinstance(nul, CallFailed)
    assert not nul.in_doubt


async def test_a_merchant_without_account_has_no_transfer(cards: BankCards):
    assert await cards.payout_ready("acct_shop") is True
    assert await cards.payout_ready("acct_none") is False
    assert await cards.payout_ready("ada") is False
    intent = await made(cards)
    await cards.confirm(intent.id, "tok_visa", "a1")
    await cards.capture(intent.id)
    assert await cards.transfer(intent.id, "acct_none", 1, "t1") == rules.NO_SUCH_ACCOUNT


async def test_workspaces_have_banks_of_their_own(cards: BankCards, books: Any):
    intent = await made(cards)
    stranger = BankCards(books, 2, real_now)
    assert await stranger.read(intent.id) == rules.NO_SUCH_INTENT
    theirs = await made(stranger)
    assert await stranger.confirm(theirs.id, "tok_visa", "a1") == rules.NO_SUCH_TOKEN


async def test_many_confirms_of_one_intent_reserve_once(cards: BankCards, bank_pool: Any):
    intent = await made(cards)
    outcomes = await asyncio.gather(*(cards.confirm(intent.id, "tok_visa", f"key{n % 4}") for n in range(12)))
    assert sum(isinstance(o, Intent) for o in outcomes) == 3
    assert await funds(bank_pool, "ada") == (10_000, 1000)


async def test_many_payments_never_overdraw_an_account(cards: BankCards, bank_pool: Any):
    intents = await asyncio.gather(*(made(cards, f"a{n}") for n in range(15)))
    tokens = ["tok_visa", "tok_second", "tok_once"]
    outcomes = await asyncio.gather(
        *(cards.confirm(i.id, tokens[n % 3 if n < 3 else n % 2], i.id) for n, i in enumerate(intents))
    )
    assert sum(isinstance(o, Intent) for o in outcomes) == 10
    assert {o for o in outcomes if not isinstance(o, Intent)} == {
        Declined("Your card has insufficient funds.", "insufficient_funds")
    }
    assert await funds(bank_pool, "ada") == (10_000, 10_000)


async def test_one_token_at_the_same_moment_pays_once(cards: BankCards):
    intents = await asyncio.gather(*(made(cards, f"a{n}") for n in range(8)))
    outcomes = await asyncio.gather(*(cards.confirm(i.id, "tok_once", i.id) for i in intents))
    assert sum(isinstance(o, Intent) for o in outcomes) == 1
    assert sum(o == TokenUsed() for o in outcomes) == 7


async def test_captures_cancels_and_refunds_at_once_conserve_money(cards: BankCards, bank_pool: Any):
    intents = await asyncio.gather(*(made(cards, f"a{n}") for n in range(6)))
    await asyncio.gather(*(cards.confirm(i.id, "tok_visa", i.id) for i in intents))
    await asyncio.gather(*(act(i.id) for i in intents for act in (cards.capture, cards.cancel)))
    await asyncio.gather(*(cards.refund(i.id, 700, f"{i.id}{n}") for i in intents for n in range(2)))
    held = await bank_pool.fetchval("select sum(captured - refunded - transferred) from bank_intents")
    balance, reserved = await funds(bank_pool, "ada")
    assert (balance + held, reserved) == (10_000, 0)


async def test_seeding_twice_keeps_what_is_reserved(cards: BankCards, bank_pool: Any):
    intent = await made(cards)
    await cards.confirm(intent.id, "tok_once", "a1")
    poorer = BankSeed(accounts=(AccountSeed("ada", "USD", 5),), cards=WORLD.cards)
    async with bank_pool.acquire() as conn:
        await seed(conn, 1, poorer)
    assert await funds(bank_pool, "ada") == (1000, 1000)
    assert await cards.confirm((await made(cards, "a2")).id, "tok_once", "a2") == TokenUsed()


@pytest.mark.parametrize(
    ("token", "last4"),
    [("tok_test", "1111"), ("tok_test_1", "1111"), ("tok_test_a_b", "1111"), ("tok_test_mc_1", "2222")],
)
async def test_every_token_of_a_family_stands_for_its_card(cards: BankCards, token: str, last4: str):
    for number in range(2):
        intent = await made(cards, f"a{number}")
        reserved = await cards.confirm(intent.id, token, f"a{number}")
        assert isinstance(reserved, Intent)
        assert (reserved.description or "").endswith(last4)


@pytest.mark.parametrize("token", ["tok_testing", "tok_test1", "tok_visa_1", "tok", "tok_once_1"])
async def test_a_token_of_no_family_is_unknown(cards: BankCards, token: str):
    assert await cards.confirm((await made(cards)).id, token, "a1") == rules.NO_SUCH_TOKEN


async def test_what_was_made_is_found_again(cards: BankCards):
    request = CreateIntent("a1", 1000, "USD", {"attempt": "a1"})
    assert await cards.find_intent(request) is None
    intent = await made(cards)
    await cards.confirm(intent.id, "tok_visa", "a1")
    captured = await cards.capture(intent.id)
    assert await cards.find_intent(request) == captured
    assert await cards.find_refund(intent.id, "r1") is None
    refund = await cards.refund(intent.id, 300, "r1")
    assert await cards.find_refund(intent.id, "r1") == refund


async def test_a_lapsed_authorisation_is_as_if_it_were_cancelled(
    cards: BankCards, books: Any, bank_pool: Any
):
    intent = await made(cards, amount=9_000)
    await cards.confirm(intent.id, "tok_visa", "a1")
    later = BankCards(books, 1, lambda: real_now() + rules.AUTHORISED_FOR)
    assert await later.capture(intent.id) == await later.cancel(intent.id) == rules.LAPSED
    shown = await later.read(intent.id)
    assert isinstance(shown, Intent)
    assert shown.status == "canceled"
    assert isinstance(await cards.confirm((await made(cards, "a2", 9_000)).id, "tok_visa", "a2"), Declined)
    again = await made(later, "a3", 9_000)
    assert isinstance(await later.confirm(again.id, "tok_visa", "a3"), Intent)
    assert await funds(bank_pool, "ada") == (10_000, 9_000)


async def test_a_bank_without_database_fails_as_a_value(postgres_url: str):
    pool: Any = await asyncpg.create_pool(postgres_url, min_size=1, max_size=1)
    cards = BankCards(pool, 1, real_now)
    no_tables = await cards.confirm("pi_1", "tok_visa", "a1")
    assert no_tables == CallFailed(None, in_doubt=False)
    await pool.close()
    assert await cards.confirm("pi_1", "tok_visa", "a1") == CallFailed(None, in_doubt=False)


async def test_a_connection_lost_on_the_way_leaves_the_call_in_doubt(cards: BankCards, bank_pool: Any):
    intent = await made(cards)
    async with asyncio.timeout(60), bank_pool.acquire() as blocker, blocker.transaction():
        await blocker.fetchrow("select from bank_intents where workspace = 1 for update")
        waiting = asyncio.create_task(cards.confirm(intent.id, "tok_visa", "a1"))
        async with bank_pool.acquire() as watching:
            (victim,) = await eventually(partial(blocked, watching))
            await watching.execute("select pg_terminate_backend($1::int)", victim)
        assert await waiting == CallFailed(None, in_doubt=True)


async def test_a_transfer_is_taken_back_once_per_key_and_never_beyond_it(cards: BankCards, bank_pool: Any):
    intent = await made(cards)
    await cards.confirm(intent.id, "tok_visa", "a1")
    await cards.capture(intent.id)
    early = await cards.reverse(intent.id, "acct_shop", 200, "t1", "b1")
    assert early == rules.NOT_TRANSFERRED
    transfer = await cards.transfer(intent.id, "acct_shop", 500, "t1")
    assert isinstance(transfer, Transfer)
    first = await cards.reverse(intent.id, "acct_shop", 200, "t1", "b1")
    assert first == Reversal(await _only(bank_pool, "bank_reversals"), transfer.id, 200)
    assert await cards.reverse(intent.id, "acct_shop", 200, "t1", "b1") == first
    assert await funds(bank_pool, "acct_shop") == (300, 0)
    assert await cards.reverse(intent.id, "acct_shop", 300, "t1", "b1") == rules.KEY_REUSED
    assert isinstance(await cards.reverse(intent.id, "acct_shop", 301, "t1", "b2"), CallFailed)
    assert isinstance(await cards.reverse(intent.id, "ada", 1, "t1", "b2"), CallFailed)
    await bank_pool.execute("update bank_funds set balance = 299 where account = 'acct_shop'")
    empty = await cards.reverse(intent.id, "acct_shop", 300, "t1", "b2")
    assert isinstance(empty, CallFailed)
    assert empty.code == "balance_insufficient"
    await bank_pool.execute("update bank_funds set balance = 300 where account = 'acct_shop'")
    assert isinstance(await cards.reverse(intent.id, "acct_shop", 300, "t1", "b2"), Reversal)
    assert await funds(bank_pool, "acct_shop") == (0, 0)
    assert await bank_pool.fetchval("select transferred from bank_intents") == 0
