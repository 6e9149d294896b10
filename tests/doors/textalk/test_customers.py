"""Customers on their own behalf, over a real socket: every way, and every refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.harness.world import Edits
<<<<<<< HEAD
from tests.doors.kit.serving import serve
from tests.support.webshop import PASSWORD, SHOP, Webshop, code_in, patch

EVA = "eva@example.com"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Process:
    """One worker process with its door: how much it hashes, and what it answers."""

    def __init__(self, http: httpx.AsyncClient, passwords: Passwords, worker: Worker) -> None:
        self.http = http
        self.passwords = passwords
        self.clock = worker.clock
        self.poke = worker.outbox.poke


class Shopping:
    """A shop, and two processes that serve it."""

    def __init__(self, shop: Webshop, processes: list[Process]) -> None:
        self.shop = shop
        self.processes = processes

    @property
    def passwords(self) -> Passwords:
        return self.processes[0].passwords

    async def reply(self, method: str, *params: Any, process: int = 0, **context: str) -> httpx.Response:
        request = self.shop.call(method, *params, **context)
        path = request.path.removeprefix("/textalk")
        answer = await self.processes[process].http.post(path, json=request.body)
        assert answer.status_code == 200, answer.text
        return answer

    async def call(self, method: str, *params: Any, process: int = 0, **context: str) -> Any:
        """The result, or the error's code."""
        body = (await self.reply(method, *params, process=process, **context)).json()
        return body["error"]["code"] if "error" in body else body["result"]

    async def error(self, method: str, *params: Any, process: int = 0, **context: str) -> dict[str, Any]:
        """The error of a call that changes nothing."""
        before = await read_state(self.shop.connection)
        body = (await self.reply(method, *params, process=process, **context)).json()
        after = await read_state(self.shop.connection)
        assert not changed(before, after)
        return body["error"]

    async def joined(self, email: str = EVA, **more: Any) -> int:
        """Somebody who has signed up and confirmed it."""
        uid = (await self.call("Customer.signup", patch(email, **more)))["uid"]
        assert await self.call("Customer.confirmSignup", await self.shop.code(email)) == {"uid": uid}
        return uid

    async def customer_of(self, session: str) -> int | None:
        """Who is logged in on a session."""
        rows = await self.shop.connection.fetch(
            "select customer from sessions where workspace = $1 and hash = $2",
            await self.shop.id(),
            tokens.hashed(tokens.SESSION, session),
        )
        return rows[0][0]


@pytest.fixture
async def processes(module_database_url: str) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        yield [await started(stack, module_database_url) for _ in range(2)]


async def started(stack: AsyncExitStack, database_url: str) -> Process:
    passwords, worker = Passwords(QUICK), Worker(database_url, Clock())
    await worker.start()
    stack.push_async_callback(worker.stop)
    door = Textalk(services_of(worker, observe_request), passwords=passwords)
    address = await stack.enter_async_context(serve(door.app()))
    http = httpx.AsyncClient(base_url=address.url, trust_env=False, timeout=20)
    return Process(await stack.enter_async_context(http), passwords, worker)


@pytest.fixture
async def eva(processes: list[Process], module_database_url: str) -> AsyncIterator[Shopping]:
    connection = await connect(module_database_url)
    shop = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await shop.open()
    shop.poke = processes[0].poke
    yield Shopping(shop, processes)
    await shop.letters(EVA)
    await connection.close()
=======
from tests.doors.textalk.people import EVA, Shopping
from tests.support.webshop import PASSWORD, SHOP, code_in, patch
>>>>>>> customers


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
    assert shown["info"] == {"email": EVA, "type": "private", "companyNumber": "", "newsletter": False}


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
<<<<<<< HEAD
    calls: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("Customer.signup", (patch(password=password),)),
        ("Customer.resetPassword", ("0" * 32, password)),
    )
    for method, params in calls:
        error = await eva.error(method, *params, language="sv")
=======
    for method, params in (("signup", [patch(password=password)]), ("resetPassword", ["0" * 32, password])):
        error = await eva.error(f"Customer.{method}", *params, language="sv")
>>>>>>> customers
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


<<<<<<< HEAD
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
    done: list[tuple[Any, ...]] = []
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
    for number in range(23):
        await eva.call("Customer.requestPasswordReset", f"{number}@example.com")
    queued = await eva.shop.count("outbox")
    assert await eva.call("Customer.requestPasswordReset", "last@example.com") is None
    assert await eva.shop.count("outbox") == queued
    for number in range(29):
        assert "uid" in await eva.call("Customer.signup", patch(f"s{number}@example.com"))
    reply = await eva.reply("Customer.signup", patch("last@example.com"))
    assert (reply.json()["error"]["code"], int(reply.headers["retry-after"]) > 0) == (-32000, True)


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
    assert (await eva.error("Customer.confirmSignup", late))["code"] == 3006
    assert await eva.call("Customer.confirmSignup", await eva.shop.code(EVA)) == {"uid": first}
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


=======
>>>>>>> customers
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
    problems = await eva.call("Customer.validate", uid, {"password": "short"}, session=session)
    assert [problem["pointer"] for problem in problems] == ["/password"]
    assert await eva.call("Customer.set", uid, {"password": "a new password"}, session=session) == {
        "uid": uid
    }
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
