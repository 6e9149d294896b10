"""The operator's commands as somebody types them, on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from entrepot import __version__
from entrepot.cli import app
from entrepot.cli.showing import amount, plain
from entrepot.config import Settings
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.quantity import to_text, to_units
from entrepot.domain.orders.records import Order
from entrepot.domain.stock.levels import Hold
from entrepot.store.connections import Connection, connect
from tests.support.shop import CHANNEL, NORTH, TEA, WORKSPACE, insert, level, line, open_shop, order_records

Run = Callable[..., Result]


async def seed(connection: Connection) -> None:
    await open_shop(connection)
    holds = [Hold(7, 1, NORTH, TEA, 3)]
    records = order_records(7, [line(7, 1, TEA, 3)], kind="card", holds=holds)
    named = [
        Reference(CHANNEL, "live", "external-order", "X-7", 7),
        Reference(CHANNEL, "test", "external-order", "X-7", 8),
    ]
    test_order = order_records(8, [line(8, 1, TEA, 1)], environment="test")
    orders = [
        msgspec.structs.replace(record, external_id="X-7") if isinstance(record, Order) else record
        for record in (*records, *test_order)
    ]
    await insert(connection, WORKSPACE, [*orders, *named, level(TEA, NORTH, 9, 3)])


def on(url: str, work: Callable[[Connection], Awaitable[object]]) -> None:
    async def run() -> None:
        connection = await connect(url)
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    on(database_url, seed)
    return runner(monkeypatch, {"ENTREPOT_DATABASE_URL": database_url, "ENTREPOT_SANDBOX": "true"})


def runner(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Run:
    for name, value in {"COLUMNS": "300", "TERM": "dumb", "NO_COLOR": "1", **environment}.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def parsed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("code", "said"),
    [("OUT_OF_STOCK", "sold-out: "), ("out_of_stock", "sold-out: "), ("1004", "1004"), ("2001", "sold-out")],
)
def test_a_failure_is_found_by_any_apis_code(run: Run, code: str, said: str) -> None:
    shown = run("failures", code)
    assert (shown.exit_code, said in shown.stdout) == (0, True), shown.output
    named = parsed(run("failures", code, "--json"))
    for each in [named] if isinstance(named, dict) else named:
        doors = parsed(run("failures", each["name"], "--json"))["doors"]
        assert code.upper() in [door["code"] for door in doors]


@pytest.mark.parametrize(("code", "said"), [("9004", "Invalid query"), ("-32601", "Method not found")])
def test_a_code_of_a_doors_own_is_told_with_what_to_do(run: Run, code: str, said: str) -> None:
    shown = run("failures", code)
    assert (shown.exit_code, said in shown.stdout) == (0, True), shown.output
    given = parsed(run("failures", code, "--json"))
    named = given[0] if isinstance(given, list) else given
    assert (named["door"], named["code"], named["title"]) == ("textalk", code, said)
    assert named["advice"] in shown.stdout


def test_a_code_may_be_a_doors_own_and_stand_for_failures_too(run: Run) -> None:
    shown = run("failures", "-32602").stdout
    assert "Invalid params" in shown
    assert "card-token-missing" in shown
    own, *named = parsed(run("failures", "-32602", "--json"))
    assert own["code"] == "-32602"
    assert {each["name"] for each in named} == {"card-token-missing", "request-key-used"}


def test_orders_are_listed(run: Run) -> None:
    shown = run("orders", "list")
    assert shown.exit_code == 0, shown.output
    assert "placed (test)" in shown.stdout
    assert [order["id"] for order in parsed(run("orders", "list", "--json"))["orders"]] == [8, 7]
    page = parsed(run("orders", "list", "--json", "--limit", 1, "--channel", "main", "--since", "2026-03-01"))
    assert ([order["id"] for order in page["orders"]], page["before"]) == ([8], 8)
    assert parsed(run("orders", "list", "--json", "--state", "cancelled"))["orders"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("orders", "list", "--since", "soon"), "--since: 'soon' is wrong"),
        (("orders", "list", "--state", "lost"), "Invalid value for '--state'"),
        (("orders", "list", "--channel", "none"), "expected one of bonsai/main"),
        (("orders", "list", "-w", "none"), "--workspace: 'none' is wrong; expected one of shop"),
        (("orders", "cancel", "7", "--reason", "r", "--line", "1"), "--line: '1' is wrong"),
        (("stock", "receive", "TEA"), "Expected either SKU and QUANTITY, or --file"),
        (("stock", "receive", "NONE", "1"), "there is no SKU 'NONE'"),
        (("stock", "receive", "TEA", "1"), "the location is missing; expected one of north, south"),
        (("stock", "receive", "TEA", "1", "--location", "moon"), "there is no location 'moon'"),
        (("stock", "receive", "TEA", "1.5", "--location", "north"), "'1.5' is wrong"),
        (("keys", "create", "--channel", "main", "--kind", "none"), "keys of bonsai are live, test, private"),
        (("keys", "create", "--channel", "main", "--kind", "live", "--label", "world:x"), "--label"),
        (("failures", "sold"), "did you mean sold-out?"),
        (("outbox", "retry"), "Expected either MESSAGE, or --all"),
        (("outbox", "retry", "7/hub/1", "--all"), "Expected either MESSAGE, or --all"),
        (("outbox", "retry", "7/hub"), "'7/hub' is wrong; expected a name such as 7/event:12/1"),
        (("outbox", "retry", "7/hub/1"), "(delivery 7/hub/1)"),
        (("check", "-w", "none"), "there is no workspace 'none'"),
    ],
)
def test_what_is_wrong_is_named(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output


def test_an_order_is_shown_by_its_number_but_not_by_a_name_that_two_bear(run: Run) -> None:
    assert "Total 39.43 EUR" not in run("orders", "show", 8).stdout
    shown = run("orders", "show", "7")
    assert shown.exit_code == 0, shown.output
    assert "TEA" in shown.stdout
    assert parsed(run("orders", "show", "7", "--json"))["lines"][0]["quantity"] == 3
    several = run("orders", "show", "X-7")
    assert (several.exit_code, "by its number: 7, 8" in several.output) == (1, True)


def test_an_unknown_order_is_a_failure_in_both_forms(run: Run) -> None:
    assert "No order that the caller may see has this identifier (order 9)" in run("orders", "show", 9).output
    refused = run("orders", "show", 9, "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["failure"]) == (1, "order-unknown")


@pytest.mark.parametrize("amount", ["0.004", "12.505", "1e3", "twelve"])
def test_a_refund_is_of_an_amount_that_the_currency_can_hold(run: Run, amount: str) -> None:
    told = run("orders", "refund", "7", "--reason", "r", f"--amount={amount}")
    assert told.exit_code == 2
    assert f"--amount: '{amount}' is wrong; expected EUR with at most 2 decimals." in told.stderr


@pytest.mark.parametrize("amount", ["-1", "0", "-0.01"])
def test_a_refund_is_of_more_than_nothing(run: Run, amount: str) -> None:
    told = run("orders", "refund", "7", "--reason", "r", f"--amount={amount}")
    assert (told.exit_code, f"--amount: '{amount}' is wrong; expected more than nothing." in told.stderr) == (
        2,
        True,
    ), told.stderr


def test_cancelling_says_what_is_to_be_refunded(run: Run) -> None:
    told = run("orders", "cancel", 7, "--reason", "broken", "--line", "1=2")
    assert told.exit_code == 0, told.output
    assert told.stdout.split(".", 1)[0] == "Order 7: 2 units worth 22"
    assert "22.62 EUR are still to be refunded" in told.stdout
    again = run("orders", "cancel", 7, "--reason", "broken", "--line", "1=2")
    assert (again.exit_code, "requested 2, cancellable 1" in again.output) == (1, True)
    assert run("check").stdout == "Everything holds.\n"


def test_stock_is_received_set_and_moved(run: Run) -> None:
    assert run("stock", "receive", "RICE", "2.5", "--location", "south").exit_code == 0
    assert run("stock", "set", "RICE", "2.25", "--location", "south").exit_code == 0
    moved = run("stock", "move", "RICE", "1", "--from", "south", "--to", "north")
    assert moved.exit_code == 0, moved.output
    rows = parsed(run("stock", "show", "RICE", "--json"))
    assert [(row["location"], row["level"]["available"]) for row in rows] == [("north", 100), ("south", 125)]
    assert "1.25" in run("stock", "show", "RICE").stdout
    short = run("stock", "move", "RICE", "2", "--from", "south", "--to", "north")
    assert (short.exit_code, "requested 2.00, available 1.25" in short.output) == (1, True)


def test_a_file_of_stock_is_all_read_before_any_of_it_is_done(run: Run, tmp_path: Path) -> None:
    rows = tmp_path / "stock.csv"
    rows.write_text("sku,quantity,location\nTEA,3,south\nNONE,1,north\nRICE,x,north\n", "utf-8")
    wrong = run("stock", "receive", "--file", rows)
    assert wrong.exit_code == 2
    assert "line 3: there is no SKU 'NONE'" in wrong.output
    assert "line 4: 'x' is wrong" in wrong.output
    assert parsed(run("stock", "show", "TEA", "--location", "south", "--json")) == []
    rows.write_text("sku,quantity\nTEA,3\nTEA,0\nRICE,1\n", "utf-8")
    partly = run("stock", "receive", "--file", rows, "--location", "south", "--json")
    assert partly.exit_code == 1
    assert json.loads(partly.stdout)["done"] == 2
    assert "line 3" in partly.stderr


@pytest.mark.parametrize(
    "content", [b"", b"name\n1\n", b"sku,quantity\n\xff\xfe,1\n", b"sku,quantity\nTEA\n"]
)
def test_a_bad_file_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    rows = tmp_path / "stock.csv"
    rows.write_bytes(content)
    result = run("stock", "set", "--file", rows, "--location", "north")
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert run("stock", "set", "--file", tmp_path / "none.csv").exit_code == 2


def test_a_key_is_shown_once_and_ends_when_revoked(run: Run) -> None:
    made = parsed(
        run("keys", "create", "--channel", "bonsai/main", "--kind", "test", "--label", "ci", "--json")
    )
    listed = run("keys", "list", "--channel", "main")
    assert made["secret"] not in listed.stdout
    assert made["secret"][-4:] in listed.stdout
    assert run("keys", "revoke", made["id"]).exit_code == 0
    assert run("keys", "revoke", made["id"]).exit_code == 1
    assert parsed(run("keys", "list", "--json"))[0]["revoked_at"] is not None


PARKED = """
insert into outbox (workspace, subject, listener, seq, payload, created_at, due_at, tries, state, error,
  stream, place)
