"""Codes work once and for a time, addresses are one customer's, in a crowd too, and shops share nothing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta

from entrepot.checks import run_checks
from tests.doors.textalk.people import DAY, EVA, HOUR, Shopping
from tests.support.webshop import PASSWORD, Webshop, code_in, patch


async def test_codes_end_with_their_time(eva: Shopping) -> None:
    await eva.joined()
    await eva.call("Customer.requestPasswordReset", EVA)
    reset = await eva.shop.code(EVA)
    await eva.call("Customer.signup", patch("new@example.com"))
    signup = await eva.shop.code("new@example.com")
    eva.processes[0].clock.offset = HOUR - timedelta(minutes=1)
    eva.processes[1].clock.offset = HOUR
    assert (await eva.error("Customer.resetPassword", reset, PASSWORD, process=1))["code"] == 3002
    assert await eva.call("Customer.resetPassword", reset, PASSWORD) is None
    eva.processes[1].clock.offset = DAY
    assert (await eva.error("Customer.confirmSignup", signup, process=1))["code"] == 3003
    assert "uid" in await eva.call("Customer.confirmSignup", signup)


async def test_a_code_is_good_for_one_thing_only(eva: Shopping) -> None:
    await eva.joined()
    await eva.call("Customer.requestPasswordReset", EVA)
    reset = await eva.shop.code(EVA)
    await eva.call("Customer.signup", patch("new@example.com"))
    signup = await eva.shop.code("new@example.com")
    assert (await eva.error("Customer.confirmSignup", reset))["code"] == 3003
    assert (await eva.error("Customer.resetPassword", signup, PASSWORD))["code"] == 3002


async def test_a_new_password_or_address_ends_the_codes_before_it(eva: Shopping) -> None:
    uid = await eva.joined()
    admin = await eva.shop.administrator()
    for change in ({"password": "another one"}, {"info": {"email": "evita@example.com"}}):
        assert await eva.call("Customer.requestPasswordReset", EVA) is None
        code = await eva.shop.code(EVA)
        assert await eva.call("Customer.set", uid, change, auth=admin) == {"uid": uid}
        assert (await eva.error("Customer.resetPassword", code, PASSWORD))["code"] == 3002
    session = await eva.shop.session()
    assert await eva.call("Customer.login", EVA, "another one", session=session) == 3001
    assert await eva.call("Customer.login", "evita@example.com", "another one", session=session) == {
        "uid": uid
    }


async def _signed_up(eva: Shopping, words: Sequence[str]) -> tuple[list[int], list[str]]:
    """Who signs up at once with Eva's address, each with a password of his own: their uids and codes."""
    calls = [eva.call("Customer.signup", patch(password=word), process=n % 2) for n, word in enumerate(words)]
    uids = [outcome["uid"] for outcome in await asyncio.gather(*calls)]
    codes = [code_in(text) for _, text in await eva.shop.letters(EVA)]
    assert len(set(uids)) == len(set(codes)) == len(words)
    return uids, codes


async def test_of_many_who_sign_up_with_one_address_the_first_who_confirms_it_has_it(eva: Shopping) -> None:
    words = [f"password {number}" for number in range(4)]
    uids, codes = await _signed_up(eva, words)
    calls = [
        eva.call("Customer.confirmSignup", code, process=number % 2) for number, code in enumerate(codes)
    ]
    outcomes = await asyncio.gather(*calls)
    assert outcomes.count(3006) == len(words) - 1
    (winner,) = [outcome["uid"] for outcome in outcomes if outcome != 3006]
    session = await eva.shop.session()
    word = words[uids.index(winner)]
    assert await eva.call("Customer.login", EVA, word, session=session) == {"uid": winner}
    assert await eva.shop.count("customers", "state = 'confirmed'") == 1
    assert (await eva.error("Customer.signup", patch()))["code"] == 3005
    assert not await run_checks(eva.shop.connection, await eva.shop.id())


async def test_a_sign_up_that_nobody_confirmed_keeps_nobody_from_the_address(eva: Shopping) -> None:
    squatter = (await eva.call("Customer.signup", patch(password="a stranger's")))["uid"]
    unused = await eva.shop.code(EVA)
    owner = await eva.joined()
    assert owner != squatter
    assert await eva.call("Customer.confirmSignup", unused) == 3006
    session = await eva.shop.session()
    assert await eva.call("Customer.login", EVA, "a stranger's", session=session) == 3001
    assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == {"uid": owner}


