"""What carriers tell over HTTP: signed or refused as a whole; then each event answers for itself, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import CarrierSettings, ChannelSettings
from entrepot.domain.kernel.moments import read_moment
from entrepot.engine.clock import real_now
from entrepot.gateways.events.signed import SIGNATURE_HEADER, signature
from entrepot.store.connections import Connection, connect
from entrepot.store.credentials.directory import carrier_key
from tests.sandbox.conftest import Sandbox, beginning, sandbox
from tests.support.waiting import eventually

__all__ = ["beginning", "sandbox"]

SECRET = "carriers-own-secret"
SETTINGS = CarrierSettings("http", "http://127.0.0.1:9/", SECRET)
_LIST = """
insert into directory (kind, hash, workspace, channel, environment) values ($1, $2, $3, $4, 'live')
on conflict do nothing
"""


class Told:
    """A channel of the demo world whose carrier calls."""

    def __init__(self, sandbox: Sandbox, connection: Connection, uuid: UUID) -> None:
        self.sandbox = sandbox
        self.connection = connection
        self.uuid = uuid

    async def post(
        self,
        body: Any,
        *,
        secret: str = SECRET,
        late: float = 0,
        uuid: Any = None,
        known: str = "",
        **headers: str,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = signature(secret.encode(), content, real_now() - timedelta(seconds=late))
        headers = {SIGNATURE_HEADER: signed, "X-Request-Id": known or uuid4().hex, **headers}
        path = f"/carriers/{uuid or self.uuid}/events"
        return await self.sandbox.http.post(path, content=content, headers=headers)

    async def tell(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        reply = await self.post({"events": events})
        assert reply.status_code == 200, reply.text
        return reply.json()["events"]

    async def outcomes(self, *events: dict[str, Any]) -> list[str]:
        return [each["outcome"] for each in await self.tell(*events)]

    async def order(self) -> int:
        return (await self.sandbox.order()).json()["data"]["orderNumber"]

    async def progress(self, order: int) -> str:
        return await self.connection.fetchval("select progress from orders where id = $1", order)


@pytest.fixture
async def told(sandbox: Sandbox, module_database_url: str) -> AsyncIterator[Told]:
    connection = await connect(module_database_url)
    find = "select workspace, id, uuid, settings from channels where door = 'bonsai' and name = $1"
    workspace, channel, uuid, stored = await connection.fetchrow(find, "demo")
    settings = msgspec.structs.replace(msgspec.json.decode(stored, type=ChannelSettings), carrier=SETTINGS)
    await connection.execute(
        "update channels set settings = $2::jsonb where id = $1",
        channel,
        msgspec.json.encode(settings).decode(),
    )
    await connection.execute(_LIST, *carrier_key(uuid), workspace, channel)
    yield Told(sandbox, connection, uuid)
    await connection.execute("delete from outbox where state = 'waiting'")
    assert await run_checks(connection) == []
    await connection.close()


async def test_an_order_goes_out_and_comes_back_by_what_its_carrier_tells(told: Told) -> None:
    order = await told.order()
    at = "2026-05-01T09:00:00+02:00"
    parcel = {"order": order, "carrier": "Post", "tracking": "RR1", "trackingUrl": "https://p.example/RR1"}
    assert (
        await told.outcomes(
            {"id": "1", "order": order, "status": "acknowledged"},
            {"id": "2", "status": "shipped", "at": at, **parcel},
            {"id": "3", "status": "out_for_delivery", **parcel},
            {"id": "4", "status": "delivered", "at": "2026-05-01T10:00:00Z", **parcel},
        )
        == ["accepted"] * 4
    )
    assert await told.progress(order) == "delivered"
    row = await told.connection.fetchrow(
        'select carrier, tracking, shipped_at, delivered_at from shipments where "order" = $1', order
    )
    assert tuple(row) == ("Post", "RR1", read_moment(at), read_moment("2026-05-01T10:00:00Z"))
    opened = await told.sandbox.http.post(
        "/sandbox/returns", params={"workspace": "north"}, json={"order": str(order)}
    )
    number = opened.json()["return"]
    stages = ("in_transit", "at_center", "received")
    assert (
        await told.outcomes(*({"id": f"r{stage}", "return": number, "status": stage} for stage in stages))
        == ["accepted"] * 3
    )
    assert await told.progress(order) == "returned"


async def test_what_is_told_twice_at_once_happens_once(told: Told) -> None:
    order = await told.order()
    events = [
        {"id": "s", "order": order, "status": "shipped", "lines": [{"line": 1, "quantity": 1}]},
        {"id": "d", "order": order, "status": "delivered"},
    ]
    replies = await asyncio.gather(*(told.post({"events": events}) for _ in range(4)))
    assert {reply.status_code for reply in replies} == {200}
    count = 'select count(*) from shipments where "order" = $1'
    assert (await told.progress(order), await told.connection.fetchval(count, order)) == ("delivered", 1)


async def test_each_event_answers_for_itself(told: Told) -> None:
    order = await told.order()
    wrong: list[Any] = [
        7, None, [], {}, {"id": "x"}, {"id": "", "order": order, "status": "shipped"},
        {"id": "x", "order": "seven", "status": "shipped"}, {"id": "x", "order": 0, "status": "shipped"},
        {"id": "x", "order": 2**53, "status": "shipped"}, {"id": "x" * 256, "order": order, "status": "shipped"},
        {"id": "x", "order": order, "status": 1}, {"id": "x", "order": order, "status": "shipped", "at": "today"},
        {"id": "x", "order": order, "status": "shipped", "at": "2026-05-01T09:00:00"},
        {"id": "x", "order": order, "status": "shipped", "lines": [{"line": 1}]},
        {"id": "x", "order": order, "status": "shipped", "lines": [{"line": 1, "quantity": 0.5}]},
        {"id": "x", "order": order, "status": "shipped", "lines": [{"line": 1, "quantity": -1}]},
        {"id": "x", "order": order, "status": "shipped", "lines": [{"line": 1, "quantity": 1e300}]},
        {"id": "x", "order": order, "status": "shipped", "tracking": "x" * 256},
        {"id": "x", "return": order, "status": "delivered"},
    ]  # fmt: skip
    unknown = [
        {"id": "a", "order": 999_999_999, "status": "shipped"},
        {"id": "b", "return": 999_999_999, "status": "received"},
        {"id": "c", "order": order, "status": "shipped", "lines": [{"line": 9, "quantity": 1}]},
    ]
    good = {"id": "g", "order": order, "status": "acknowledged"}
    answers = await told.tell(*wrong, *unknown, good)
    assert [each["outcome"] for each in answers[: len(wrong)]] == ["malformed"] * len(wrong)
    assert [(each["id"], each["failure"]) for each in answers[len(wrong) : -1]] == [
        ("a", "order-unknown"), ("b", "return-unknown"), ("c", "too-many-units"),
    ]  # fmt: skip
    assert answers[-1] == {"id": "g", "outcome": "accepted"}
    assert await told.progress(order) == "acknowledged"


async def test_what_passes_by_itself_is_to_be_told_again(told: Told) -> None:
    order = await told.order()
    await told.sandbox.fault("connection:engine", "refuse", lasts=600)
    event = {"id": "1", "order": order, "status": "acknowledged"}
    telling = asyncio.create_task(told.tell(event))
    await told.sandbox.until_hit()
    await told.sandbox.http.delete("/sandbox/faults")
    assert (await telling)[0]["outcome"] in ("accepted", "again")
    assert await told.outcomes(event) == ["accepted"]
    assert await told.progress(order) == "acknowledged"


@pytest.mark.parametrize("late", [301, -301, 10**6])
async def test_a_signature_of_another_time_opens_nothing(told: Told, late: float) -> None:
    order = await told.order()
    event = {"id": "1", "order": order, "status": "delivered"}
    reply = await told.post({"events": [event]}, late=late)
    assert (reply.status_code, "error" in reply.json()) == (401, True)
    assert (await told.post({"events": [event]}, secret="other")).status_code == 401
    for header in ("", "t=1", "v1=0", f"t={'9' * 13},v1={'0' * 64}", "t=1,v1=Ü"):
        headers: Any = {SIGNATURE_HEADER: header.encode("latin-1")}
        assert (await told.post({"events": [event]}, **headers)).status_code == 401
    assert await told.progress(order) == "new"


async def test_a_body_that_was_changed_on_its_way_opens_nothing(told: Told) -> None:
    order = await told.order()
    signed = signature(SECRET.encode(), b"{}", real_now())
    body = {"events": [{"id": "1", "order": order, "status": "delivered"}]}
    headers: Any = {SIGNATURE_HEADER: signed}
    assert (await told.post(body, **headers)).status_code == 401
    assert await told.progress(order) == "new"


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"{}", b'{"events": {}}', b"\xff", b"[" * 50_000])
async def test_a_body_that_is_none_is_told(told: Told, body: bytes) -> None:
    reply = await told.post(body)
    assert (reply.status_code, "error" in reply.json()) == (400, True)


async def test_a_thousand_events_are_the_most(told: Told) -> None:
    order = await told.order()
    event = {"id": "1", "order": order, "status": "acknowledged"}
    assert (await told.post({"events": [event] * 1_001})).status_code == 400
    assert await told.outcomes(*[event] * 1_000) == ["accepted"] * 1_000


async def test_only_a_channel_whose_carrier_calls_is_there(told: Told) -> None:
    other = await told.connection.fetchval("select uuid from channels where id <> $1 limit 1", 0)
    body: dict[str, Any] = {"events": []}
    for uuid in (uuid4(), other if other != told.uuid else uuid4(), "x", str(told.uuid).upper(), "%00"):
        assert (await told.post(body, uuid=uuid)).status_code == 404
    assert (await told.sandbox.http.get(f"/carriers/{told.uuid}/events")).status_code == 405
    await told.connection.execute(
        "update channels set settings = settings - 'carrier' where uuid = $1", told.uuid
    )
    assert (await told.post(body)).status_code == 404


async def test_a_carrier_tells_of_its_own_channels_orders_only(told: Told) -> None:
    order = await told.order()
    await told.connection.execute(
        "update orders set channel = (select id from channels c where c.uuid <> $2 and c.workspace = "
        "orders.workspace limit 1) where id = $1",
        order,
        told.uuid,
    )
    [answer] = await told.tell({"id": "1", "order": order, "status": "delivered"})
    assert (answer["outcome"], answer["failure"]) == ("refused", "order-unknown")
    await told.connection.execute(
        "update orders set channel = (select id from channels where uuid = $2) where id = $1",
        order,
        told.uuid,
    )


_LOGGED = "select workspace, channel, outcome, orders, entry from request_log where request_id = $1"


async def test_what_carriers_tell_is_in_the_integration_log_of_whose_carrier_it_is(told: Told) -> None:
    order, known, forged = await told.order(), uuid4().hex, uuid4().hex
    event = {"id": known, "order": order, "status": "acknowledged"}
    await told.post({"events": [event]}, known=known)
    await told.post({"events": [event]}, secret="another-secret", known=forged)
    row = await eventually(lambda: told.connection.fetchrow(_LOGGED, known))
    workspace, channel = await told.connection.fetchrow(
        "select workspace, id from channels where uuid = $1", told.uuid
    )
    assert (row["workspace"], row["channel"], row["outcome"]) == (workspace, channel, "ok")
    assert row["orders"] == [order]
    kept = json.loads(row["entry"])
    assert json.loads(kept["request"]["text"]) == {"events": [event]}
    assert "entrepot-signature" not in kept["headers"]
    row = await eventually(lambda: told.connection.fetchrow(_LOGGED, forged))
    assert (row["workspace"], row["channel"], row["outcome"]) == (0, None, "unauthenticated")
