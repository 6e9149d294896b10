"""No command is forgotten in the table of what can be repeated, and the page is that table."""

from __future__ import annotations

from tests.security.page import matches
from tests.security.repeats import REPEATS, commands, repeat_of, repeating_page
from tests.security.routes import all_routes
from tests.security.test_table import PAGE

COSTLY = ("orders", "returns", "stock")


async def test_of_every_command_it_is_said_what_becomes_of_it_when_it_is_sent_again() -> None:
    routes = await all_routes()
    assert [str(each) for each in commands(routes) if repeat_of(each) is None] == []
    page = PAGE.with_name("repeating.md").read_text("utf-8")
    assert page == repeating_page(routes), "make it anew: python -m tests.security.page docs/reference"


async def test_no_line_of_the_table_is_of_a_command_that_is_gone() -> None:
    names = [f"{each}".strip() for each in commands(await all_routes())]
    gone = [
        own for line in REPEATS for own in line.commands if not any(matches(name, [own]) for name in names)
    ]
    assert gone == []


async def test_what_operators_do_to_goods_and_money_takes_a_key_or_states_what_shall_be() -> None:
    """The commands on orders, returns and stock, of the command line and the sandbox."""
    mine = [each for each in commands(await all_routes()) if each.room == "cli" and each.method in COSTLY]
    assert {
        f"{each.method} {each.path}" for each in mine if "--key" not in (repeat_of(each) or REPEATS[0]).by
    } == {
        "orders acknowledge",
        "orders delete",
        "stock set",
    }
