"""The door on real sockets over a real database: one shop with everything, made of the boutique's records."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import msgspec
from argon2 import PasswordHasher

from entrepot.domain.channels.shops import Language
from entrepot.domain.customers.records import Administrator
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.doors.kit import Services, services_of
from entrepot.doors.kit.admission.passwords import Passwords
from entrepot.doors.textalk.app import Textalk
from entrepot.doors.textalk.caller import tokens
from entrepot.doors.textalk.caller.tokens import AUTH
from entrepot.engine import Clock
from entrepot.engine.worker import Wiring, Worker
from entrepot.registry import event_body
from entrepot.store.connections import Connection, connect
from entrepot.store.credentials.credentials import create_credential
from entrepot.store.credentials.directory import Key
from tests.doors.kit.serving import Seen, serve
from tests.support import boutique
from tests.support.shop import AT, WORKSPACE

SHOP, STRICT, CLOSED = 22222, 33333, 44444
PATH = "/backend/jsonrpc/v1"
ADMIN_TOKEN = "an-administrators-token"
ADMIN_NAME, ADMIN_PASSWORD = "Ada", "correct horse battery"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""As cheap as argon2 allows: what is tested is how often it runs."""


@dataclass
class Api:
    """A client of the door; calls answer the result, `refused` the error."""

    url: str
    client: httpx.AsyncClient
    services: Services
    connection: Connection
    passwords: Passwords
    clock: Clock
    context: dict[str, str] = field(default_factory=lambda: {"webshop": str(SHOP)})

    def as_(self, **context: object) -> Api:
        """The same client with more of a context; None takes a part away."""
        more = {name: str(value) for name, value in context.items() if value is not None}
        kept = {name: value for name, value in self.context.items() if name not in context}
        return Api(
            self.url, self.client, self.services, self.connection, self.passwords, self.clock, kept | more
        )

    @property
    def admin(self) -> Api:
        return self.as_(auth=ADMIN_TOKEN)

    async def buyer(self, **context: object) -> Api:
        """A buyer with a new session."""
        return self.as_(session=await self.as_(**context)("Session.getToken"), **context)

    async def post(self, message: object) -> httpx.Response:
        content = message if isinstance(message, bytes) else msgspec.json.encode(message)
        return await self.client.post(
            PATH, params=self.context, content=content, headers={"content-type": "application/json"}
        )

    async def reply(self, method: str, *params: object) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": params}
        response = await self.post(request)
        assert response.status_code in {200, 401, 429}, response.text
        body = response.json()
        assert body["id"] == request["id"]
        assert body["jsonrpc"] == "2.0"
        return body

    async def __call__(self, method: str, *params: object) -> Any:
        body = await self.reply(method, *params)
        assert "error" not in body, (method, body["error"])
        return body["result"]

    async def refused(self, method: str, *params: object) -> dict[str, Any]:
        body = await self.reply(method, *params)
        assert "result" not in body, (method, body["result"])
        return body["error"]

    async def code(self, method: str, *params: object) -> int:
        return (await self.refused(method, *params))["code"]


_ids = count(1)


def shop_settings(uid: int, **door: Any) -> str:
    """The settings of a shop's channel."""
    face = {"uid": uid, "name": {"en": "Boutique", "sv": "Butiken"}, "languages": ["en", "sv"], **door}
    return msgspec.json.encode(
        msgspec.structs.replace(boutique.SETTINGS, may_edit_catalogue=True, may_set_stock=True, door=face)
    ).decode()


async def _list(connection: Connection, key: Key, channel: int, credential: int | None = None) -> None:
    await connection.execute(
        "insert into directory (kind, hash, workspace, channel, environment, credential)"
        " values ($1, $2, $3, $4, 'live', $5)",
        *key, WORKSPACE, channel, credential,
    )  # fmt: skip


async def _open(connection: Connection) -> None:
    await boutique.open_boutique(connection, *_records())
    set_settings = "update channels set settings = $2 where workspace = $1 and id = $3"
    await connection.execute(set_settings, WORKSPACE, shop_settings(SHOP), boutique.SHOP_CHANNEL)
    for number, uid, door in ((7, STRICT, {"demands_tls": True}), (8, CLOSED, {"closed": True})):
        await connection.execute(
            "insert into channels (workspace, id, uuid, door, name, settings) values ($1, $2, $3, 'textalk', $4, $5)",
            WORKSPACE, number, derived_uuid("channel", str(uid)), str(uid), shop_settings(uid, **door),
        )  # fmt: skip
    for uid, channel in ((SHOP, boutique.SHOP_CHANNEL), (STRICT, 7), (CLOSED, 8)):
        await _list(connection, tokens.shop_key(uid), channel)
    await _list(connection, tokens.administrator_key(ADMIN_NAME), boutique.SHOP_CHANNEL, 61)
    await create_credential(
        connection, WORKSPACE, boutique.SHOP_CHANNEL, "live", AUTH, ADMIN_TOKEN, "Integration", now=AT
    )


def _records() -> list[Any]:
    channel = boutique.SHOP_CHANNEL
    return [
        Administrator(61, channel, ADMIN_NAME, HASHER.hash(ADMIN_PASSWORD), "Ada", True, AT),
        Language(channel, "en", True, 0, "EUR"),
        Language(channel, "sv", True, 1, "SEK"),
    ]


@asynccontextmanager
async def open_api(database_url: str) -> AsyncGenerator[Api]:
    """The door, its shops and a client."""
    connection = await connect(database_url)
    await _open(connection)
    clock, passwords = Clock(), Passwords(HASHER)
    worker = Worker(database_url, clock, Wiring(body_of=event_body, private=True))
    services = services_of(worker, Seen())
    await worker.start()
    try:
        async with (
            serve(Textalk(services, passwords=passwords).app()) as address,
            httpx.AsyncClient(base_url=address.url, verify=False, timeout=60) as client,
        ):
            yield Api(address.url, client, services, connection, passwords, clock)
    finally:
        await worker.stop()
        await connection.close()
