"""Codes and passwords cannot be guessed: tries are limited alike for what exists and what does not.

Whoever guesses shuts out nobody but those who share their address.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from entrepot.domain.channels.guessing import Allowance
from entrepot.domain.customers.records import Administrator
from entrepot.doors.textalk.caller import tokens
from entrepot.engine.clock import real_now
from entrepot.engine.guesses import COUPON, Guess
from entrepot.engine.guesses import PASSWORD as PASSWORDS
from entrepot.store.batches.finds import binding_of
from tests.doors.textalk.people import EVA, QUICK, Shopping, from_elsewhere
from tests.support.webshop import PASSWORD

RIGHT = "TENTH"
CERTIFICATE = "1000000000001"


async def _cart(eva: Shopping, session: str) -> int:
    return (await eva.call("Order.addArticle", None, 101, {"301": 311}, {"order": "uid"}, session=session))[
        "order"
    ]["uid"]


async def _adds(eva: Shopping, cart: int, code: str, session: str) -> httpx.Response:
    return await eva.reply("Order.addDiscountCode", cart, code, session=session)


def _outcome(reply: httpx.Response) -> Any:
    body = reply.json()
    return body["error"]["code"] if "error" in body else "ok"


async def _were(eva: Shopping, workspace: int, allowance: Allowance, count: int) -> None:
    """Let so many of these tries have been made."""
    counted = "update tries set count = $3 where workspace = $1 and subject = $2"
    assert await eva.shop.connection.execute(counted, workspace, allowance.subject, count) == "UPDATE 1"


async def test_codes_of_discounts_and_certificates_are_tried_ten_times_in_a_session(eva: Shopping) -> None:
    session = await eva.shop.session()
    cart = await _cart(eva, session)
    wrong = [_outcome(await _adds(eva, cart, f"NO{number}", session)) for number in range(10)]
    assert wrong == [2031] * 10
    for code in (RIGHT, CERTIFICATE, "NOBODYS"):
        reply = await _adds(eva, cart, code, session)
        assert reply.json()["error"] == {"code": 2031, "message": "Invalid discount code", "data": code}
        assert 3500 < int(reply.headers["retry-after"]) <= 3600
    assert await eva.call("Order.get", cart, {"discounts": True}, session=session) is not None
    another = await eva.shop.session()
    assert _outcome(await _adds(eva, await _cart(eva, another), RIGHT, another)) == "ok"


async def test_codes_that_count_use_up_no_tries_and_free_none(eva: Shopping) -> None:
    session = await eva.shop.session()
    cart = await _cart(eva, session)
    for number in range(10):
        assert _outcome(await _adds(eva, cart, f"NO{number}", session)) == 2031
        if number < 9:
            assert _outcome(await _adds(eva, cart, RIGHT, session)) == "ok"
            await eva.call("Order.removeDiscountCode", cart, RIGHT, session=session)
    assert _outcome(await _adds(eva, cart, RIGHT, session)) == 2031


async def test_new_sessions_give_an_address_no_more_than_its_own_tries(eva: Shopping) -> None:
    session = await eva.shop.session()
    assert _outcome(await _adds(eva, await _cart(eva, session), "NOBODYS", session)) == 2031
    # As if another six sessions had tried, but for the last of their tries.
    own = Guess(COUPON, str(await eva.shop.channel()), "127.0.0.1").allowances[0]
    await _were(eva, await eva.shop.id(), own, COUPON.each - 1)
    session = await eva.shop.session()
    assert "retry-after" not in (await _adds(eva, await _cart(eva, session), "NO", session)).headers
    session = await eva.shop.session()
    cart = await _cart(eva, session)
    assert "retry-after" in (await _adds(eva, cart, RIGHT, session)).headers
    async with from_elsewhere(eva):
        assert _outcome(await _adds(eva, cart, RIGHT, session)) == "ok"


async def test_administrators_add_codes_as_often_as_they_like(eva: Shopping) -> None:
    admin, session = await eva.shop.administrator(), await eva.shop.session()
    for number in range(11):
        cart = await _cart(eva, session)
        reply = await eva.reply("Order.addDiscountCode", cart, f"NO{number}", session=session, auth=admin)
        assert "retry-after" not in reply.headers


async def test_a_stranger_who_guesses_from_elsewhere_keeps_nobody_from_logging_in(eva: Shopping) -> None:
    uid, session, strange = await eva.joined(), await eva.shop.session(), await eva.shop.session()
    async with from_elsewhere(eva):
        for number in range(12):
            assert await eva.call("Customer.login", EVA, f"wrong {number}", session=strange) == 3001
        assert await eva.call("Customer.login", EVA, PASSWORD, session=strange) == 3001
    assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == {"uid": uid}


async def _grace(eva: Shopping) -> str:
    """The name of an administrator who has a password, while nobody has tried anything."""
    name, workspace = f"grace-{eva.shop.name}", await eva.shop.id()
    grace = Administrator(77, None, name, QUICK.hash(PASSWORD), "Grace", True, real_now())
    binding = binding_of[Administrator]
    await eva.shop.connection.execute(binding.insert, workspace, binding.rows([grace]))
    await eva.shop.connection.execute(
        "insert into directory (kind, hash, workspace, channel, environment, credential)"
        " values ($1, $2, $3, $4, 'live', 77)",
        *tokens.administrator_key(name), workspace, await eva.shop.channel(),
    )  # fmt: skip
    await eva.shop.connection.execute("delete from tries where workspace = 0")
    return name


async def _admin(eva: Shopping, name: str, password: str, *, shop: bool = False) -> httpx.Response:
    request = eva.shop.call("Admin.login", name, password)
    path = request.path.removeprefix("/textalk")
    return await eva.processes[0].http.post(path if shop else path.partition("?")[0], json=request.body)


@pytest.mark.parametrize("shop", [False, True])
async def test_no_answer_tells_whether_there_is_an_administrator_of_a_name(eva: Shopping, shop: bool) -> None:
    grace = await _grace(eva)
    for name in (grace, "nobody at all"):
        for number in range(10):
            reply = await _admin(eva, name, f"wrong {number}", shop=shop)
            assert reply.json()["error"] == {"code": 3001, "message": "Login failed"}
            assert "retry-after" not in reply.headers
    over = [await _admin(eva, name, PASSWORD, shop=shop) for name in (grace, "nobody at all")]
    assert over[0].json() == over[1].json()
    assert all(0 < int(reply.headers["retry-after"]) <= 900 for reply in over)
    other_way = await _admin(eva, grace, PASSWORD, shop=not shop)
    assert "retry-after" in other_way.headers
    async with from_elsewhere(eva):
        assert "result" in (await _admin(eva, grace, PASSWORD, shop=shop)).json()


async def test_an_address_tries_a_hundred_names_of_administrators_at_most(eva: Shopping) -> None:
    grace = await _grace(eva)
    assert "retry-after" not in (await _admin(eva, "a name", PASSWORD)).headers
    address = Guess(PASSWORDS, "", "127.0.0.1").allowances[-1]
    await _were(eva, 0, address, 99)
    assert "retry-after" not in (await _admin(eva, "another", PASSWORD)).headers
    assert "retry-after" in (await _admin(eva, grace, PASSWORD)).headers
