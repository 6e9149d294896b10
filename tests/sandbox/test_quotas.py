"""Quotas: so many requests in a window of the sandbox's clock, then each door's refusal with Retry-After."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from entrepot.engine.clock import Clock
from entrepot.sandbox.wrapped import quotas
from entrepot.sandbox.wrapped.quotas import Quota, QuotaOrder, Quotas
from tests.sandbox.conftest import Sandbox

PATHS = {
    "bonsai": "/bonsai/products/",
    "textalk": "/textalk/backend/jsonrpc/v1?webshop=22222&language=en",
    "walmart": "/walmart/v3/orders",
    "rebound": "/rebound/sales-orders",
    "datamingle": "/datamingle/api/integrations/v1/orders/",
}
SAYS = {
    "bonsai": (503, "SERVICE_UNAVAILABLE"),
    "textalk": (429, "Too many requests"),
    "walmart": (429, "REQUEST_THRESHOLD_VIOLATED"),
    "rebound": (503, "OS0007"),
    "datamingle": (429, '{"detail":"Request was throttled. Expected available in 30 seconds."}'),
}


async def _order(sandbox: Sandbox, **order: Any) -> dict[str, Any]:
    reply = await sandbox.http.post("/sandbox/quotas", json=order)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def _ask(sandbox: Sandbox, door: str, **headers: str) -> httpx.Response:
    return await sandbox.http.post(PATHS[door], content=b"{}", headers=headers)


@pytest.mark.parametrize("door", PATHS)
async def test_each_door_refuses_in_its_own_words(sandbox: Sandbox, door: str) -> None:
    await sandbox.http.post("/sandbox/clock", json={"frozen": True})
    await _order(sandbox, door=door, calls=2, window=30)
    before = [(await _ask(sandbox, door)).status_code for _ in range(2)]
    refused = await _ask(sandbox, door)
    status, said = SAYS[door]
    assert (refused.status_code, refused.headers["retry-after"]) == (status, "30"), refused.text
    assert said in refused.text
    assert refused.headers["link"] == '</failures/overloaded>; rel="help"'
    assert (refused.headers.get("x-ratelimit-remaining") == "0") == (door == "datamingle")
    for other in PATHS.keys() - {door}:
        assert (await _ask(sandbox, other)).status_code not in (429, 503)
    await sandbox.http.post("/sandbox/clock", json={"advance": "+30s"})
    assert (await _ask(sandbox, door)).status_code == before[0]
    (quota,) = (await sandbox.http.get("/sandbox/quotas")).json()["quotas"]
    assert (quota["passed"], quota["refused"]) == (3, 1)
    journal = (await sandbox.http.get(f"/sandbox/requests?door={door}&outcome=overloaded")).json()
    assert len(journal["requests"]) == 1


async def _call(socket: ClientConnection, number: int) -> dict[str, Any]:
    call = {"jsonrpc": "2.0", "id": number, "method": "Article.count", "params": []}
    await socket.send(json.dumps(call))
    return json.loads(await socket.recv())


async def test_each_message_on_a_socket_counts_and_is_refused_in_the_doors_words(sandbox: Sandbox) -> None:
    await sandbox.http.post("/sandbox/clock", json={"frozen": True})
    await _order(sandbox, door="textalk", calls=2, window=30)
    url = f"{sandbox.http.base_url.join('/')}".replace("http", "ws", 1).rstrip("/")
    async with connect(url + PATHS["textalk"], proxy=None) as socket:
        heard = [await _call(socket, number) for number in (1, 2, 3)]
        assert ["error" in each for each in heard] == [False, False, True]
        assert heard[2]["error"]["code"] == -32000
        assert "30 seconds" in heard[2]["error"]["data"]
        (quota,) = (await sandbox.http.get("/sandbox/quotas")).json()["quotas"]
        assert (quota["passed"], quota["refused"]) == (2, 1)
        await sandbox.http.post("/sandbox/clock", json={"advance": "+30s"})
        assert "error" not in await _call(socket, 4)


async def test_each_key_counts_for_itself_and_only_on_its_path(sandbox: Sandbox) -> None:
    await _order(sandbox, door="bonsai", calls=1, per="key", path="/products")
    statuses = [
        (await _ask(sandbox, "bonsai", **{"API-Key": key})).status_code == 503
        for key in ("one", "one", "two", "two")
    ]
    assert statuses == [False, True, False, True]
    assert (await sandbox.order()).status_code == 200
    told = await sandbox.http.get("/sandbox/quotas")
    assert "one" not in told.text


async def test_a_reset_and_a_delete_lift_quotas(sandbox: Sandbox) -> None:
    first = await _order(sandbox, door="bonsai", calls=0)
    await _order(sandbox, door="bonsai", calls=0)
    assert (await sandbox.order()).status_code == 503
    assert (await sandbox.http.delete(f"/sandbox/quotas/{first['id']}")).status_code == 204
    assert (await sandbox.http.delete(f"/sandbox/quotas/{first['id']}")).status_code == 404
    assert (await sandbox.order()).status_code == 503
    await sandbox.http.post("/sandbox/reset")
    assert (await sandbox.order()).status_code == 200
    await _order(sandbox, door="bonsai", calls=0)
    assert (await sandbox.http.delete("/sandbox/quotas")).status_code == 204
    assert (await sandbox.order()).status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, '"door" is a required property'),
        ({"door": "bonsai"}, '"calls" is a required property'),
        ({"door": "nowhere", "calls": 1}, "/door: there is no nowhere; there are bonsai"),
        ({"door": "bonsai", "calls": -1}, "/calls: "),
        ({"door": "bonsai", "calls": 1, "window": 0}, "/window: "),
        ({"door": "bonsai", "calls": 1, "window": 86_401}, "/window: "),
        ({"door": "bonsai", "calls": 1, "per": "day"}, "/per: "),
        ({"door": "bonsai", "calls": 1, "key": "x"}, "'key' was unexpected"),
    ],
)
async def test_what_is_wrong_with_a_quota_is_named(sandbox: Sandbox, body: dict[str, Any], said: str) -> None:
    refused = await sandbox.http.post("/sandbox/quotas", json=body)
    assert (refused.status_code, said in refused.json()["error"]) == (400, True), refused.text


async def test_there_are_only_so_many(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MOST_QUOTAS", 1)
    await _order(sandbox, door="bonsai", calls=1)
    refused = await sandbox.http.post("/sandbox/quotas", json={"door": "bonsai", "calls": 1})
    assert (refused.status_code, "too many quotas" in refused.json()["error"]) == (400, True)
    await sandbox.http.delete("/sandbox/quotas")


NOW = datetime(2031, 1, 1, tzinfo=UTC)


def test_a_window_begins_with_its_first_call_and_anew_where_the_clock_goes_back() -> None:
    quota = Quota(1, QuotaOrder("bonsai", 1, window=10), None)
    quota.count(b"", NOW)
    assert quota.wait(b"", NOW + timedelta(seconds=0.5)) == 10
    assert quota.wait(b"", NOW + timedelta(seconds=9.9)) == 1
    assert quota.wait(b"", NOW + timedelta(seconds=10)) == 0
    assert quota.wait(b"", NOW - timedelta(seconds=1)) == 0


def test_a_quota_ends_after_so_much_real_time_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MOST_QUOTAS", 1)
    real = [0.0]
    kept = Quotas(Clock().now, lambda: real[0])
    kept.add(QuotaOrder("bonsai", 1, lasts=5))
    with pytest.raises(quotas.TooManyQuotasError):
        kept.add(QuotaOrder("bonsai", 1))
    real[0] = 5.0
    assert [each.id for each in (kept.add(QuotaOrder("bonsai", 2)), *kept.all())] == [2, 2]
