"""Codes work once and for a time, addresses are one customer's, in a crowd too, and shops share nothing."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

from tests.doors.textalk.people import DAY, EVA, HOUR, Shopping
from tests.support.webshop import PASSWORD, Webshop, patch


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


async def test_of_many_who_sign_up_at_once_with_one_address_one_does(eva: Shopping) -> None:
    calls = [eva.call("Customer.signup", patch(), process=number % 2) for number in range(8)]
    outcomes = await asyncio.gather(*calls)
    assert sorted(outcome == 3005 for outcome in outcomes) == [False] + [True] * 7
    assert (await eva.shop.count("customers"), len(await eva.shop.letters(EVA))) == (1, 1)


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


async def test_who_does_not_confirm_gives_way_after_a_day(eva: Shopping) -> None:
    first = (await eva.call("Customer.signup", patch()))["uid"]
    late = await eva.shop.code(EVA)
    assert (await eva.error("Customer.signup", patch()))["code"] == 3005
    await eva.shop.age("customers", "secured_at", DAY)
    calls = [eva.call("Customer.signup", patch(password=f"second {n}"), process=n % 2) for n in range(4)]
    outcomes = await asyncio.gather(*calls)
    assert sorted(map(str, outcomes)) == ["3005"] * 3 + [str({"uid": first})]
    newest = await eva.shop.code(EVA)
    assert (await eva.error("Customer.confirmSignup", late))["code"] == 3006
    assert await eva.call("Customer.confirmSignup", newest) == {"uid": first}
    session = await eva.shop.session()
    word = next(f"second {n}" for n, outcome in enumerate(outcomes) if outcome != 3005)
    assert await eva.call("Customer.login", EVA, word, session=session) == {"uid": first}


async def test_a_customer_who_was_entered_or_removed_meanwhile_cannot_be_confirmed(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    uid = (await eva.call("Customer.signup", patch()))["uid"]
    code = await eva.shop.code(EVA)
    assert await eva.call("Customer.create", {"info": {"email": EVA}}, auth=admin) == {"uid": uid}
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
