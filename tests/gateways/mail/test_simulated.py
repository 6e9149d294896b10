"""The simulated mail server: what is sent can be read, in its own workspace."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.gateways.mail.message import NOT_AN_ADDRESS
from entrepot.gateways.mail.port import Mail, MailFailed, Sent
from entrepot.gateways.mail.simulated import Letter, SimulatedMail, read_mailbox
from entrepot.store.connections import Pool, write_pool

AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
SENDER = "Shop <shop@example.test>"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await write_pool(database_url, 2)
    yield pool
    await pool.close()


async def read(pool: Pool, workspace: int = 1, to: str | None = None, limit: int = 100) -> list[Letter]:
    async with pool.acquire() as connection:
        return await read_mailbox(connection, workspace, to, limit)


async def test_letters_lie_newest_first_for_each_address_and_workspace(pool: Pool) -> None:
    times = iter(AT + timedelta(seconds=n) for n in range(9))
    gateway = SimulatedMail(pool, 1, clock=lambda: next(times))
    for key, to in (("a", "ada@example.test"), ("b", "bob@example.test"), ("c", "ada@example.test")):
        assert await gateway.send(Mail(to, "Hello", f"text {key}", SENDER, key)) == Sent()
    assert [letter.key for letter in await read(pool)] == ["c", "b", "a"]
    assert await read(pool, to="bob@example.test") == [
        Letter("b", "bob@example.test", SENDER, "Hello", "text b", AT + timedelta(seconds=1))
    ]
    assert [letter.key for letter in await read(pool, limit=1)] == ["c"]
    assert await read(pool, workspace=2) == await read(pool, to="nobody@example.test") == []


async def test_a_repeat_lands_once(pool: Pool) -> None:
    gateway = SimulatedMail(pool, 1)
    mail = Mail("ada@example.test", "Hello", "text", SENDER, "a")
    assert [await gateway.send(mail), await gateway.send(mail)] == [Sent(), Sent()]
    assert len(await read(pool)) == 1


async def test_what_no_mail_server_takes_is_refused_here_too(pool: Pool) -> None:
    gateway = SimulatedMail(pool, 1)
    assert await gateway.send(Mail("nobody", "Hello", "text", SENDER, "a")) == NOT_AN_ADDRESS
    assert await read(pool) == []


async def test_a_mailbox_that_cannot_be_written_is_an_answer(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("drop table mailbox")
    answer = await SimulatedMail(pool, 1).send(Mail("ada@example.test", "Hello", "text", SENDER, "a"))
    assert answer == MailFailed("the simulated mailbox cannot be written")