values (1, 7, 'event:12', 1, '{"code": "hidden"}', '2026-03-01', '2026-03-04', 9, 'parked', 'no answer', '', 0),
  (1, 8, 'mail:reset', 1, '{}', '2026-03-02', '2026-03-05', 8, 'parked', 'refused', '', 0),
  (1, 9, 'event:13', 2, '{}', '2026-03-03', '2026-03-03', 1, 'waiting', 'away', '', 0)
"""


def test_the_demo_serves_doors_at_hosts_and_leaves_other_servers_databases_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr("entrepot.serving.serve", lambda settings, *_, **__: served.append(settings))
    run = runner(
        monkeypatch,
        {
            "ENTREPOT_PORT": "9401",
            "ENTREPOT_DATABASE_URL": "postgresql://real/orders",
            "ENTREPOT_DATA_DIR": "/srv/real",
        },
    )
    result = run("demo", "--door-host", "bonsai=bonsai.localhost", "--door-host", "textalk=shop.localhost")
    assert result.exit_code == 0, result.output
    assert served[0].door_hosts == {"bonsai.localhost": "bonsai", "shop.localhost": "textalk"}
    assert "--door-host: 'moon'" in run("demo", "--door-host", "moon").output.replace("[", "").replace(
        "]", ""
    )


def test_what_was_given_up_is_listed_and_brought_back(run: Run, database_url: str) -> None:
    on(database_url, lambda connection: _execute(connection, PARKED))
    listed = run("outbox", "list")
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [
        ["message", "tries"], ["7/event:12/1", "9"], ["8/mail:reset/1", "8"],
    ]  # fmt: skip
    assert "no answer" in listed.stdout
    assert "hidden" not in listed.stdout + run("outbox", "list", "--json").stdout
    assert [row["subject"] for row in parsed(run("outbox", "list", "--json", "--waiting"))] == [9]
    assert [row["subject"] for row in parsed(run("outbox", "list", "--json", "--listener", "mail"))] == [8]
    assert run("outbox", "retry", "7/event:12/1").stdout == "1 messages are tried again.\n"
    again = run("outbox", "retry", "7/event:12/1", "--json")
    assert (again.exit_code, json.loads(again.stdout)["refused"][0]["failure"]) == (1, "delivery-not-parked")
    waiting = parsed(run("outbox", "list", "--json", "--waiting"))
    assert [(row["subject"], row["tries"]) for row in waiting] == [(7, 0), (9, 1)]
    assert parsed(run("outbox", "retry", "--all", "--listener", "event", "--json"))["done"] == 0
    assert parsed(run("outbox", "retry", "--all", "--json")) == {"done": 1, "refused": []}
    assert run("check").stdout == "Everything holds.\n"


def test_an_event_that_arrived_is_listed_and_sent_again(run: Run, database_url: str) -> None:
    arrived = PARKED.replace("'parked'", "'delivered'").replace("'waiting'", "'delivered'")
    on(database_url, lambda connection: _execute(connection, arrived))
    listed = run("outbox", "list", "--delivered")
    assert [line.split()[0] for line in listed.stdout.splitlines()][1:] == [
        "7/event:12/1",
        "8/mail:reset/1",
        "9/event:13/2",
    ]
    assert "hidden" not in listed.stdout
    assert run("outbox", "list", "--delivered", "--waiting").exit_code == 2
    assert run("outbox", "resend", "7/event:12/1").stdout == "1 messages are sent again.\n"
    refused = run("outbox", "resend", "7/event:12/1", "8/mail:reset/1", "--json")
    assert refused.exit_code == 1
    assert [each["failure"] for each in json.loads(refused.stdout)["refused"]] == [
        "delivery-not-repeatable"
    ] * 2


def test_check_tells_violations_by_its_status(run: Run, database_url: str) -> None:
    assert run("check").exit_code == 0
    park = """insert into outbox (workspace, subject, listener, seq, payload, created_at, due_at, tries, state, error,
  stream, place)
        values (1, 7, 'hub', 1, '{}', '2026-03-01', '2026-03-01', 9, 'parked', '', '', 0)"""
    on(database_url, lambda connection: _execute(connection, park))
    warned = run("check", "--json")
    assert [finding["severity"] for finding in parsed(warned)] == ["warning"]
    on(database_url, lambda connection: _execute(connection, "update orders set events = 5"))
    violated = run("check", "-w", "shop")
    assert (violated.exit_code, "order-events" in violated.stdout) == (1, True)


def test_check_tells_wrong_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = runner(monkeypatch, {"ENTREPOT_PORT": "many", "ENTREPOT_DATA_DIR": str(tmp_path)})
    assert "ENTREPOT_PORT: 'many' is wrong" in run("check").output
    monkeypatch.delenv("ENTREPOT_PORT")
    assert (run("check").exit_code, "there is no data in" in run("check").output) == (1, True)
    assert "There is no Entrepôt data in" in run("orders", "list").output
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_is_printed() -> None:
    listed = CliRunner().invoke(app, ["failures", "--json"])
    assert "sold-out" in {row["name"] for row in json.loads(listed.stdout)}
    shown = CliRunner().invoke(app, ["failures", "not-enough-stock"])
    assert "requested" in shown.stdout
    assert json.loads(CliRunner().invoke(app, ["failures", "sold-out", "--json"]).stdout)["retry"]


def test_tables_fit_80_columns(run: Run, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Texts are folded; numbers, times and headings are not."""
    monkeypatch.setenv("COLUMNS", "80")
    on(database_url, lambda connection: _execute(connection, PARKED))
    run("keys", "create", "--channel", "bonsai/main", "--kind", "test", "--label", "continuous integration")
    run("keys", "revoke", 1000)
    lost = "update orders set external_id = 'SHOP-2026-000123'"
    on(database_url, lambda connection: _execute(connection, lost))
    shown = {name: run(name, "list").stdout for name in ("orders", "keys", "outbox")}
    shown["stock"], shown["order"] = run("stock", "show").stdout, run("orders", "show", 7).stdout
    assert max(len(line) for text in shown.values() for line in text.splitlines()) <= 80
    for name, words in {
        "orders": "order placed state payment total external id person placed (test) 16.96 EUR 2026-03-01",
        "keys": "key channel for kind label ends in created until revoked",
        "outbox": "message tries since what is wrong 2026-03-04 00:00",
        "stock": "sku product variant location available reserved received",
        "order": "line sku name units new price 10.00 EUR",
    }.items():
        assert not [word for word in words.split() if word not in shown[name].split()], shown[name]
    assert "delivered" not in shown["order"]


