"""A database that does not answer at any of the reads of a request: a temporary refusal, and nothing is written."""

from __future__ import annotations

import httpx
import pytest

from tests.conformance.datamingle import ORDER, Partners, refusal
from tests.conformance.harness import Client, Expected, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import assert_reply
from tests.conformance.test_datamingle_mapped import MAPPINGS
from tests.support.server import Server

LATER = Expected(
    503,
    {"link": '</failures/unavailable>; rel="help"', "retry-after": "1"},
    {
        "success": False,
        "error": {
            "code": "SERVICE_UNAVAILABLE",
            "message": "The service is temporarily unavailable.",
        },
    },
)
BROKEN = refusal(500, "internal", "INTERNAL_ERROR", "An unexpected error occurred.")
MOST_READS = 10
REQUESTS = [
    ("GET", "/orders/"),
    ("GET", "/orders/ORD-1/"),
    ("GET", "/inventory/"),
    ("GET", "/inventory/a-200/"),
    ("GET", "/inventory/RUG-5X7-BLU/?by=sku"),
    ("GET", "/locations/"),
    ("GET", "/locations/a-100/"),
    ("GET", "/products/"),
    ("GET", "/products/RUG-5X7-BLU/"),
    ("HEAD", "/orders/ORD-1/"),
    ("OPTIONS", "/orders/"),
]


@pytest.fixture
async def partners(open_datamingle: OpenPartners, datamingle: Client) -> Partners:
    opened = await open_datamingle({"channels/plain/mappings": {"locations": MAPPINGS["locations"]}})
    for number in ("ORD-1", "ORD-2"):
        placed = await datamingle.send(opened.order({"order_number": number, "external_order_id": number}))
        assert placed.status == 201
    assert ORDER["order_number"] == "ORD-1"
    return opened


@pytest.mark.parametrize(("kind", "expected"), [("refuse", LATER), ("timeout", LATER), ("error", BROKEN)])
async def test_each_read_of_each_request_may_fail(
    server: Server, datamingle: Client, partners: Partners, kind: str, expected: Expected
) -> None:
    before = await read_state(partners.connection)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as sandbox:
        for method, path in REQUESTS:
            request, refused = partners.send(method, path), 0
            while await struck(sandbox, datamingle, request, kind, refused, expected):
                refused += 1
                assert refused < MOST_READS
            # The key, the mapping, and what was asked for; OPTIONS asks for nothing.
            assert refused >= (2 if method == "OPTIONS" else 3), (method, path, refused)
    assert changed(before, await read_state(partners.connection)) == []


async def struck(
    sandbox: httpx.AsyncClient, client: Client, request: Request, kind: str, skip: int, expected: Expected
) -> bool:
    """Whether a fault after so many reads struck the request, which then was refused as expected; else it succeeds."""
    fault = {"target": "connection:reads", "kind": kind, "count": 1}
    fault |= ({"skip": skip} if skip else {}) | ({"delay": 0.01} if kind == "timeout" else {})
    assert (await sandbox.post("/sandbox/faults", json=fault)).status_code == 201
    try:
        reply = await client.send(request)
        told = (await sandbox.get("/sandbox/faults")).json()
    finally:
        await sandbox.delete("/sandbox/faults")
    hits = sum(each["hits"] for each in told["faults"])
    if not hits:
        assert reply.status == 200, reply.body
    elif request.method == "HEAD":
        assert (reply.status, reply.body) == (expected.status, b"")
    else:
        assert_reply(reply, expected)
    return bool(hits)
