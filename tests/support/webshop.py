"""A webshop of the Textalk door in a workspace of its own, its callers, and the mails that they get."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Any

from entrepot.domain.channels.admin_tokens import AdminToken
from entrepot.domain.customers.records import Administrator, Session, proof_of
from entrepot.doors.textalk.caller import tokens
from entrepot.engine.clock import real_now
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from tests.conformance.harness.client import Request
from tests.conformance.harness.world import Edits, Tenant, Tree

PATH = "/textalk/backend/jsonrpc/v1"
SHOP = "channels/shop/settings"
PASSWORD = "correct horse"

_OTHER: Tree = {"door": "textalk", "settings": {"currency": "SEK"}}


def _workspace() -> Tree:
    """The boutique of the demo world, in English, with a second shop; each test makes its own people."""
    demo = tomllib.loads((files("entrepot.worlds") / "demo.toml").read_text("utf-8"))
    tree: Tree = json.loads(json.dumps(demo["workspaces"]["boutique"], default=lambda time: time.isoformat()))
    del tree["channels"]["strict"], tree["webshops"]["strict"]
    del tree["channels"]["shop"]["keys"]
    tree["channels"]["shop"]["settings"]["shop"]["language"] = "en"
    for people in ("customers", "administrators"):
        del tree["webshops"]["shop"][people]
    tree["channels"]["other"] = _OTHER
    return tree


WORKSPACE = _workspace()

_CHANNEL = "select id from channels where workspace = $1 and name = $2"
_UNSENT = "select count(*) from outbox where workspace = $1 and state = 'waiting'"
_LETTERS = """
select recipient, subject, text from mailbox where workspace = $1 and recipient = $2 order by sent_at desc
"""
_CODE = re.compile(r"\b[0-9a-f]{32}\b")


class Webshop(Tenant):
    """A workspace with the webshops `shop` and `other`; each has a number, and callers with tokens."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(connection, name, WORKSPACE)
        self.poke: Callable[[], None] = lambda: None
        """Tells an outbox in this process to look at once."""
        self.uids = {shop: secrets.randbelow(10**14) for shop in WORKSPACE["channels"]}

    async def open(self, edits: Edits | None = None) -> None:
        """Put it into the database."""
        named = {}
        for shop, uid in self.uids.items():
            face = {"uid": uid, "name": {"en": "The Boutique", "sv": "Butiken"}, "languages": ["en", "sv"]}
            named[f"channels/{shop}/settings/door"] = face
        await self.change({**named, **(edits or {})})

    async def channel(self, shop: str = "shop") -> int:
        """The id of a shop's channel."""
        return await self.connection.fetchval(_CHANNEL, await self.id(), shop)

    async def session(self, shop: str = "shop") -> str:
        """The token of a new session."""
        token, now = tokens.new_session_token(), real_now()
        record = Session(
            id=secrets.randbelow(2**40) + 2**41,
            hash=tokens.hashed(tokens.SESSION, token),
            channel=await self.channel(shop),
            environment="live",
            customer=None,
            cart=None,
            currency="SEK",
            language="en",
            vat_country=None,
            created_at=now,
            expires_at=now + timedelta(days=30),
            version=1,
        )
        await self._insert(record)
        return token

    async def administrator(self, shop: str | None = None) -> str:
        """The token of an administrator who has logged in; without a shop one who runs all of the workspace."""
        channel = None if shop is None else await self.channel(shop)
        number, now = secrets.randbelow(2**40) + 2**41, real_now()
        token = tokens.LOGIN_TOKENS.new(await self.id())
        digest = tokens.hashed(tokens.LOGIN, token)
        await self._insert(Administrator(number, channel, f"admin{number}", "", "Ada", True, now))
        await self._insert(AdminToken(digest, number, now, now + timedelta(days=1), proof_of("")))
        return token

    def call(self, method: str, *params: Any, shop: str = "shop", **context: str) -> Request:
        """A call in the context of a shop; `session`, `auth` and `language` may be added."""
        given: Mapping[str, str] = {"webshop": str(self.uids[shop]), **context}
        query = "&".join(f"{name}={value}" for name, value in given.items())
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return Request("POST", f"{PATH}?{query}", body)

    async def letters(self, to: str) -> list[tuple[str, str]]:
        """Subject and text of the mails to an address, the newest first, once all that were queued are sent."""
        workspace = await self.id()
        deadline = asyncio.get_running_loop().time() + 60
        while await self.connection.fetchval(_UNSENT, workspace):
            assert asyncio.get_running_loop().time() < deadline, "mails wait to be sent"
            self.poke()
            await asyncio.sleep(0.02)
        return [(row[1], row[2]) for row in await self.connection.fetch(_LETTERS, workspace, to)]

    async def code(self, to: str) -> str:
        """The code in the newest mail to an address."""
        return code_in((await self.letters(to))[0][1])

    async def count(self, table: str, where: str = "true") -> int:
        """How many rows of the workspace a table has."""
        return await self.connection.fetchval(
            f'select count(*) from "{table}" where workspace = $1 and {where}',
            await self.id(),
        )

    async def age(self, table: str, column: str, by: timedelta) -> None:
        """Let what is stored be older by so much."""
        told = f'select distinct "{column}" from "{table}" where workspace = $1 and "{column}" is not null order by 1'
        older = f'update "{table}" set "{column}" = $3 where workspace = $1 and "{column}" = $2'
        # The oldest first, so that none is found again; and by value, since a cluster subtracts from no column.
        for (at,) in await self.connection.fetch(told, await self.id()):
            await self.connection.execute(older, await self.id(), at, at - by)

    async def _insert(self, record: Any) -> None:
        binding = binding_of[type(record)]
        await self.connection.execute(binding.insert, await self.id(), binding.rows([record]))


def patch(email: str = "eva@example.com", **more: Any) -> Tree:
    """What somebody signs up with."""
    return {"info": {"email": email}, "address": {"firstName": "Eva"}, "password": PASSWORD, **more}


def code_in(text: str) -> str:
    """The code that a mail tells."""
    found = _CODE.search(text)
    assert found is not None, text
    return found.group()
