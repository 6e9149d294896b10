"""Who gets into the console, and who does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from entrepot.console.doorway import is_own_page
from entrepot.engine.clock import real_now
from entrepot.engine.guesses import LINK
from entrepot.engine.guesses import PASSWORD as PASSWORDS
from entrepot.store.connections import Connection
from entrepot.store.queries.operations.operators import find_proof, make_proof
from tests.console.visiting import COOKIE, PASSWORD, browser, form, inside, new_link, new_operator, stranger
from tests.support.server import Server, running_server


async def test_a_link_sets_a_password_once_and_lets_in(server: Server, connection: Connection) -> None:
    operator = await new_operator(connection)
    link = await new_link(connection, operator)
    async with browser(server) as visitor, browser(server) as late:
        page = await visitor.get(link)
        assert (page.status_code, operator.name in page.text) == (200, True)
        for password, again in (
            (PASSWORD, "another one entirely"),
            ("short", "short"),
            ("x" * 129, "x" * 129),
        ):
            refused = await visitor.post(link, data={"password": password, "again": again})
            assert refused.status_code == 400
        done = await visitor.post(link, data={"password": PASSWORD, "again": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "/console/log")
        assert (await visitor.get("/console/log")).status_code == 200
        assert (await late.get(link)).status_code == 404
        assert (await late.post(link, data={"password": PASSWORD, "again": PASSWORD})).status_code == 404
        welcome = await late.post("/console/login", data={"name": operator.name, "password": PASSWORD})
        assert welcome.status_code == 303


async def test_a_new_link_ends_older_ones_and_a_new_password_ends_sessions(
    server: Server, connection: Connection
) -> None:
    operator = await new_operator(connection)
    session = await make_proof(connection, operator, "session", datetime.now(UTC))
    old, new = await new_link(connection, operator), await new_link(connection, operator)
    async with browser(server) as visitor, browser(server, {COOKIE: session}) as before:
        assert (await visitor.get(old)).status_code == 404
        assert (await before.get("/console/log")).status_code == 200
        assert (await visitor.post(new, data={"password": PASSWORD, "again": PASSWORD})).status_code == 303
        assert (await before.get("/console/log")).status_code == 303


async def test_links_and_sessions_end(connection: Connection) -> None:
    operator, now = await new_operator(connection), datetime.now(UTC)
    link = await make_proof(connection, operator, "link", now)
    session = await make_proof(connection, operator, "session", now)
    assert await find_proof(connection, "link", link, now + timedelta(minutes=59))
    assert not await find_proof(connection, "link", link, now + timedelta(minutes=61))
    assert await find_proof(connection, "session", session, now + timedelta(hours=11, minutes=59))
    assert not await find_proof(connection, "session", session, now + timedelta(hours=12, minutes=1))
    assert not await find_proof(connection, "session", link, now)
    for odd in ("", "-", "zz-x", "1-" + "x" * 43, "f" * 16 + "-" + "x" * 43, "\0", "é"):
        assert await find_proof(connection, "session", odd, now) is None


async def test_the_cookie_is_strict_and_closed_to_scripts(server: Server, connection: Connection) -> None:
    operator = await new_operator(connection)
    async with browser(server) as visitor:
        done = await visitor.post(
            await new_link(connection, operator), data={"password": PASSWORD, "again": PASSWORD}
        )
        cookie = done.headers["set-cookie"].lower()
        assert cookie.startswith(f"{COOKIE}=")
        assert {"httponly", "samesite=strict", "path=/", "max-age=43200"} <= {
            each.strip() for each in cookie.split(";")
        }


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_other_site_logs_anybody_in_or_out(
    server: Server, connection: Connection, headers: dict[str, str]
) -> None:
    operator = await new_operator(connection)
    async with browser(server) as visitor:
        link = await new_link(connection, operator)
        data = {"password": PASSWORD, "again": PASSWORD}
        assert (await visitor.post(link, data=data, headers=headers)).status_code in (400, 403)
        assert (await visitor.post(link, data=data)).status_code == 303
        out = {"csrf": form(await visitor.get("/console/log"))["csrf"]}
        assert (await visitor.post("/console/logout", data=out, headers=headers)).status_code == 403
        assert (
            await visitor.post(
                "/console/login", data={"name": operator.name, "password": PASSWORD}, headers=headers
            )
        ).status_code in (401, 403)


async def test_logging_out_needs_the_sessions_own_token_and_ends_it(
    server: Server, connection: Connection
) -> None:
    async with await inside(connection, server) as visitor, await inside(connection, server) as other:
        foreign = form(await other.get("/console/log"))["csrf"]
        for csrf in ("", "x", foreign):
            assert (await visitor.post("/console/logout", data={"csrf": csrf})).status_code == 403
        session = visitor.cookies[COOKIE]
        own = form(await visitor.get("/console/log"))["csrf"]
        assert (await visitor.post("/console/logout", data={"csrf": own})).status_code == 303
        async with browser(server, {COOKIE: session}) as thief:
            assert (await thief.get("/console/log")).status_code == 303


async def test_tries_are_limited_and_a_name_that_nobody_has_is_answered_alike(
    server: Server, connection: Connection
) -> None:
    operator = await new_operator(connection)
    await connection.execute("delete from tries where workspace = 0")
    async with browser(server) as visitor:
        await visitor.post(
            await new_link(connection, operator), data={"password": PASSWORD, "again": PASSWORD}
        )
        wrong = {"name": operator.name, "password": "not the password"}
        answers = [await visitor.post("/console/login", data=wrong) for _ in range(PASSWORDS.each)]
        nobody = await visitor.post(
            "/console/login", data={"name": operator.name + "x", "password": PASSWORD}
        )
        assert {each.status_code for each in (*answers, nobody)} == {401}
        assert answers[0].text.replace(operator.name, "") == nobody.text.replace(operator.name + "x", "")
        right = {"name": operator.name, "password": PASSWORD}
        over = await visitor.post("/console/login", data=right)
        assert (over.status_code, 0 < int(over.headers["retry-after"]) <= 900) == (401, True)
        assert "retry-after" not in answers[0].headers
        async with stranger(server) as elsewhere:
            assert (await elsewhere.post("/console/login", data=right)).status_code == 303
        assert (await visitor.post("/console/login", data=right)).status_code == 401
        await connection.execute(
            "update tries set since = $1 where workspace = 0", real_now() - timedelta(minutes=16)
        )
        assert (await visitor.post("/console/login", data=right)).status_code == 303
    await connection.execute("delete from tries where workspace = 0")


async def test_links_are_tried_thirty_times_and_then_the_right_one_waits_too(
    server: Server, connection: Connection
) -> None:
    operator = await new_operator(connection)
    await connection.execute("delete from tries where workspace = 0")
    link = await new_link(connection, operator)
    async with browser(server) as visitor, stranger(server) as elsewhere:
        wrong = [await visitor.get(f"/console/link/0-{number:043d}") for number in range(LINK.each)]
        assert {(each.status_code, "retry-after" in each.headers) for each in wrong} == {(404, False)}
        over = await visitor.get(link)
        assert (over.status_code, over.text, "retry-after" in over.headers) == (404, wrong[0].text, True)
        for _ in range(LINK.each + 1):
            assert (await elsewhere.get(link)).status_code == 200
    await connection.execute("delete from tries where workspace = 0")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"name=%00&password=%00",
        b"name=" + b"x" * 20_000,
        b"a=1&" * 200,
        b"name=%ed%a0%80&password=x",
    ],
)
async def test_odd_forms_are_refused_and_never_a_fault_of_ours(
    server: Server, connection: Connection, content: bytes
) -> None:
    await connection.execute("delete from tries where workspace = 0")
    async with browser(server) as visitor:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await visitor.post("/console/login", content=content, headers=kind)
        assert reply.status_code == 401


async def test_every_page_says_that_nothing_from_outside_is_loaded(
    server: Server, connection: Connection
) -> None:
    async with await inside(connection, server) as visitor:
        for path in (
            "/console/log",
            "/console/login",
            "/console/nowhere",
            "/console/console.css",
            "/console/live.js",
        ):
            reply = await visitor.get(path)
            policy = reply.headers["content-security-policy"]
            assert policy.startswith("default-src 'none';")
            assert "unsafe" not in policy
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert "<script>" not in reply.text
            assert " style=" not in reply.text
        assert (await visitor.get("/console/log")).headers["cache-control"] == "no-store"


async def test_the_console_is_on_the_servers_own_host_and_on_no_doors(
    database_url: str, open_folder: Path
) -> None:
    arguments = ("--sandbox", "--database-url", database_url, "--door-host", "bonsai=bonsai.example")
    with running_server(open_folder / "console.log", *arguments) as running:
        async with browser(running) as visitor:
            assert (await visitor.get("/console/login")).status_code == 200
            there = await visitor.get("/console/login", headers={"Host": "bonsai.example"})
            assert there.status_code == 404
            assert "password" not in there.text


async def test_without_a_session_every_page_leads_to_the_doorway(server: Server) -> None:
    async with browser(server, {COOKIE: "0-" + "x" * 43}) as visitor:
        for path in (
            "/console/log",
            "/console/log/live",
            f"/console/log/0/0/{'0' * 8}-0000-0000-0000-{'0' * 12}",
        ):
            reply = await visitor.get(path)
            assert (reply.status_code, reply.headers["location"]) == (303, "/console/login")
    async with httpx.AsyncClient(base_url=server.url, follow_redirects=True) as visitor:
        assert "Log in" in (await visitor.get("/console")).text


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("https://shop.example:8443", "shop.example:8443", True),
        (None, "shop.example", True),
        ("https://elsewhere.example", "shop.example", False),
        ("null", "shop.example", False),
        ("http://[shop.example", "shop.example", False),
        ("https://shop.example]", "shop.example", False),
        ("null", "", False),
        ("null", None, False),
    ],
)
def test_a_form_is_our_own_pages_only_if_its_origin_is_this_host(
    origin: str | None, host: str | None, own: bool
) -> None:
    given = {"origin": origin, "host": host}
    headers = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    assert is_own_page(Request({"type": "http", "headers": headers})) is own
