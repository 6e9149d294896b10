"""No secret is told again: not by the log at its most talkative, nor by metrics, errors, delivery logs or tables."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection, connect
from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.sockets import SocketClient
from tests.support.belongings import BUYER, Caller, patches
from tests.support.server import Server
from tests.support.waiting import eventually
from tests.support.webshop import Webshop

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "http://127.0.0.1:9"
"""Where nobody listens."""
ADMIN_PASSWORD, PASSWORD, NEW_PASSWORD, WRONG = (
    f"{word} {uuid.uuid4()}" for word in ("adm", "first", "second", "not")
)
MISPLACED = f"misplaced {uuid.uuid4()}"
"""Given where no secret belongs: nobody can know that it is one."""
STRIPE_KEY, ADDRESS_KEY, URL_KEY, MAIL_PASSWORD, HOOK_KEY = (uuid.uuid4().hex for _ in range(5))
CARD_TOKEN, STORED_TOKEN, CARD_NUMBER = "tok_visa_4b1f9c7e21", "tok_kept_77aa31", "4242 4242 4242 4242"
EMAIL = "eva@example.com"
SETTINGS = {
    "channels/shop/settings/cards": {"gateway": "stripe", "api_key": f"sk_test_{STRIPE_KEY}", "api_base": NOBODY},
    "channels/shop/settings/addresses": {
        "register": "http",
        "url": f"{NOBODY}/find?key={URL_KEY}",
        "api_key": ADDRESS_KEY,
        "allow_private": True,
    },
    "channels/other/settings/mail": {
        "gateway": "smtp", "host": "127.0.0.1", "port": 9, "username": "shop", "password": MAIL_PASSWORD,
        "sender": "shop@example.com",
    },
    "webshops/shop/administrators/grace": {"id": 921, "password": ADMIN_PASSWORD},
}  # fmt: skip
GATEWAYS = (STRIPE_KEY, ADDRESS_KEY, URL_KEY, MAIL_PASSWORD, HOOK_KEY)
"""What we are given to show to others: stored as it is, and told to nobody else."""


@dataclass
class Watched:
    """A server that tells all it can, and what it said to those who called it."""

    server: Server
    webshop: Webshop
    client: Client
    connection: Connection
    replies: list[str] = field(default_factory=list[str])

    async def send(self, request: Request) -> Reply:
        reply = await self.client.send(request)
        if b'"error"' in reply.body:
            self.replies.append(reply.body.decode() + str(reply.headers))
        return reply

    async def call(self, method: str, *params: Any, shop: str = "shop", **context: str) -> Any:
        return (await self.send(self.webshop.call(method, *params, shop=shop, **context))).json.get("result")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(module_database_url: str, open_folder: Path) -> AsyncIterator[Watched]:
    log = open_folder / f"{uuid.uuid4().hex}.log"
    options = (
        "--sandbox",
        "--database-url",
        module_database_url,
        "--log-level",
        "debug",
        "--log-format",
        "json",
    )
    server, connection = Server([*options], log), await connect(module_database_url)
    try:
        server.start()
        client = Client(server.url, lambda _request, _reply: None)
        webshop = Webshop(connection, "boutique")
        await webshop.open(SETTINGS)
        yield Watched(server, webshop, client, connection)
        await client.close()
        server.stop()
    finally:
        server.kill()
        await connection.close()


async def _customer(watched: Watched, session: str) -> list[str]:
    """Everything that a customer does with passwords and codes, wrongly and rightly."""
    person = {"info": {"email": EMAIL}, "password": PASSWORD}
    await watched.call("Customer.signup", {**person, "password": "short7!"})
    await watched.call("Customer.signup", {**person, "nonsense": MISPLACED})
    await watched.call("Customer.signup", {**person, "password": [PASSWORD]})
    await watched.call("Customer.signup", person)
    await watched.call("Customer.signup", {**person, "password": NEW_PASSWORD})
    await watched.call("Customer.signup", person)
    signup = await watched.webshop.code(EMAIL)
    await watched.call("Customer.confirmSignup", signup[::-1])
    await watched.call("Customer.confirmSignup", signup, {"password": True})
    await watched.call("Customer.confirmSignup", signup)
    await watched.call("Customer.login", EMAIL, WRONG, session=session)
    await watched.call("Customer.login", EMAIL, PASSWORD)
    assert await watched.call("Customer.login", EMAIL, PASSWORD, session=session)
    await watched.call("Customer.requestPasswordReset", EMAIL)
    reset = await watched.webshop.code(EMAIL)
    await watched.call("Customer.resetPassword", reset, NEW_PASSWORD[:3])
    await watched.call("Customer.resetPassword", reset, NEW_PASSWORD)
    await watched.call("Customer.resetPassword", reset, NEW_PASSWORD)
    return [PASSWORD, NEW_PASSWORD, WRONG, "short7!", signup, reset]


async def _administrator(watched: Watched) -> list[str]:
    """Log-ins and tokens, the listener's secret among them; the first is the log-in's."""
    await watched.call("Admin.login", "grace", WRONG)
    token = await watched.call("Admin.login", "grace", ADMIN_PASSWORD)
    auth = (await watched.call("AuthToken.create", {"name": "Integration"}, auth=token))["uid"]
    hook = {"eventName": "Customer/created", "url": f"{NOBODY}/hook?token={HOOK_KEY}"}
    secret = (await watched.call("EventListener.create", hook, "secret", auth=auth))["secret"]
    await watched.call("EventListener.set", 1, {"secret": secret}, auth=auth)
    await watched.call("AuthToken.set", auth, {"active": False}, auth=auth)
    await watched.call("Context.set", {"auth": auth + "x", "session": auth})
    await watched.call("Article.list", auth=token + "x")
    return [token, auth, secret, ADMIN_PASSWORD]


async def _buyer(watched: Watched, session: str, token: str) -> None:
    """A cart that is to be paid by a card whose provider does not answer, with an address that nobody knows."""
    admin = Caller(watched.client, watched.webshop, "shop", {"auth": token})
    buyer = Caller(watched.client, watched.webshop, "shop", {"session": session})
    article = await admin("Article.create", patches({})["Article"])
    post = await admin("DeliveryMethod.create", patches({})["DeliveryMethod"])
    params = {"provider": "card", "addressLookup": True}
    card = await admin("PaymentMethod.create", {"name": {"en": "Card"}, "params": params})
    item = await buyer("Order.addArticle", None, article["uid"], {"quantity": 1}, "order")
    await buyer("Order.set", item["order"], {"customer": BUYER, "delivery": {"method": post["uid"]}})
    planned = {"order": item["order"], "method": card["uid"], "params": {"token": STORED_TOKEN}}
    await buyer("Payment.set", None, planned)
    for wrong in (CARD_TOKEN, CARD_NUMBER):
        await watched.call("Order.checkout", item["order"], "uid", {"token": wrong}, session=session)
    await watched.call("Order.checkout", item["order"], "uid", {"token": [CARD_TOKEN]}, session=session)
    await watched.call("Order.lookupAddress", item["order"], {"identity": "19121212-1212"}, session=session)
    await admin("Customer.create", {"info": {"email": "hook@example.com"}})
    await watched.call("Customer.signup", {"info": {"email": EMAIL}, "password": PASSWORD}, shop="other")


async def _rubbish(watched: Watched, secrets: list[str]) -> None:
    """Each secret wherever a request can be wrong, but for names: pointers to what is wrong hold those."""
    for secret in secrets:
        plain = watched.webshop.call(secret, secret, {secret: secret})
        for request in (
            plain,
            replace(plain, path=f"{plain.path}&auth={secret}&session={secret}&language={secret}"),
            replace(plain, path=plain.path.partition("?")[0] + f"?webshop={secret}"),
            replace(plain, body=json.dumps(plain.body).encode()[:-1]),
            replace(plain, headers={"Cookie": f"auth={secret}; session={secret}", "Authorization": secret}),
            replace(plain, path=f"/textalk/{secret}"),
            watched.webshop.call("Article.get", secret, True),
            watched.webshop.call("Article.list", "uid", {"sort": secret, "filters": {"/uid": secret}}),
            watched.webshop.call("Article.list", "uid", {"filters": {"search": secret, "/ean": secret}}),
        ):
            await watched.send(request)


async def _on_a_socket(watched: Watched, session: str) -> None:
    client = SocketClient(watched.server.url, lambda _request, _reply: None)
    for request in (
        watched.webshop.call("Customer.login", EMAIL, WRONG, session=session),
        watched.webshop.call("Customer.login", EMAIL, NEW_PASSWORD, session=session),
        watched.webshop.call("Article.get", NEW_PASSWORD, auth=WRONG.replace(" ", "")),
    ):
        await client.send(request)


async def test_no_secret_is_told_or_kept_in_clear(watched: Watched) -> None:
    ended, session = await watched.call("Session.getToken"), await watched.call("Session.getToken")
    codes = await _customer(watched, ended)
    assert await watched.call("Customer.login", EMAIL, NEW_PASSWORD, session=session)
    token, *tokens = await _administrator(watched)
    await _buyer(watched, session, token)
    ours = [ended, session, token, *tokens, *codes, CARD_TOKEN, STORED_TOKEN, CARD_NUMBER]
    await _on_a_socket(watched, session)
    sent = real_now()
    await _rubbish(watched, ours)
    listed = await eventually(lambda: _told(watched))
    assert "19121212" not in "".join(watched.replies)
    metrics = (await watched.client.send(Request("GET", "/metrics"))).body.decode()
    log = watched.server.log.read_text("utf-8")
    assert '"level":"info"' in log
    for secret in (*ours, *GATEWAYS, "19121212", MISPLACED):
        for name, text in (("log", log), ("metrics", metrics), ("delivery log", listed)):
            assert secret not in text, (name, [line for line in text.splitlines() if secret in line])
    for secret in (*ours, *GATEWAYS):
        echoed = [reply for reply in watched.replies if secret in reply]
        assert not echoed, echoed
    await _assert_tables_hold_none(watched, ours, tokens[1], sent)


async def _told(watched: Watched) -> str | None:
    """The logs of deliveries, once there was a try to tell the listener."""
    rows = await watched.connection.fetch("select row_to_json(l)::text from event_listener_log l")
    tried = await watched.connection.fetch("select coalesce(error, '') from outbox where tries > 0")
    return "\n".join(row[0] for row in [*rows, *tried]) if rows else None


HOLD = {
    "mailbox": "what was mailed lies with the simulated receiver",
    "event_listeners": "messages are signed by it",
    "sandbox_worlds": "the file that an operator applied, for the next reset",
}
"""Tables that hold secrets of ours in clear, and why."""
_TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"


async def _assert_tables_hold_none(
    watched: Watched, secrets: list[str], listener: str, sent: datetime
) -> None:
    """No table has one; the integration log none of those that were where they belong, which was until `sent`."""
    for (name,) in await watched.connection.fetch(_TABLES):
        until = [sent] if name.startswith("request_log") else []
        rows = await watched.connection.fetch(
            f'select t::text from "{name}" t {"where at < $1" if until else ""}', *until
        )
        text = "\n".join(row[0] for row in rows)
        found = [secret for secret in secrets if secret in text]
        assert not found or name in HOLD, (name, found)
        assert name != "event_listeners" or found == [listener]
