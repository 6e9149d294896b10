"""The mailbox: what the platform mailed, by workspace and address; and a mail server that fails by order."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from entrepot.domain.channels.accounts import MailSettings
from entrepot.engine.gateways import Gateways
from entrepot.gateways.mail.port import Mail, MailFailed, Sent
from entrepot.gateways.mail.simulated import SimulatedMail
from entrepot.gateways.mail.smtp import SmtpMail
from entrepot.sandbox.faults import FaultOrder, Faults, Scope
from entrepot.store.connections import LanePool, OpenablePool, write_pool
from tests.sandbox.conftest import Sandbox

LETTER = Mail("ada@example.com", "Code", "1234", "shop@example.com", "k1")


async def letters(http: httpx.AsyncClient, **query: str) -> Any:
    reply = await http.get("/sandbox/mailbox", params=query)
    return reply.json()["letters"] if reply.status_code == 200 else reply.status_code


async def test_letters_are_shown_by_workspace_and_address(sandbox: Sandbox, module_database_url: str) -> None:
    pool = await write_pool(module_database_url, 1)
    try:
        async with pool.acquire() as connection:
            number = await connection.fetchval("select id from workspaces where name = 'north'")
        assert await SimulatedMail(pool, number).send(LETTER) == Sent()
    finally:
        await pool.close()
    (letter,) = await letters(sandbox.http, workspace="north")
    assert {name: letter[name] for name in ("to", "sender", "subject", "text")} == {
        "to": "ada@example.com",
        "sender": "shop@example.com",
        "subject": "Code",
        "text": "1234",
    }
    assert await letters(sandbox.http, workspace="north", to="ada@example.com") == [letter]
    assert await letters(sandbox.http, workspace="north", to="eva@example.com") == []
    assert await letters(sandbox.http, workspace="nowhere") == 404
    assert await letters(sandbox.http) == 400
    for wrong in ("-1", "31", "1.5", "²"):
        assert await letters(sandbox.http, workspace="north", wait=wrong) == 400


async def test_a_letter_that_comes_later_is_waited_for(sandbox: Sandbox, module_database_url: str) -> None:
    late = Mail("late@example.com", "Code", "1234", "shop@example.com", "k2")
    wanted = asyncio.create_task(letters(sandbox.http, workspace="north", to=late.to, wait="20"))
    pool = await write_pool(module_database_url, 1)
    try:
        async with pool.acquire() as connection:
            number = await connection.fetchval("select id from workspaces where name = 'north'")
        assert await letters(sandbox.http, workspace="north", to=late.to) == []
        assert not wanted.done()
        assert await SimulatedMail(pool, number).send(late) == Sent()
    finally:
        await pool.close()
    assert [letter["subject"] for letter in await wanted] == ["Code"]


def unopened() -> LanePool:
    async def never() -> Any:
        raise AssertionError

    return OpenablePool(never)


def test_the_account_says_who_carries_its_mails() -> None:
    gateways = Gateways(unopened(), lambda: pytest.fail("nobody asks for the time"))
    smtp = MailSettings("smtp", "mail.example.com", username="shop", password="secret")
    assert isinstance(gateways.mails(1, MailSettings()), SimulatedMail)
    assert isinstance(gateways.mails(1, smtp), SmtpMail)
    assert gateways.mails(1, smtp) is gateways.mails(2, smtp)


@pytest.mark.parametrize("kind", ["refuse", "drop", "timeout"])
async def test_a_mail_server_fails_by_order(kind: Any) -> None:
    class Carrier:
        async def send(self, mail: Mail) -> Sent:
            return Sent()

    faults = Faults()
    faults.add(
        FaultOrder(target="mails.send", kind=kind, count=1, delay=0 if kind == "timeout" else None), Scope()
    )
    carrier = faults.wrap_gateway("mails", Carrier(), 1)
    answer = await asyncio.wait_for(carrier.send(LETTER), 60)
    assert isinstance(answer, MailFailed)
    assert not answer.final
    assert await carrier.send(LETTER) == Sent()
