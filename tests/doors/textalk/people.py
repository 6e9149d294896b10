"""A shop and the processes that serve it, as those see it who want to become its customers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from argon2 import PasswordHasher

from entrepot.doors.kit import observers, services_of
from entrepot.doors.kit.admission.passwords import Passwords
from entrepot.doors.textalk.app import Textalk
from entrepot.doors.textalk.caller import tokens
from entrepot.engine.clock import Clock
from entrepot.engine.worker import Wiring, Worker
from entrepot.registry import event_body
from tests.conformance.harness import changed, read_state
from tests.doors.kit.serving import serve
from tests.support.webshop import Webshop, patch

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


@asynccontextmanager
async def from_elsewhere(eva: Shopping, address: str = "127.0.0.2") -> AsyncGenerator[None]:
    """What the first process is asked meanwhile comes from another address."""
    near = eva.processes[0].http
    other = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(base_url=near.base_url, transport=other, timeout=60) as far:
        eva.processes[0].http = far
        yield
        eva.processes[0].http = near


async def started(stack: AsyncExitStack, database_url: str) -> Process:
    passwords, worker = (
        Passwords(QUICK),
        Worker(database_url, Clock(), Wiring(body_of=event_body, private=True)),
    )
    await worker.start()
    stack.push_async_callback(worker.stop)
    door = Textalk(services_of(worker, observers()), passwords=passwords)
    address = await stack.enter_async_context(serve(door.app()))
    http = httpx.AsyncClient(base_url=address.url, trust_env=False, verify=False, timeout=60)
    return Process(await stack.enter_async_context(http), passwords, worker)
