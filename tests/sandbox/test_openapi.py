"""The control plane's own description: every operation that there is and no other, in a document that tools read."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from entrepot.engine import Clock
from entrepot.sandbox.openapi import OPERATIONS
from entrepot.sandbox.routes import Routes
from entrepot.sandbox.sandbox import Sandbox as Served
from tests.sandbox.conftest import Sandbox


def test_every_operation_is_described_and_no_other() -> None:
    routes = Routes(Served("postgresql:///nowhere", Clock()), lambda _: None)
    there = {(method, each.path) for each in routes.resources() for method in each.methods}
    assert there == {(each.method, each.path) for each in OPERATIONS}


async def _document(sandbox: Sandbox) -> dict[str, Any]:
    return (await sandbox.http.get("/sandbox/openapi.json")).json()


async def test_a_tool_reads_it(sandbox: Sandbox) -> None:
    document = await _document(sandbox)
    read: Any = schemathesis.openapi.from_dict(document)
    operations = [each.ok() for each in read.get_all_operations()]
    assert len(operations) == len(OPERATIONS)
    names = {each.definition.raw["operationId"] for each in operations}
    assert len(names) == len(OPERATIONS)


@pytest.mark.parametrize(
    ("method", "path", "body", "shape"),
    [
        ("POST", "/sandbox/clock", {"advance": "+1h", "frozen": True}, "/sandbox/clock"),
        ("GET", "/sandbox/clock", None, "/sandbox/clock"),
        ("POST", "/sandbox/clock", {}, "/sandbox/clock"),
        ("DELETE", "/sandbox/faults/99", None, "/sandbox/faults/{number}"),
        ("POST", "/sandbox/faults", {"target": "line:bonsai", "kind": "drop"}, "/sandbox/faults"),
        ("GET", "/sandbox/requests?limit=0", None, "/sandbox/requests"),
        ("DELETE", "/sandbox/requests", None, "/sandbox/requests"),
        ("POST", "/sandbox/quotas", {"door": "bonsai", "calls": 1}, "/sandbox/quotas"),
        ("POST", "/sandbox/quotas", {"door": "none", "calls": 1}, "/sandbox/quotas"),
        ("POST", "/sandbox/snapshots", {"name": "a b"}, "/sandbox/snapshots"),
        ("GET", "/sandbox/snapshots", None, "/sandbox/snapshots"),
        ("GET", "/sandbox/explain/none", None, "/sandbox/explain/{request_id}"),
        ("GET", "/sandbox/idle?wait=30", None, "/sandbox/idle"),
    ],
)
async def test_answers_are_as_it_says(
    sandbox: Sandbox, method: str, path: str, body: Any, shape: str
) -> None:
    reply = await sandbox.http.request(method, path, json=body)
    told = (await _document(sandbox))["paths"][shape][method.lower()]["responses"][str(reply.status_code)]
    if "content" in told:
        jsonschema_rs.validate(told["content"]["application/json"]["schema"], reply.json())
    else:
        assert reply.content == b""
