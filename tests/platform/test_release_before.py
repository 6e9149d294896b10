"""This release starts on what the first one left: a backup with orders, carts, holds, messages and an open attempt.

`data/filled_by_0001.dump` was made by `entrepot backup` of the release whose newest revision was 0001, on a demo world:
orders by both doors (live, test, pending, sent), carts, listeners with messages that nobody took, and a card order
(external id E-9) whose server was killed while the bank was asked.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from tests.support.server import running_server
from tests.support.waiting import eventually
from typer.testing import CliRunner

from entrepot.checks import Finding, run_checks
from entrepot.cli import app
from entrepot.store.connections import Connection, connect
from entrepot.store.embedded import connect_or_start

FILLED = Path(__file__).parent / "data" / "filled_by_0001.dump"
ORDERS = {1000010, 1000026, 1000035, 1000038, 1000041, 1000048}
MUG = {"public_id": "c68yvyl5s1ienexavdwntb1dr", "variant_id": "101", "quantity": 1}
HOME = {"address1": "1 Main St", "city": "Toronto", "province": "ON", "country": "CA", "zip": "M5V 2T6"}
ADA = {"first_name": "Ada", "last_name": "Lovelace"}


def order(external_id: str) -> dict[str, Any]:
    return {
        "customer": {"email": "ada@example.com", **ADA},
        "products": [MUG],
        "shipping_address": {**ADA, **HOME},
        "external_order_id": external_id,
        "payment": {
            "method": "external payment",
            "token": f"paid-for-{external_id}",
            "currency": "USD",
            "amounts": {"goods": 25, "shipping": 4, "taxes": 3.77},
        },
    }


def submit(url: str, external_id: str) -> httpx.Response:
    headers = {"API-Key": "demo-api-key"}
    return httpx.post(
        f"{url}/bonsai/orders/V1/submit",
        json=order(external_id),
        headers=headers,
        timeout=60,
        trust_env=False,
    )


async def recovered(connection: Connection) -> None:
    """The attempt that was cut off has ended, and kept nothing."""

    async def ended() -> bool:
        return not await connection.fetchval("select count(*) from attempts where state = 'open'")

    await eventually(ended)
    assert {row[0] for row in await connection.fetch("select id from orders")} == ORDERS
    held = 'select count(*) from "references" where value = $1'
    assert await connection.fetchval(held, "E-9") == 0


async def violations(connection: Connection) -> list[Finding]:
    return [found for found in await run_checks(connection) if found.severity == "violation"]


async def looked_at(database_url: str) -> list[Finding]:
    connection = await connect(database_url)
    try:
        await recovered(connection)
        return await violations(connection)
    finally:
        await connection.close()


def test_a_backup_of_the_first_release_is_brought_to_this_one_and_goes_on(
    open_folder: Path, tmp_path: Path
) -> None:
    folder = open_folder / "of-the-first-release"
    restored = CliRunner().invoke(app, ["restore", str(FILLED), "--data-dir", str(folder)])
    assert restored.exit_code == 0, restored.output
    with running_server(tmp_path / "log", "--sandbox", "--data-dir", str(folder)) as server:
        with connect_or_start(folder) as database_url:
            assert asyncio.run(looked_at(database_url)) == []
        assert submit(server.url, "E-1").json()["errors"][0]["code"] == "DUPLICATE_EXTERNAL_ORDER"
        assert submit(server.url, "E-9").status_code == 200
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")
