"""Who changes what logs her in proves that it is she: the old password is asked for, and a new address is confirmed."""

from __future__ import annotations

import asyncio

import pytest

from entrepot.checks import run_checks
from tests.doors.textalk.people import EVA, Shopping
from tests.support.webshop import PASSWORD, code_in, patch

NEW, OTHER = "evita@example.com", "another one"
MOVE = {"info": {"email": NEW}, "oldPassword": PASSWORD}


async def _logged_in(eva: Shopping, email: str = EVA) -> str:
    session = await eva.shop.session()
    assert "uid" in await eva.call("Customer.login", email, PASSWORD, session=session)
    return session


async def _asked(eva: Shopping, uid: int, session: str) -> str:
    """The code that proves the new address of somebody who has asked for it."""
    assert await eva.call("Customer.set", uid, MOVE, "info", session=session)
    return code_in((await eva.shop.letters(NEW))[0][1])


@pytest.mark.parametrize("change", [{"password": OTHER}, {"info": {"email": NEW}}])
async def test_the_old_password_is_asked_for(eva: Shopping, change: dict[str, object]) -> None:
    uid = await eva.joined()
    session = await _logged_in(eva)
    missing = await eva.error("Customer.set", uid, change, session=session)
    assert (missing["code"], missing["data"][0]["pointer"]) == (9001, "/oldPassword")
    assert await eva.call("Customer.validate", uid, change, session=session) == missing["data"]
    wrong = await eva.error("Customer.set", uid, {**change, "oldPassword": "wrong one"}, session=session)
    assert wrong == {"code": 3001, "message": "Login failed"}
    right = {**change, "oldPassword": PASSWORD}
    assert await eva.call("Customer.set", uid, right, session=session) == {"uid": uid}


async def test_the_old_password_cannot_be_guessed_in_a_stolen_session(eva: Shopping) -> None:
    uid = await eva.joined()
    session = await _logged_in(eva)
    for number in range(10):
        guess = {"password": OTHER, "oldPassword": f"wrong {number}"}
        assert "retry-after" not in (await eva.reply("Customer.set", uid, guess, session=session)).headers
    over = await eva.reply("Customer.set", uid, {"password": OTHER, "oldPassword": PASSWORD}, session=session)
    assert (over.json()["error"]["code"], "retry-after" in over.headers) == (3001, True)


async def test_what_changes_no_login_needs_no_password(eva: Shopping) -> None:
    uid = await eva.joined()
    session, admin = await _logged_in(eva), await eva.shop.administrator()
    for change in ({"info": {"email": EVA.upper(), "newsletter": True}}, {"language": "sv"}):
        assert await eva.call("Customer.set", uid, change, session=session) == {"uid": uid}
    assert await eva.call("Customer.set", uid, {"info": {"email": NEW}}, "info", auth=admin)
    assert await _logged_in(eva, NEW)


async def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(eva: Shopping) -> None:
    uid = await eva.joined()
    session = await _logged_in(eva)
    shown = await eva.call("Customer.set", uid, MOVE, {"info": {"email": True}}, session=session)
    assert shown == {"info": {"email": EVA}}
    code = code_in((await eva.shop.letters(NEW))[0][1])
    (_, told), *_ = await eva.shop.letters(EVA)
    assert NEW in told
    assert code not in told
    assert await eva.call("Customer.login", NEW, PASSWORD, session=await eva.shop.session()) == 3001
    assert await _logged_in(eva)
    assert await eva.call("Customer.confirmSignup", code) == {"uid": uid}
    assert await eva.call("Customer.login", EVA, PASSWORD, session=await eva.shop.session()) == 3001
    assert await _logged_in(eva, NEW)
    (_, told), *_ = await eva.shop.letters(EVA)
    assert NEW in told
    assert await eva.call("Customer.confirmSignup", code) == 3006
    assert await eva.joined() != uid
    assert not await run_checks(eva.shop.connection, await eva.shop.id())


async def test_an_address_that_is_not_proven_keeps_nobody_from_signing_up_with_it(eva: Shopping) -> None:
    uid = await eva.joined()
    code = await _asked(eva, uid, await _logged_in(eva))
    owner = await eva.joined(NEW)
    assert owner != uid
    assert await eva.call("Customer.confirmSignup", code) == 3006
    assert await _logged_in(eva)
    assert await eva.error("Customer.set", uid, MOVE, session=await _logged_in(eva)) == {
        "code": 3005,
        "message": "Customer already exists",
    }


async def test_a_new_password_ends_what_was_asked_for_before(eva: Shopping) -> None:
    uid = await eva.joined()
    code = await _asked(eva, uid, await _logged_in(eva))
    await eva.call("Customer.requestPasswordReset", EVA)
    assert await eva.call("Customer.resetPassword", await eva.shop.code(EVA), OTHER) is None
    assert await eva.call("Customer.confirmSignup", code) == 3006


async def test_of_several_who_want_an_address_the_first_who_confirms_it_has_it(eva: Shopping) -> None:
    uids = [await eva.joined(), await eva.joined("ada@example.com")]
    codes = [
        await _asked(eva, uid, await _logged_in(eva, email))
        for uid, email in zip(uids, (EVA, "ada@example.com"), strict=True)
    ]
    assert (await eva.call("Customer.signup", patch(NEW)))["uid"] not in uids
    codes.append(code_in((await eva.shop.letters(NEW))[0][1]))
    calls = [
        eva.call("Customer.confirmSignup", code, process=number % 2) for number, code in enumerate(codes)
    ]
    outcomes = await asyncio.gather(*calls)
    assert [outcome if isinstance(outcome, int) else "won" for outcome in outcomes].count("won") == 1
    assert outcomes.count(3006) == 2
    assert await _logged_in(eva, NEW)
    confirmed = f"email_folded = '{NEW}' and state = 'confirmed'"
    assert await eva.shop.count("customers", confirmed) == 1
    assert not await run_checks(eva.shop.connection, await eva.shop.id())
