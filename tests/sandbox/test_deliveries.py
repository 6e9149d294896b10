"""Messages to others: what arrived is listed, and an event is told again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from entrepot.store.connections import connect
from tests.sandbox.conftest import Sandbox

ARRIVED = """
insert into outbox (workspace, subject, listener, seq, payload, created_at, due_at, tries, state, error, stream, place)
select w.id, n.subject, n.listener, 1, n.payload::jsonb, '2026-03-01', '2026-03-01', 1, 'delivered', '', '', 0
from workspaces w, (values
  (7, 'event:12', '{"event": "order.placed", "channel": 5, "subject": 7}'), (8, 'mail:signup', '{}')
) n (subject, listener, payload) where w.name = 'boutique'
"""
RESEND = "/sandbox/deliveries/resend?workspace=boutique"


async def _all(sandbox: Sandbox, query: str = "") -> list[dict[str, Any]]:
    reply = await sandbox.http.get(f"/sandbox/deliveries?workspace=boutique{query}")
    assert reply.status_code == 200, reply.text
    return reply.json()["deliveries"]


async def test_an_event_that_arrived_is_told_again(sandbox: Sandbox, module_database_url: str) -> None:
    connection = await connect(module_database_url)
    await connection.execute(ARRIVED)
    await connection.close()
    assert [each["message"] for each in await _all(sandbox)] == ["7/event:12/1", "8/mail:signup/1"]
    assert [each["message"] for each in await _all(sandbox, "&listener=event")] == ["7/event:12/1"]
    assert await _all(sandbox, "&state=parked") == []
    assert "order.placed" not in str(await _all(sandbox))
    reply = await sandbox.http.post(RESEND, json={"message": "7/event:12/1"})
    assert (reply.status_code, reply.json()["resent"]) == (200, True)
    async with asyncio.timeout(60):
        while [each["tries"] for each in await _all(sandbox)] != [2, 1]:
            pass
    refused = await sandbox.http.post(RESEND, json={"message": "8/mail:signup/1"})
    assert (refused.status_code, refused.json()["failure"]) == (409, "delivery-not-repeatable")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/sandbox/deliveries", None, 400),
        ("GET", "/sandbox/deliveries?workspace=west", None, 404),
        ("GET", "/sandbox/deliveries?workspace=boutique&state=lost", None, 400),
        ("POST", "/sandbox/deliveries/resend", {"message": "7/event:12/1"}, 400),
        ("POST", "/sandbox/deliveries/resend?workspace=west", {"message": "7/event:12/1"}, 404),
        ("POST", RESEND, {}, 400),
        ("POST", RESEND, {"message": "seven"}, 400),
        ("POST", RESEND, {"message": "99/event:12/1"}, 409),
        ("POST", RESEND, {"message": "9999999999999999/event:12/999999999"}, 409),
    ],
)
async def test_what_cannot_be_told_again(
    sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    reply = await sandbox.http.request(method, path, json=body)
    assert (reply.status_code, "error" in reply.json()) == (status, True), reply.text