def test_names_from_outside_do_not_move_the_cursor() -> None:
    assert plain("a\x1b[2Jb\n[red]").plain == "a�[2Jb�[red]"


@pytest.mark.parametrize(
    ("text", "scale", "units"),
    [("1", 0, 1), ("1.5", 2, 150), ("1.50", 1, 15), ("1.5", 0, None), ("-1", 0, None), ("1e3", 0, None),
     ("", 0, None), ("٣", 0, None), ("9" * 14, 0, None), ("0.0001", 4, 1)],
)  # fmt: skip
def test_quantities_are_read_exactly(text: str, scale: int, units: int | None) -> None:
    assert to_units(text, scale) == units


def test_quantities_and_amounts_are_written_with_all_decimals() -> None:
    assert [to_text(5, 0), to_text(5, 2), to_text(-1234, 3)] == ["5", "0.05", "-1.234"]
    assert [amount(1_050, "EUR"), amount(7, "JPY"), amount(7, "BHD")] == ["10.50 EUR", "7 JPY", "0.007 BHD"]


async def _execute(connection: Connection, statement: str) -> None:
    await connection.execute(statement)


def test_sandbox_workspaces_on_another_server_are_a_warning(
    run: Run, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.delenv("ENTREPOT_SANDBOX")
    warned = run("check")
    assert (warned.exit_code, "whose keys may be public" in warned.output) == (0, True)
    assert run("check", "--sandbox").stdout == "Everything holds.\n"
    real = "update workspaces set sandbox = false"
    on(database_url, lambda connection: _execute(connection, real))
    for_real = run("check")
    assert (for_real.exit_code, "whose keys may be public" in for_real.output) == (0, False)
    # Outside a sandbox nobody has told this account how it is paid.
    assert "can place no order" in for_real.output


def test_migrate_mends_what_check_finds(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runner(monkeypatch, {"ENTREPOT_DATABASE_URL": empty_database_url})
    assert "run `entrepot migrate`" in run("check").output
    assert "run `entrepot migrate`" in run("orders", "list").output
    assert run("migrate").exit_code == 0
    assert run("check").stdout == "Everything holds.\n"
    assert "There is no workspace yet" in run("orders", "list").output


def test_stock_of_nobody_and_keys_of_the_past_are_refused(run: Run) -> None:
    unknown = run("stock", "show", "NOSUCH")
    assert (unknown.exit_code, "There is no SKU 'NOSUCH'" in unknown.output) == (1, True)
    nowhere = run("stock", "show", "TEA", "--location", "moon")
    assert (nowhere.exit_code, "there is no location 'moon'" in nowhere.output) == (1, True)
    past = run("keys", "create", "--channel", "main", "--kind", "live", "--expires", "2020-01-01")
    assert (past.exit_code, "--expires: '2020-01-01' is past" in past.output) == (2, True)
    assert parsed(run("keys", "list", "--json")) == []


def test_what_is_piped_is_not_folded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    (row,) = run("stock", "show", "TEA").stdout.splitlines()[1:]
    assert row.split()[0] == "TEA"
    assert len(run("failures").stdout.splitlines()) == len(parsed(run("failures", "--json"))) + 1


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output == f"entrepot {__version__}\n"


def test_an_order_is_shown_with_who_where_and_how_much(run: Run, database_url: str) -> None:
    on(database_url, lambda connection: _execute(connection, SOMEBODY))
    shown = run("orders", "show", "7")
    assert shown.exit_code == 0, shown.output
    order = parsed(run("orders", "show", "7", "--json"))["order"]
    for text in (
        "Account: bonsai/main",
        "Customer: Ada Lovelace <ada@example.com>",
        "Ships to: Ada Lovelace, 1 Main St, Toronto ON M5V 2T6, CA",
        f"Taxes {amount(order['goods_tax'] + order['shipping_tax'], order['currency'])}",
        f"Total {amount(order['total'], order['currency'])}",
        "The order was placed",
        "Money was given back amount 5.00 EUR; reason late",
    ):
        assert text in " ".join(shown.stdout.split()), text
    assert "{" not in shown.stdout


SOMEBODY = """
update orders set person = '{"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}',
  ship_to = '{"first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St", "city": "Toronto",
              "country": "CA", "zip": "M5V 2T6", "province": "ON"}' where id = 7;
insert into order_events (workspace, "order", seq, at, kind, data)
select workspace, id, 901, placed_at, 'placed', '{}' from orders where id = 7;
insert into order_events (workspace, "order", seq, at, kind, data)
select workspace, id, 902, placed_at, 'refunded', '{"amount": 500, "reason": "late"}' from orders where id = 7;
"""


def test_a_refund_that_is_too_large_is_refused_in_the_unit_that_was_typed(run: Run) -> None:
    refused = run("orders", "refund", "7", "--amount", "5000.00", "--reason", "r")
    assert refused.exit_code == 1
    assert "requested 5000.00 EUR, left " in refused.output
    assert "500000" not in refused.output
