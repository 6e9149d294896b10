"""Each law finds what breaks it, in the right workspace, and a healthy workspace has no findings."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from entrepot.checks import Finding, check_database, run_checks, running
from entrepot.checks.laws import LAWS
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.stock.levels import Hold
from entrepot.store.connections import Connection, connect
from tests.support.shop import CHANNEL, NORTH, TEA, WORKSPACE, insert, level, line, open_shop, order_records

ATTEMPT = """
insert into attempts (workspace, id, uuid, "order", kind, channel, environment, state, version, lease_until, draft,
  outcome, started_at, untold)
values (1, 8, gen_random_uuid(), 8, 'place', 5, 'live', 'open', 1, '2026-03-01', '{}', '', '2026-03-01', false)
"""

RETURN_LINE = """
insert into return_lines (workspace, "order", return_id, no, line, sku, reason, quantity, initiated, in_transit,
  at_center, received, cancelled, restocked, scrapped)
values (1, 7, 9, 1, 1, 'TEA', '', {initiated}, {initiated}, 0, 0, {received}, 0, {restocked}, 0)
"""

BREACHES: dict[str, list[str]] = {
    "stock-balance": [
        "alter table stock drop constraint stock_law_check",
        "update stock set received = received + 1",
    ],
    "stock-owed": [
        "alter table stock drop constraint stock_owed_check",
        "update stock set owed = 1, available = available + 1",
    ],
    "stock-reserved": ["update stock set reserved = reserved + 1, available = available - 1"],
    "stranded-holds": ['update holds set "order" = 8'],
    "attempts-recovered": [ATTEMPT],
    "holds-of-lines": [
        "update holds set quantity = quantity - 1",
        "update stock set reserved = reserved - 1, available = available + 1",
    ],
    "line-counters": [
        "alter table order_lines drop constraint order_lines_counters_check",
        "update order_lines set quantity = quantity + 1, amount = price * quantity",
    ],
    "order-progress": ["update orders set progress = 'shipped'"],
    "line-parts": ["update order_lines set part = 2"],
    "order-totals": ["update orders set shipping_tax = shipping_tax + 1"],
    "order-events": ["update orders set events = 2"],
    "order-paid": ["update payments set amount = amount - 1"],
    "payment-refunds": ["update payments set refunded = 1"],
    "line-shipments": [
        """insert into shipment_lines (workspace, "order", shipment, line, quantity, delivered)
        values (1, 7, 1, 1, 1, 0)"""
    ],
    "line-returns": [RETURN_LINE.format(initiated=1, received=0, restocked=0)],
    "return-lines": [
        "alter table return_lines drop constraint return_lines_inspected_check",
        RETURN_LINE.format(initiated=0, received=0, restocked=1),
    ],
    "return-orders": [
        """insert into returns (workspace, "order", id, uuid, data, opened_at, changed_at, events)
        values (1, 8, 9, gen_random_uuid(), '{}', '2026-03-01', '2026-03-01', 0)"""
    ],
    "return-refunds": [
        """insert into refunds (workspace, "order", id, payment, key_uuid, state, amount, reason, breakdown, lines, at,
          return_id)
        values (1, 7, 9, 1, gen_random_uuid(), 'open', 1, '', '{}', '[{"line": 1, "quantity": 1}]', '2026-03-01', 5)""",
        "update payments set refunded = 1",
    ],
    "order-ids": ["update counters set next = 7"],
    "references": ["""update "references" set target = 8"""],
    "invoice-lines": ["update invoice_lines set amount = -1"],
    "certificate-balances": [
        """insert into certificates values (1, 1, 5, 'A', 'SEK', 10, 9, null, false, null, null, '', '', '', '',
          '2026-03-01', '2026-03-01', '{}')"""
    ],
    "discount-uses": [
        """insert into discounts values (1, 1, 5, 'A', '{}', true, 'percent', 0, '{}', false, '{}', null, null, null,
          null, 1, true, null, '2026-03-01', '2026-03-01', '{}')"""
    ],
    "tax-addresses": [
        """insert into merchants (workspace, id, ref, name, country, integration, payout_account, address)
        values (1, 1, 'm', 'M', 'US', 'manual', null, '{}')""",
        """update channels set settings = '{"taxes": {"provider": "avatax"}}'""",
    ],
    "outbox-parked": [
        """insert into outbox (workspace, subject, listener, seq, payload, created_at, due_at, tries, state, error,
  stream, place)
        values (1, 7, 'hub', 1, '{}', '2026-03-01', '2026-03-01', 9, 'parked', '', '', 0)"""
    ],
}


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    for workspace, name in ((WORKSPACE, "shop"), (2, "neighbour")):
        await open_shop(connection, workspace, name)
        holds = [Hold(7, 1, NORTH, TEA, 3)]
        named = Reference(CHANNEL, "live", "external-order", "X-7", 7)
        records = order_records(7, [line(7, 1, TEA, 3)], holds=holds)
        await insert(connection, workspace, [*records, level(TEA, NORTH, 9, 3), named])
    yield connection
    await connection.close()


def test_every_law_is_broken_by_a_test() -> None:
    assert set(BREACHES) == {law.name for law in LAWS}


@pytest.mark.parametrize("law", BREACHES)
async def test_a_breach_is_found(shop: Connection, law: str) -> None:
    assert await run_checks(shop) == []
    for statement in BREACHES[law]:
        in_one = f"{statement} where workspace = {WORKSPACE}" if statement.startswith("update") else statement
        await shop.execute(in_one)
    found = await run_checks(shop)
    assert {(finding.law, finding.workspace) for finding in found} == {(law, WORKSPACE)}
    assert found[0].severity == ("warning" if law in ("outbox-parked", "tax-addresses") else "violation")
    assert "{" not in found[0].detail
    assert await run_checks(shop, 2) == []
    assert await run_checks(shop, WORKSPACE) == found


async def test_what_an_open_attempt_holds_is_not_stranded(shop: Connection) -> None:
    await shop.execute(ATTEMPT.replace("'open', 1, '2026", "'open', 1, '9026"))
    await insert(
        shop, WORKSPACE, [Hold(8, 1, NORTH, TEA, 2), Reference(CHANNEL, "live", "external-order", "X-8", 8)]
    )
    await shop.execute("update stock set reserved = 5, available = 4 where workspace = 1")
    assert await run_checks(shop) == []
    await shop.execute("update attempts set state = 'refused'")
    assert {finding.law for finding in await run_checks(shop)} == {"stranded-holds", "references"}


async def test_however_workspaces_are_asked_about_the_same_is_found(
    shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together, each by itself, and with a plan of its own."""
    await shop.execute("update orders set events = 2")
    await shop.execute("update counters set next = 7 where workspace = 2")
    together = await run_checks(shop)
    assert [(finding.law, finding.workspace) for finding in together] == [
        ("order-events", WORKSPACE), ("order-events", 2), ("order-ids", 2),
    ]  # fmt: skip
    for name, value in (("TOGETHER", 1), ("LARGE", 0)):
        monkeypatch.setattr(running, name, value)
        told: list[tuple[int, int]] = []
        assert await run_checks(shop, progress=lambda done, of: told.append((done, of))) == together  # noqa: B023
        assert told == [(0, 2), (1, 2), (2, 2)]


