"""Whatever ends a credential ends what it granted: sessions end with the password, log-ins with the administrator's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from entrepot.doors.textalk.caller import tokens
from tests.doors.textalk.people import EVA, Shopping
from tests.support.webshop import PASSWORD

NEW = "another one"
OWN = {"password": NEW, "oldPassword": PASSWORD}
"""How somebody sets her own password."""
Change = Callable[[Shopping, int, str], Awaitable[None]]


async def _logged_in(eva: Shopping) -> str:
    session = await eva.shop.session()
    assert "uid" in await eva.call("Customer.login", EVA, PASSWORD, session=session)
    return session


async def _reset(eva: Shopping, uid: int, own: str) -> None:
    del uid, own
    await eva.call("Customer.requestPasswordReset", EVA)
    assert await eva.call("Customer.resetPassword", await eva.shop.code(EVA), NEW) is None


async def _set_by_administrator(eva: Shopping, uid: int, own: str) -> None:
    del own
    admin = await eva.shop.administrator()
    assert await eva.call("Customer.set", uid, {"password": NEW}, auth=admin) == {"uid": uid}


async def _set_by_herself(eva: Shopping, uid: int, own: str) -> None:
    assert await eva.call("Customer.set", uid, OWN, session=own) == {"uid": uid}


@pytest.mark.parametrize("change", [_reset, _set_by_administrator, _set_by_herself])
async def test_a_new_password_ends_the_sessions_of_the_old_one(eva: Shopping, change: Change) -> None:
    uid = await eva.joined()
    stolen, own, visitor = await _logged_in(eva), await _logged_in(eva), await eva.shop.session()
    cart = (await eva.call("Order.set", None, {"note": "hers"}, "uid", session=stolen))["uid"]
    await change(eva, uid, own)
    for process in (0, 1):
        assert await eva.call("Session.get", True, session=stolen, process=process) == 1005
        assert await eva.call("Order.get", cart, session=stolen, process=process) == 1005
        assert await eva.call("Customer.get", uid, session=stolen, process=process) == 1005
    assert (await eva.call("Session.get", "customer", session=visitor)) == {"customer": None}
    fresh = await eva.shop.session()
    assert await eva.call("Customer.login", EVA, NEW, session=fresh) == {"uid": uid}
    assert await eva.call("Session.get", "customer", session=fresh) == {"customer": uid}


async def test_who_sets_her_own_password_stays_logged_in_where_she_did(eva: Shopping) -> None:
    uid = await eva.joined()
    own, other = await _logged_in(eva), await _logged_in(eva)
    assert await eva.call("Customer.set", uid, OWN, session=own) == {"uid": uid}
    assert await eva.call("Session.get", "customer", session=own) == {"customer": uid}
    assert await eva.call("Session.get", "customer", session=other) == 1005


async def test_the_same_password_set_anew_ends_sessions_too(eva: Shopping) -> None:
    uid = await eva.joined()
    own = await _logged_in(eva)
    admin = await eva.shop.administrator()
    assert await eva.call("Customer.set", uid, {"password": PASSWORD}, auth=admin) == {"uid": uid}
    assert await eva.call("Session.get", True, session=own) == 1005


async def test_other_changes_of_a_customer_end_no_session(eva: Shopping) -> None:
    uid = await eva.joined()
    own, admin = await _logged_in(eva), await eva.shop.administrator()
    assert await eva.call("Customer.set", uid, {"info": {"email": "evita@example.com"}}, auth=admin)
    assert await eva.call("Session.get", "customer", session=own) == {"customer": uid}


async def test_a_session_that_an_administrator_gave_to_a_customer_ends_with_her_password(
    eva: Shopping,
) -> None:
    uid, session, admin = await eva.joined(), await eva.shop.session(), await eva.shop.administrator()
    assert await eva.call("Session.setCustomer", uid, session=session, auth=admin) is None
    assert await eva.call("Session.get", "customer", session=session) == {"customer": uid}
    await _set_by_administrator(eva, uid, "")
    assert await eva.call("Session.get", True, session=session) == 1005


async def test_a_new_password_of_an_administrator_ends_what_the_old_one_opened(eva: Shopping) -> None:
    shop = eva.shop
    old = await shop.administrator()
    assert await eva.call("Customer.count", {}, auth=old) == 0
    await shop.connection.execute(
        "update administrators set password_hash = 'new' where workspace = $1", await shop.id()
    )
    path = shop.call("Customer.count", {}, auth=old)
    answer = await eva.processes[1].http.post(path.path.removeprefix("/textalk"), json=path.body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 1004)


async def test_a_token_that_has_expired_is_told_no_events(eva: Shopping) -> None:
    shop = eva.shop
    admin = await shop.administrator()
    token = (await eva.call("AuthToken.create", {"name": "books"}, "uid", auth=admin))["uid"]
    listener = {"eventName": "Customer/created", "url": "http://127.0.0.1:9/never"}
    uid = (await eva.call("EventListener.create", listener, "uid", auth=token))["uid"]
    for table, column in (("credentials", "hash"), ("directory", "hash")):
        await shop.connection.execute(
            f'update "{table}" set expires_at = $2 where "{column}" = $1',
            tokens.hashed(tokens.AUTH, token),
            eva.processes[0].clock.now(),
        )
    await eva.joined()
    await shop.letters(EVA)
    assert await eva.call("EventListener.getLog", uid, auth=admin) == []
