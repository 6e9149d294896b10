"""Units are written and shown as the merchant counts them: one is a whole metre, however finely it is sold."""

from __future__ import annotations

import msgspec
import pytest

from entrepot.domain.kernel.records import Record
from entrepot.domain.stock.levels import Hold
from entrepot.store.connections import Connection
from tests.cli.test_operator import Run, on, parsed, runner
from tests.support.shop import NORTH, RICE, TEA, WORKSPACE, insert, level, line, open_shop, order_records


async def seed(connection: Connection) -> None:
    """Order 7: 2.50 of RICE (two decimals) and 3 of TEA (none)."""
    await open_shop(connection)
    rice = msgspec.structs.replace(line(7, 1, RICE, 250, price=1_000), amount=2_500)
    holds = [Hold(7, 1, NORTH, RICE, 250), Hold(7, 2, NORTH, TEA, 3)]
    records: list[Record] = order_records(7, [rice, line(7, 2, TEA, 3)], kind="manual", holds=holds)
    await insert(connection, WORKSPACE, [*records, level(RICE, NORTH, 900, 250), level(TEA, NORTH, 9, 3)])


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    on(database_url, seed)
    return runner(monkeypatch, {"ENTREPOT_DATABASE_URL": database_url, "ENTREPOT_SANDBOX": "true"})


def counters(run: Run, no: int = 1) -> dict[str, int]:
    """The line as scripts read it: in the smallest unit."""
    (found,) = [each for each in parsed(run("orders", "show", 7, "--json"))["lines"] if each["no"] == no]
    return found


def test_one_unit_of_a_line_is_a_whole_one(run: Run) -> None:
    assert run("orders", "cancel", 7, "--reason", "r", "--line", "1=1").stdout.startswith(
        "Order 7: 1.00 units worth "
    )
    assert counters(run)["cancelled"] == 100
    assert (
        run("orders", "acknowledge", 7, "--line", "1=0.5").stdout == "Order 7: 0.50 units are acknowledged.\n"
    )
    assert run("orders", "ship", 7, "--line", "1=0.75").stdout == "Order 7: 0.75 units are shipped.\n"
    assert run("orders", "deliver", 7).stdout == "Order 7: 4.50 units are delivered.\n"
    line_now = counters(run)
    assert (line_now["cancelled"], line_now["delivered"]) == (100, 150)
    assert run("check").stdout == "Everything holds.\n"


def test_a_refund_is_of_whole_units_too(run: Run) -> None:
    told = parsed(run("orders", "refund", 7, "--reason", "r", "--line", "1=0.5", "--json"))
    assert told["refund"]["lines"] == [{"line": 1, "quantity": 50}]
    assert counters(run)["refunded"] == 50


def test_returns_are_of_whole_units_too(run: Run) -> None:
    assert run("orders", "deliver", 7).exit_code == 0
    by_line = parsed(run("returns", "open", 7, "--line", "1=1.5", "--json"))
    by_sku = parsed(run("returns", "open", 7, "--sku", "RICE=0.25", "--json"))
    assert (by_line["moved"][0]["quantity"], by_sku["moved"][0]["quantity"]) == (150, 25)
    number = by_line["ret"]["id"]
    head = f"Return {number} of order 7"
    told = run("returns", "advance", number, "--to", "in_transit", "--line", "1=0.5")
    assert told.stdout == f"{head}: 0.50 units are in transit.\n"
    assert (
        run("returns", "cancel", number, "--line", "1=0.5").stdout == f"{head}: 0.50 units are cancelled.\n"
    )
    assert run("returns", "receive", number, "--line", "1=1").stdout.startswith(
        f"{head}: 1.00 units are received."
    )
    told = run("returns", "inspect", number, "--restock", "1=0.75", "--scrap", "1=0.25").stdout
    assert "0.75" in told
    shown = run("returns", "show", number).stdout
    assert "75" not in shown.replace("0.75", "").replace(str(number), "")
    assert "restock 0.75" in shown
    assert run("check").stdout == "Everything holds.\n"


def test_an_order_is_shown_in_whole_units(run: Run) -> None:
    assert run("orders", "ship", 7, "--line", "1=1.25", "--tracking", "1Z").exit_code == 0
    assert run("orders", "deliver", 7, "--tracking", "1Z").exit_code == 0
    assert run("returns", "open", 7, "--line", "1=0.25").exit_code == 0
    shown = run("orders", "show", 7).stdout
    assert "2.50" in shown
    assert "1=1.25" in shown
    assert "no 1 quantity 1.25" in shown
    assert "no 1 quantity 0.25" in shown
    for units in ("250", "125", "25"):
        assert f" {units} " not in f"{shown} ".replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("orders", "cancel", "7", "--reason", "r", "--line", "1=0.555"),
            "line 1 is counted with at most 2 decimals",
        ),
        (("orders", "ship", "7", "--line", "2=0.5"), "line 2 is counted in whole units"),
        (("orders", "acknowledge", "7", "--line", "2=1.5"), "line 2 is counted in whole units"),
        (("orders", "deliver", "7", "--line", "1=1.001"), "line 1 is counted with at most 2 decimals"),
        (("orders", "refund", "7", "--reason", "r", "--line", "2=0.1"), "line 2 is counted in whole units"),
        (("returns", "open", "7", "--line", "1=1.001"), "line 1 is counted with at most 2 decimals"),
        (("returns", "open", "7", "--sku", "TEA=0.5"), "TEA is counted in whole units"),
    ],
)
def test_more_decimals_than_a_line_has_are_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("orders", "cancel", "7", "--reason", "r", "--line", "1=3"), "requested 3.00, cancellable 2.50"),
        (("orders", "ship", "7", "--line", "1=2.75"), "requested 2.75, possible 2.50"),
        (("orders", "refund", "7", "--reason", "r", "--line", "1=3"), "requested 3.00, refundable 2.50"),
        (
            ("stock", "move", "RICE", "7.5", "--from", "north", "--to", "south"),
            "requested 7.50, available 6.50",
        ),
    ],
)
def test_a_refusal_speaks_of_whole_units(run: Run, arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, said in refused.output) == (1, True), refused.output


def test_a_refused_return_speaks_of_whole_units(run: Run) -> None:
    assert run("orders", "deliver", 7).exit_code == 0
    refused = run("returns", "open", 7, "--sku", "RICE=4")
    assert (refused.exit_code, "requested 4.00, left 2.50" in refused.output) == (1, True), refused.output
    number = parsed(run("returns", "open", 7, "--line", "1=1", "--json"))["ret"]["id"]
    refused = run("returns", "receive", number, "--line", "1=1.5")
    assert (refused.exit_code, "requested 1.50, possible 1.00" in refused.output) == (1, True), refused.output


def test_units_that_are_owed_are_told_in_whole_ones(run: Run) -> None:
    assert run("stock", "set", "RICE", "1.25", "--location", "north").exit_code == 0
    assert "7 (2.50)" in run("stock", "owed").stdout
    refused = run("orders", "ship", 7, "--line", "1=2.5")
    assert (refused.exit_code, "requested 2.50, there 1.25" in refused.output) == (1, True), refused.output