async def test_many_breaches_are_told_shortly(shop: Connection) -> None:
    await shop.execute("alter table order_lines drop constraint order_lines_counters_check")
    for no in range(2, 130):
        await insert(shop, WORKSPACE, [line(7, no, TEA, 1)])
    await shop.execute("update order_lines set new = 0 where no > 1")
    found = [finding for finding in await run_checks(shop) if finding.law == "line-counters"]
    assert len(found) == 101
    assert found[-1].detail == "and more than 100 in all"


async def test_a_current_database_is_fine(database_url: str) -> None:
    assert await check_database(database_url) == []


async def test_an_old_and_a_new_schema_are_told(shop: Connection, database_url: str) -> None:
    await shop.execute("update alembic_version set version_num = '9999', serves = '9999'")
    (ahead,) = await check_database(database_url)
    assert "newer release" in ahead.detail
    await shop.execute("drop table alembic_version")
    (behind,) = await check_database(database_url)
    assert behind == Finding(
        "violation", "migrations", None, "the schema is behind this release: run `entrepot migrate`"
    )


async def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    (finding,) = await check_database("postgresql://user:secret@127.0.0.1:1/none")
    assert (finding.severity, finding.law) == ("violation", "database")
    assert "secret" not in finding.detail


async def test_an_invoice_line_may_outlive_an_order_that_was_deleted_and_no_other(shop: Connection) -> None:
    added = """
    insert into invoice_lines (workspace, "order", channel, currency, amount, reported, at, order_gone)
    values (1, $1, 5, 'EUR', 1, 1, '2026-03-01', $2)
    """
    await shop.execute(added, 8, True)
    assert await run_checks(shop) == []
    await shop.execute("update invoice_lines set order_gone = not order_gone where workspace = 1")
    assert {finding.law for finding in await run_checks(shop)} == {"invoice-lines"}
