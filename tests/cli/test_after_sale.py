"""The operator's commands after the sale, as somebody types them, on a real database."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_operator import Run, parsed, run

__all__ = ["run"]


def test_an_order_is_acknowledged_shipped_and_delivered(run: Run) -> None:
    assert run("orders", "acknowledge", 7).stdout == "Order 7: 3 units are acknowledged.\n"
    assert run("orders", "acknowledge", 7).stdout == "Order 7: nothing was left to do.\n"
    parcel = ("--carrier", "DHL", "--tracking", "1Z", "--tracking-url", "https://x.example/1Z")
    told = run("orders", "ship", 7, "--line", "1=2", *parcel)
    assert told.stdout == "Order 7: 2 units are shipped.\n"
    assert run("orders", "ship", 7, "--line", "1=2", *parcel).stdout == "Order 7: nothing was left to do.\n"
    refused = run("orders", "ship", 7, "--line", "1=2")
    assert (refused.exit_code, "requested 2, possible 1" in refused.output) == (1, True)
    assert run("orders", "deliver", 7, "--tracking", "1Z").stdout == "Order 7: 2 units are delivered.\n"
    shown = run("orders", "show", 7).stdout
    assert "Progress: partially delivered" in shown
    assert "DHL" in shown
    details = parsed(run("orders", "show", 7, "--json"))
    assert details["order"]["progress"] == "partially_delivered"
    assert [(each["tracking"], each["carrier"]) for each in details["shipments"]] == [("1Z", "DHL")]
    assert run("orders", "deliver", 7).stdout == "Order 7: 1 units are delivered.\n"
    assert run("check").stdout == "Everything holds.\n"


def test_what_is_wrong_is_said(run: Run) -> None:
    for arguments in (("ship", "7", "--line", "1"), ("deliver", "7", "--line", "x=1"), ("ship", "99")):
        refused = run("orders", *arguments)
        assert refused.exit_code in (1, 2)
        assert "Traceback" not in refused.output


def test_units_come_back_and_are_put_into_stock(run: Run) -> None:
    assert run("orders", "deliver", 7).exit_code == 0
    opened = parsed(run("returns", "open", 7, "--sku", "TEA=2", "--reason", "Too small", "--json"))
    number = opened["ret"]["id"]
    told = run("returns", "open", 7, "--line", "1=2")
    assert (told.exit_code, "requested 2, left 1" in told.output) == (1, True)
    head = f"Return {number} of order 7"
    assert run("returns", "advance", number, "--to", "in_transit", "--line", "1=1").stdout.startswith(head)
    assert run("returns", "cancel", number).stdout == f"{head}: 1 units are cancelled.\n"
    assert run("returns", "receive", number).stdout == f"{head}: 1 units are received.\n"
    assert run("returns", "receive", number).stdout == f"{head}: nothing was left to do.\n"
    assert "Too small" in run("returns", "inspect", number, "--restock", "1=1", "--location", "south").stdout
    assert str(number) in run("returns", "list", "--order", 7).stdout
    assert [each["id"] for each in parsed(run("returns", "list", "--json"))] == [number]
    shown = run("returns", "show", number).stdout
    assert "inspected" in shown
    assert "Too small" in run("orders", "show", 7).stdout
    (level,) = [row["level"] for row in parsed(run("stock", "show", "TEA", "--location", "south", "--json"))]
    assert (level["returned"], level["available"]) == (1, 1)
    assert run("check").stdout == "Everything holds.\n"


def test_what_is_owed_is_told_with_the_orders_that_wait(run: Run) -> None:
    assert run("stock", "owed", "--json").stdout == "[]\n"
    assert run("stock", "set", "TEA", 1, "--location", "north").exit_code == 0
    (row,) = parsed(run("stock", "owed", "--json"))
    assert (row["sku"], row["location"], row["owed"]) == ("TEA", "north", 2)
    assert row["waiting"] == [{"order": 7, "line": 1, "quantity": 3}]
    assert "7 (3)" in run("stock", "owed").stdout
    refused = run("orders", "ship", 7, "--line", "1=3")
    assert (refused.exit_code, "requested 3, there 1" in refused.output) == (1, True)
    shipped = run("orders", "ship", 7)
    assert shipped.stdout == "Order 7: 1 units are shipped. 2 are owed and not there: they stay.\n"
    assert run("orders", "ship", 7).exit_code == 1


def test_a_return_that_is_none_is_a_failure(run: Run) -> None:
    for arguments in (("show", "5"), ("receive", "99999999999999999999"), ("cancel", "5")):
        refused = run("returns", *arguments)
        assert (refused.exit_code, "No return that the caller may see" in refused.output) == (1, True)
    for arguments in (("open", "7", "--sku", "TEA"), ("open", "7", "--line", "x")):
        assert run("returns", *arguments).exit_code == 2


def _levels(run: Run) -> list[tuple[str, int, int]]:
    rows = parsed(run("stock", "show", "--json"))
    return [(row["level"]["location"], row["level"]["available"], row["level"]["returned"]) for row in rows]


def test_what_moves_stock_or_money_is_done_once_under_a_key_and_tells_the_same_again(run: Run) -> None:
    """Every such command by units: sent twice under one key it answers alike, and nothing has changed in between."""
    commands = [
        ("stock", "receive", "TEA", "4", "--location", "south"),
        ("stock", "move", "TEA", "1", "--from", "south", "--to", "north"),
        ("orders", "ship", "7", "--line", "1=1"),
        ("orders", "deliver", "7", "--line", "1=1"),
        ("orders", "cancel", "7", "--line", "1=1", "--reason", "Too late"),
        ("returns", "open", "7", "--line", "1=1"),
        ("returns", "receive", "RETURN", "--line", "1=1"),
        ("returns", "inspect", "RETURN", "--restock", "1=1", "--location", "south"),
    ]
    number = ""
    for place, command in enumerate(commands):
        words = [number if word == "RETURN" else word for word in command]
        first = run(*words, "--key", f"k{place}", "--json")
        assert first.exit_code == 0, first.output
        if command[1] == "open":
            number = str(parsed(first)["ret"]["id"])
        before = (_levels(run), run("orders", "show", 7, "--json").stdout)
        again = run(*words, "--key", f"k{place}", "--json")
        assert again.exit_code == 0
        assert parsed(again) == parsed(first)
        assert (_levels(run), run("orders", "show", 7, "--json").stdout) == before
    assert run("check").stdout == "Everything holds.\n"


def test_a_key_is_one_requests(run: Run, tmp_path: Path) -> None:
    assert run("stock", "receive", "TEA", "4", "--location", "south", "--key", "k").exit_code == 0
    other = run("stock", "receive", "TEA", "5", "--location", "south", "--key", "k", "--json")
    assert (other.exit_code, '"request-key-used"' in other.stdout) == (1, True)
    assert run("stock", "receive", "TEA", "4", "--location", "south", "--key", "é").exit_code == 2
    rows = tmp_path / "rows.csv"
    rows.write_text("sku,quantity,location\nTEA,2,south\nTEA,2,south\n")
    before = _levels(run)
    for _ in range(2):
        assert parsed(run("stock", "receive", "--file", rows, "--key", "file", "--json"))["done"] == 2
    assert [after[1] - was[1] for was, after in zip(before, _levels(run), strict=True)].count(4) == 1