async def test_a_sign_up_that_nobody_confirmed_keeps_nobody_from_being_moved_there(eva: Shopping) -> None:
    admin, uid = await eva.shop.administrator(), await eva.joined()
    squatter = (await eva.call("Customer.signup", patch("new@example.com")))["uid"]
    code = await eva.shop.code("new@example.com")
    moved = {"info": {"email": "new@example.com"}}
    assert await eva.call("Customer.set", uid, moved, auth=admin) == {"uid": uid}
    assert await eva.call("Customer.confirmSignup", code) == 3006
    away = {"info": {"email": "away@example.com"}}
    assert await eva.call("Customer.set", squatter, away, auth=admin) == {"uid": squatter}
    assert (await eva.error("Customer.set", squatter, moved, auth=admin))["code"] == 3005
    assert await eva.call("Customer.delete", squatter, auth=admin) is None
    assert (await eva.error("Customer.signup", patch("new@example.com")))["code"] == 3005


async def test_a_code_proves_the_address_that_it_was_mailed_to_and_no_other(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    uid = (await eva.call("Customer.signup", patch()))["uid"]
    code = await eva.shop.code(EVA)
    moved = {"info": {"email": "new@example.com"}}
    assert await eva.call("Customer.set", uid, moved, auth=admin) == {"uid": uid}
    assert await eva.call("Customer.confirmSignup", code) == 3006


async def test_of_many_who_bring_one_code_at_once_one_is_served(eva: Shopping) -> None:
    uid = (await eva.call("Customer.signup", patch()))["uid"]
    code = await eva.shop.code(EVA)
    calls = [eva.call("Customer.confirmSignup", code, process=number % 2) for number in range(6)]
    assert sorted(map(str, await asyncio.gather(*calls))) == ["3006"] * 5 + [str({"uid": uid})]
    await eva.call("Customer.requestPasswordReset", EVA)
    code, session = await eva.shop.code(EVA), await eva.shop.session()
    words = [f"password {number}" for number in range(6)]
    resets = [eva.call("Customer.resetPassword", code, word, process=n % 2) for n, word in enumerate(words)]
    outcomes = await asyncio.gather(*resets)
    assert sorted(map(str, outcomes)) == ["3002"] * 5 + ["None"]
    word = words[outcomes.index(None)]
    assert await eva.call("Customer.login", EVA, word, session=session) == {"uid": uid}


async def test_a_customer_who_was_entered_or_removed_meanwhile_cannot_be_confirmed(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    uid = (await eva.call("Customer.signup", patch()))["uid"]
    code = await eva.shop.code(EVA)
    assert (await eva.call("Customer.create", {"info": {"email": EVA}}, auth=admin))["uid"] != uid
    assert (await eva.error("Customer.confirmSignup", code))["code"] == 3006
    uid = (await eva.call("Customer.signup", patch("new@example.com")))["uid"]
    code = await eva.shop.code("new@example.com")
    assert await eva.call("Customer.delete", uid, auth=admin) is None
    assert (await eva.error("Customer.confirmSignup", code))["code"] == 3006


async def test_shops_share_no_customers(eva: Shopping) -> None:
    uid = await eva.joined()
    other = await eva.shop.session("other")
    assert await eva.call("Customer.login", EVA, PASSWORD, session=other, shop="other") == 3001
    second = (await eva.call("Customer.signup", patch(), shop="other"))["uid"]
    assert second != uid
    code = await eva.shop.code(EVA)
    assert (await eva.error("Customer.confirmSignup", code))["code"] == 3003
    assert await eva.call("Customer.confirmSignup", code, shop="other") == {"uid": second}
    await eva.call("Customer.requestPasswordReset", EVA)
    reset = await eva.shop.code(EVA)
    assert (await eva.error("Customer.resetPassword", reset, PASSWORD, shop="other"))["code"] == 3002


async def test_workspaces_share_no_customers(eva: Shopping) -> None:
    await eva.joined()
    await eva.call("Customer.requestPasswordReset", EVA)
    reset = await eva.shop.code(EVA)
    stranger = Webshop(eva.shop.connection, f"w{uuid.uuid4().hex[:12]}")
    await stranger.open()
    stranger.poke = eva.shop.poke
    there, session = Shopping(stranger, eva.processes), await stranger.session()
    assert (await there.error("Customer.resetPassword", reset, PASSWORD))["code"] == 3002
    assert (await there.error("Customer.login", EVA, PASSWORD, session=session))["code"] == 3001
    own = await eva.shop.session()
    assert (await there.error("Customer.login", EVA, PASSWORD, session=own))["code"] == 1005
