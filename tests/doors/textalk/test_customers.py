"""Customers on their own behalf, over a real socket: every way, and every refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.harness.world import Edits
from tests.doors.textalk.people import EVA, Shopping
from tests.support.webshop import PASSWORD, SHOP, code_in, patch


async def test_the_whole_way_of_a_customer(eva: Shopping) -> None:
    session = await eva.shop.session()
    uid = (await eva.call("Customer.signup", patch("Eva@Example.com"), session=session))["uid"]
    assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == 3001
    code = await eva.shop.code("Eva@Example.com")
    query = {"uid": True, "info": "email", "address": "firstName"}
    whole = {"uid": uid, "info": {"email": "Eva@Example.com"}, "address": {"firstName": "Eva"}}
    assert await eva.call("Customer.confirmSignup", code, query) == whole
    assert await eva.call("Customer.login", "EVA@example.com", PASSWORD, "uid", session=session) == {
        "uid": uid
    }
    assert await eva.customer_of(session) == uid
    assert await eva.call("Customer.get", uid, query, session=session) == whole
    assert await eva.call("Customer.logout", session=session) is None
    assert await eva.customer_of(session) is None
    assert await eva.call("Customer.requestPasswordReset", "eva@EXAMPLE.com") is None
    code = await eva.shop.code("Eva@Example.com")
    assert await eva.call("Customer.resetPassword", code, "battery staple") is None
    assert await eva.call("Customer.resetPassword", code, "battery staple") == 3002
    assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == 3001
    assert await eva.call("Customer.login", EVA, "battery staple", session=session) == {"uid": uid}


async def test_passwords_and_codes_are_stored_as_hashes_and_leave_with_the_mail(eva: Shopping) -> None:
    await eva.call("Customer.signup", patch())
    code = await eva.shop.code(EVA)
    workspace = await eva.shop.id()
    for table in ("customers", "one_time_codes", "outbox", "tries"):
        rows = await eva.shop.connection.fetch(
            f"select t::text from {table} t where workspace = $1", workspace
        )
        assert not [row for row in rows if PASSWORD in row[0] or code in row[0]], table
    shown = await eva.call("Customer.confirmSignup", code, True)
    assert "password" not in shown
    assert shown["info"] == {"email": EVA, "type": "individual", "companyNumber": "", "newsletter": False}


@pytest.mark.parametrize(
    ("given", "code", "pointers"),
    [
        ({}, 9001, ["/info/email", "/password"]),
        ({"password": PASSWORD}, 9001, ["/info/email"]),
        ({"info": {"email": EVA}}, 9001, ["/password"]),
        (patch("eva"), 9001, ["/info/email"]),
        (patch("e\rva@example.com"), 9001, ["/info/email"]),
        (patch("eva@example.com,ada@example.com"), 9001, ["/info/email"]),
        (patch(""), 9001, ["/info/email"]),
        (patch(approved=True), 9001, ["/approved"]),
        (patch(unknown=1), 9001, ["/unknown"]),
        (patch(address={"country": "Sweden"}), 9001, ["/address/country"]),
        (patch(password={"a": 1}), 9001, ["/password"]),
    ],
)
async def test_a_signup_fits_the_schema(eva: Shopping, given: Any, code: int, pointers: list[str]) -> None:
    error = await eva.error("Customer.signup", given)
    assert (error["code"], sorted({each["pointer"] for each in error["data"]})) == (code, pointers)
    assert PASSWORD not in json.dumps(error)


@pytest.mark.parametrize("password", ["1234567", "x" * 129])
async def test_a_password_has_8_to_128_characters(eva: Shopping, password: str) -> None:
    await eva.call("Customer.signup", patch("ada@example.com"))
    await eva.shop.letters("ada@example.com")
    reason = "minst 8" if len(password) < 8 else "högst 128"
    for method, params in (("signup", [patch(password=password)]), ("resetPassword", ["0" * 32, password])):
        error = await eva.error(f"Customer.{method}", *params, language="sv")
        assert (error["code"], reason in error["data"]) == (3004, True)
    assert eva.passwords.runs == 1


@pytest.mark.parametrize("password", ["12345678", "x" * 128, "lösenord", "🔑🔑🔑🔑🔑🔑🔑🔑"])
async def test_a_password_of_an_allowed_length_is_taken(eva: Shopping, password: str) -> None:
    uid = await eva.joined(password=password)
    session = await eva.shop.session()
    assert await eva.call("Customer.login", EVA, password, session=session) == {"uid": uid}


@pytest.mark.parametrize(
    ("method", "params", "code", "pointer"),
    [
        ("signup", ["x"], -32602, "/0"),
        ("signup", [patch(), {"nothing": True}], 9004, "/nothing"),
        ("confirmSignup", [1], -32602, "/0"),
        ("confirmSignup", ["0", "nothing"], 9004, ""),
        ("login", [None, "x"], -32602, "/0"),
        ("login", [EVA, 12345678], -32602, "/1"),
        ("login", [EVA, PASSWORD, ["nothing"]], 9004, "/0"),
        ("requestPasswordReset", [["a"]], -32602, "/0"),
        ("resetPassword", [{}, PASSWORD], -32602, "/0"),
        ("resetPassword", ["0", None], -32602, "/1"),
    ],
)
async def test_what_does_not_fit_is_refused_where_it_stands(
    eva: Shopping, method: str, params: list[Any], code: int, pointer: str
) -> None:
    session = await eva.shop.session()
    error = await eva.error(f"Customer.{method}", *params, session=session)
    assert (error["code"], error["data"][0]["pointer"]) == (code, pointer)


async def test_a_session_is_needed_to_log_in_and_out(eva: Shopping) -> None:
    assert (await eva.error("Customer.login", EVA, PASSWORD))["code"] == 1008
    assert (await eva.error("Customer.logout"))["code"] == 1008
    assert (await eva.error("Customer.login", EVA, PASSWORD, session="0" * 32))["code"] == 1005


async def test_customers_are_entered_changed_and_removed(eva: Shopping) -> None:
    admin, session = await eva.shop.administrator(), await eva.shop.session()
    entered = {"info": {"email": EVA}, "password": PASSWORD, "groups": [], "custom": {"vip": True}}
    uid = (await eva.call("Customer.create", entered, auth=admin))["uid"]
    assert (await eva.error("Customer.create", entered, auth=admin))["code"] == 3005
    lacking = await eva.error("Customer.create", {"password": PASSWORD}, auth=admin)
    assert (lacking["code"], lacking["data"][0]["pointer"]) == (9001, "/info/email")
    ada = (await eva.call("Customer.create", {"info": {"email": "ada@example.com"}}, auth=admin))["uid"]
    taken = await eva.error("Customer.set", ada, {"info": {"email": EVA.upper()}}, auth=admin)
    assert taken["code"] == 3005
    moved = {"info": {"email": "eva2@example.com"}, "language": "sv", "address": {"town": "Lund"}}
    assert await eva.call("Customer.set", uid, moved, "custom", auth=admin) == {"custom": {"vip": True}}
    assert await eva.call("Customer.set", ada, {"info": {"email": EVA}}, auth=admin) == {"uid": ada}
    assert await eva.call("Customer.login", "eva2@example.com", PASSWORD, session=session) == {"uid": uid}
    assert await eva.call("Customer.delete", uid, auth=admin) is None
    assert (await eva.error("Customer.delete", uid, auth=admin))["code"] == 9003
    assert (await eva.error("Customer.logout", session=session))["code"] == 1005
    session = await eva.shop.session()
    assert (await eva.error("Customer.login", "eva2@example.com", PASSWORD, session=session))["code"] == 3001
    assert "uid" in await eva.call("Customer.signup", patch("eva2@example.com"))


async def test_a_buyer_changes_itself_alone(eva: Shopping) -> None:
    uid, ada = await eva.joined(), await eva.joined("ada@example.com")
    session = await eva.shop.session()
    assert (await eva.error("Customer.set", uid, {"language": "sv"}, session=session))["code"] == 9003
    await eva.call("Customer.login", EVA, PASSWORD, session=session)
    assert await eva.call("Customer.set", uid, {"language": "sv"}, "language", session=session) == {
        "language": "sv"
    }
    assert (await eva.error("Customer.set", ada, {"language": "sv"}, session=session))["code"] == 9003
    assert (await eva.error("Customer.set", None, patch("b@example.com"), session=session))["code"] == 1006
    assert (await eva.error("Customer.set", uid, {"approved": True}, session=session))["code"] == 9001
    assert (await eva.error("Customer.set", uid, {"password": "short"}, session=session))["code"] == 3004
    short = {"password": "short", "oldPassword": PASSWORD}
    problems = await eva.call("Customer.validate", uid, short, session=session)
    assert [problem["pointer"] for problem in problems] == ["/password"]
    new = {"password": "a new password", "oldPassword": PASSWORD}
    assert await eva.call("Customer.set", uid, new, session=session) == {"uid": uid}
    assert await eva.call("Customer.login", EVA, PASSWORD, session=session) == 3001
    assert await eva.call("Customer.login", EVA, "a new password", session=session) == {"uid": uid}


MAILS: Edits = {
    f"{SHOP}/mail": {
        "sender": "Butiken <shop@example.com>",
        "name": "Butiken",
        "signup_link": "https://shop.example/welcome?code={code}",
    }
}


async def test_mails_speak_the_buyers_language_and_lead_to_the_shop(eva: Shopping) -> None:
    await eva.shop.change(MAILS)
    await eva.joined(language="sv")
    await eva.call("Customer.requestPasswordReset", EVA, language="en")
    (reset, told), (welcome, text) = await eva.shop.letters(EVA)
    assert (welcome, reset) == ("Bekräfta ditt konto hos Butiken", "Ett nytt lösenord hos Butiken")
    assert f"https://shop.example/welcome?code={code_in(text)}" in text
    assert "https" not in told
    sender = await eva.shop.connection.fetchval(
        "select distinct sender from mailbox where workspace = $1", await eva.shop.id()
    )
    assert sender == "Butiken <shop@example.com>"
