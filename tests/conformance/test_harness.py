"""The harness sees what it is there to see: a proof that could not fail would prove nothing."""

import re
from typing import Any

import pytest

from entrepot.store.connections import Connection
from tests.conformance.harness import Reply, changed, read_state
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.proof import assert_headers, assert_same
from tests.conformance.harness.state import begin_proof

REQUEST_ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": None}, {"a": ""}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ("abc", re.compile("ab")),
        (None, re.compile("")),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}),
    ],
)
def test_values_that_differ_are_told_apart(found: Any, expected: Any) -> None:
    with pytest.raises(AssertionError):
        assert_same(found, expected)


@pytest.mark.parametrize(
    "more",
    [
        [("x-request-id", "short")],
        [("x-request-id", REQUEST_ID), ("x-powered-by", "anything")],
        [("x-request-id", REQUEST_ID), ("link", "</other>")],
        [("x-request-id", REQUEST_ID), ("link", "</page>"), ("link", "</page>")],
    ],
)
def test_headers_that_differ_are_told_apart(more: list[tuple[str, str]]) -> None:
    kind = [("content-type", "application/json"), ("cache-control", "no-store")]
    sent = [("date", "today"), ("content-length", "2"), *kind]
    assert_headers(
        Reply(200, (*sent, ("x-request-id", REQUEST_ID), ("link", "</page>")), b"{}"), {"link": "</page>"}
    )
    with pytest.raises(AssertionError):
        assert_headers(Reply(200, (*sent, *more), b"{}"), {"link": "</page>"})


@pytest.mark.parametrize("older", [False, True], ids=["of-this-test", "from-before"])
@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("update stock set available = available - 1, reserved = reserved + 1 where workspace = $1", "stock"),
        ("update products set name = name || ' ' where workspace = $1", "products"),
        (
            "insert into invoice_lines values ($1, 1, 1, 'CAD', 1, 1, timestamptz '2026-01-01', false)",
            "invoice_lines",
        ),
        ("delete from tax_companies where workspace = $1", "tax_companies"),
    ],
)
async def test_every_change_of_a_table_is_seen(
    connection: Connection, open_bonsai_shop: OpenShop, statement: str, table: str, older: bool
) -> None:
    shop = await open_bonsai_shop()
    if older:
        await begin_proof(connection)
    before = await read_state(connection)
    assert not changed(before, await read_state(connection))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement, await shop.id())
    assert changed(before, await read_state(connection)) == [table]
    await transaction.rollback()
