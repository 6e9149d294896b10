"""Who is a customer shows neither in answers nor in work, and guessing ends soon, for all processes together."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from tests.doors.textalk.people import EVA, Shopping, from_elsewhere
from tests.support.webshop import PASSWORD, patch


async def test_whoever_may_not_log_in_hears_the_same_after_the_same_work(eva: Shopping) -> None:
    await eva.joined()
    unapproved = await eva.joined("una@example.com")
    await eva.call("Customer.signup", patch("new@example.com"))
    admin = await eva.shop.administrator()
    await eva.call("Customer.set", unapproved, {"approved": False}, auth=admin)
    await eva.shop.letters("new@example.com")
    session, seen = await eva.shop.session(), set[str]()
    strange = ("nobody@example.com", "", "x" * 10_000, "a\ud7ff@example.com")
    known = (
        (EVA, "wrong password"),
        (EVA, "x" * 500_000),
        ("una@example.com", PASSWORD),
        ("new@example.com", PASSWORD),
    )
    for email, password in (*known, *((each, PASSWORD) for each in strange)):
        before, counted = eva.passwords.runs, await eva.shop.count("tries")
        error = await eva.error("Customer.login", email, password, session=session)
        seen.add(json.dumps(error))
        assert eva.passwords.runs == before + 1
        assert await eva.shop.count("tries") >= counted
    assert seen == {'{"code": 3001, "message": "Login failed"}'}


async def test_a_reset_is_asked_for_with_the_same_work_whoever_it_is(eva: Shopping) -> None:
    await eva.joined()
    await eva.call("Customer.signup", patch("new@example.com"))
    await eva.shop.letters("new@example.com")
    done: list[tuple[str | int, ...]] = []
    for email in (EVA, "new@example.com", "nobody@example.com", "no address", "x" * 1_000):
        before = await written(eva)
        reply = await eva.reply("Customer.requestPasswordReset", email)
        after = await written(eva)
        done.append((reply.text, *(b - a for a, b in zip(before, after, strict=True))))
    assert set(done) == {('{"jsonrpc":"2.0","id":1,"result":null}', 0, 1, 1)}
    assert len(await eva.shop.letters(EVA)) == 2
    assert len(await eva.shop.letters("new@example.com")) == 1
    assert await eva.shop.letters("nobody@example.com") == []
    assert await eva.shop.count("outbox", "state <> 'delivered'") == 0


async def written(eva: Shopping) -> tuple[int, int, int]:
    """Passwords hashed, mails queued and codes made so far."""
    return eva.passwords.runs, await eva.shop.count("outbox"), await eva.shop.count("one_time_codes")


async def test_signing_up_hashes_once_whether_or_not_the_address_is_taken(eva: Shopping) -> None:
    await eva.joined()
    for email, code in ((EVA, 3005), ("EVA@EXAMPLE.COM", 3005)):
        before = eva.passwords.runs
        assert (await eva.error("Customer.signup", patch(email)))["code"] == code
        assert eva.passwords.runs == before + 1


async def test_tries_to_log_in_are_limited_for_all_processes_together(eva: Shopping) -> None:
    uid = await eva.joined()
    session = await eva.shop.session()
    for number in range(10):
        tried = await eva.call("Customer.login", EVA, f"wrong {number}", session=session, process=number % 2)
        assert tried == 3001
    for process in (0, 1):
        runs = eva.processes[process].passwords.runs
        reply = await eva.reply("Customer.login", EVA, PASSWORD, session=session, process=process)
        assert reply.json()["error"] == {"code": 3001, "message": "Login failed"}
        assert 0 < int(reply.headers["retry-after"]) <= 900
        assert eva.processes[process].passwords.runs == runs
    assert await eva.call("Customer.login", "ada@example.com", PASSWORD, session=session) == 3001
    await eva.shop.age("tries", "since", timedelta(minutes=16))
    assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == {"uid": uid}


async def test_a_good_login_forgets_the_tries_before_it(eva: Shopping) -> None:
    uid = await eva.joined()
    session = await eva.shop.session()
    for _ in range(2):
        for number in range(9):
            assert await eva.call("Customer.login", EVA, f"wrong {number}", session=session) == 3001
        assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == {"uid": uid}


async def test_crowds_that_guess_are_counted_one_by_one(eva: Shopping) -> None:
    await eva.joined()
    session, runs = await eva.shop.session(), eva.passwords.runs
    guesses = [eva.call("Customer.login", EVA, f"wrong {number}", session=session) for number in range(25)]
    assert await asyncio.gather(*guesses) == [3001] * 25
    assert eva.passwords.runs == runs + 10


@pytest.mark.parametrize(
    ("method", "more", "code", "message"),
    [
        ("confirmSignup", [], 3003, "Bad signup code"),
        ("resetPassword", [PASSWORD], 3002, "Bad reset code"),
    ],
)
async def test_tries_of_codes_are_limited(
    eva: Shopping, method: str, more: list[str], code: int, message: str
) -> None:
    await eva.call("Customer.signup", patch())
    good = await eva.shop.code(EVA)
    for number in range(10):
        assert (await eva.error(f"Customer.{method}", f"{number:032x}", *more))["code"] == code
    runs = eva.passwords.runs
    reply = await eva.reply(f"Customer.{method}", good, *more)
    assert reply.json()["error"] == {"code": code, "message": message}
    assert (int(reply.headers["retry-after"]) > 0, eva.passwords.runs) == (True, runs)


async def test_mails_are_limited_by_whom_they_go_to_and_who_asks(eva: Shopping) -> None:
    await eva.joined()
    for _ in range(7):
        assert await eva.call("Customer.requestPasswordReset", EVA) is None
    assert len(await eva.shop.letters(EVA)) == 6
    for number in range(25):
        await eva.call("Customer.requestPasswordReset", f"{number}@example.com")
    queued = await eva.shop.count("outbox")
    assert await eva.call("Customer.requestPasswordReset", "last@example.com") is None
    assert await eva.shop.count("outbox") == queued
    for number in range(29):
        assert "uid" in await eva.call("Customer.signup", patch(f"s{number}@example.com"))
    reply = await eva.reply("Customer.signup", patch("last@example.com"))
    assert (reply.json()["error"]["code"], int(reply.headers["retry-after"]) > 0) == (-32000, True)


async def test_codes_mailed_to_one_address_keep_its_owner_from_no_sign_up(eva: Shopping) -> None:
    """Who floods a mailbox with codes is stopped, and strangers together get few; its owner has a try of his own."""
    for stranger, sent in ((2, 5), (3, 5), (4, 1)):
        async with from_elsewhere(eva, f"127.0.0.{stranger}"):
            outcomes = [await eva.call("Customer.signup", patch()) for _ in range(6)]
            assert outcomes[sent:] == [-32000] * (6 - sent)
    assert len(await eva.shop.letters(EVA)) == 11
    own = await eva.call("Customer.signup", patch())
    assert await eva.call("Customer.confirmSignup", await eva.shop.code(EVA)) == own


async def test_a_crowd_that_waits_for_hashing_is_sent_away(
    eva: Shopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.doors.kit.admission.passwords.MOST_WAITING", 2)
    calls = [eva.reply("Customer.signup", patch(f"{number}@example.com")) for number in range(8)]
    replies = await asyncio.gather(*calls)
    refused = [reply for reply in replies if "error" in reply.json()]
    assert 0 < len(refused) < 8
    assert {(reply.json()["error"]["code"], reply.headers["retry-after"]) for reply in refused} == {
        (-32000, "1")
    }
