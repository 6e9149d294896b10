"""The operator's commands after the sale, as somebody types them, on a real database."""

from __future__ import annotations

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
