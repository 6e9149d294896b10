"""What webshops sell with is applied as all else is: compared, pruned, told, tried out; what lives on is left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from entrepot.store.connections import Connection
from entrepot.worlds import Difference
from tests.worlds.conftest import apply, contents, seen

HEAD = """
sandbox = true
[workspaces.shop.locations]
main = { name = "Main" }
[workspaces.shop.choices]
size = { id = 301, kind = "enum", name = { en = "Size" }, options = { s = { id = 311, name = { en = "S" } } } }
ink = { id = 302, kind = "string", name = { en = "Ink" } }
[workspaces.shop.groups]
all = { id = 401, name = { en = "All" } }
shirts = { id = 402, name = { en = "Shirts" }, parent = "all" }
[workspaces.shop.products.shirt]
name = "Shirt"
choices = ["size", "ink"]
prices = { SEK = "250" }
[workspaces.shop.channels.wool]
door = "textalk"
settings = { currency = "SEK", door = { uid = 4711 } }
[workspaces.shop.webshops.wool]
languages = { en = "SEK", sv = "SEK" }
"""
DELIVERY = """
[workspaces.shop.webshops.wool.delivery]
post = { id = 501, name = { en = "Post" } }
van = { id = 502, name = { en = "Van" } }
"""
PAYMENT = """
[workspaces.shop.webshops.wool.payment]
invoice = { id = 601, name = { en = "Invoice" } }
cash = { id = 602, name = { en = "Cash" } }
"""
CODES = """
[workspaces.shop.webshops.wool.discounts]
SPRING = { id = 701, percent = "10%" }
[workspaces.shop.webshops.wool.certificates]
GIFT = { id = 801, currency = "SEK", value = "100" }
"""
PEOPLE = """
[workspaces.shop.webshops.wool.customer_groups]
club = { id = 901, name = { en = "Club" } }
[workspaces.shop.webshops.wool.customers]
"eva@example.com" = { id = 911, password = "eva-secret-1" }
[workspaces.shop.webshops.wool.administrators]
anna = { id = 921, password = "anna-secret-1" }
"""
SHOP = HEAD + DELIVERY + PAYMENT + CODES + PEOPLE
BARE = """
sandbox = true
[workspaces.shop.locations]
main = { name = "Main" }
[workspaces.shop.products.shirt]
name = "Shirt"
prices = { SEK = "250" }
[workspaces.shop.channels.wool]
door = "textalk"
settings = { currency = "SEK", door = { uid = 4711 } }
[workspaces.shop.webshops.wool]
languages = { en = "SEK" }
"""
GONE = {
    ("delete", "choice", "Size"),
    ("delete", "choice", "Ink"),
    ("delete", "choice option", "S"),
    ("delete", "product choice", "Shirt Size"),
    ("delete", "product choice", "Shirt Ink"),
    ("delete", "product group", "All"),
    ("delete", "product group", "Shirts"),
    ("delete", "language", "sv"),
    ("delete", "customer group", "Club"),
    ("delete", "delivery method", "Post"),
    ("delete", "delivery method", "Van"),
    ("delete", "payment method", "Invoice"),
    ("delete", "payment method", "Cash"),
    ("delete", "discount", "SPRING"),
    ("delete", "administrator", "anna"),
}


async def value(connection: Connection, query: str, *arguments: object) -> Any:
    return await connection.fetchval(query, *arguments)


async def listed(connection: Connection) -> int:
    return await value(connection, "select count(*) from directory where kind = 'textalk:administrator'")


async def test_a_second_time_changes_nothing(connection: Connection) -> None:
    first = await apply(connection, SHOP)
    assert first.conflicts == ()
    before = await contents(connection)
    assert (await apply(connection, SHOP, prune=True)).changes == ()
    assert await contents(connection) == before


async def test_what_is_taken_out_stays_without_prune_and_goes_with_it(connection: Connection) -> None:
    await apply(connection, SHOP)
    assert seen(await apply(connection, BARE)) == []
    report = await apply(connection, BARE, prune=True)
    assert set(seen(report)) == GONE
    for table in ("article_choices", "article_choice_options", "product_choices", "article_groups",
                  "delivery_methods", "payment_methods", "discounts", "administrators"):  # fmt: skip
        assert await value(connection, f"select count(*) from {table}") == 0
    assert await listed(connection) == 0, "who is no administrator any more is not let in"
    assert await value(connection, 'select array_agg(value order by value) from "references"') == [
        "eva@example.com",
        "gift",
    ]


async def test_who_runs_all_shops_stands_in_no_file_and_is_not_pruned(connection: Connection) -> None:
    await apply(connection, SHOP)
    await connection.execute("update administrators set channel = null")
    assert ("delete", "administrator", "anna") not in seen(await apply(connection, BARE, prune=True))
    assert await value(connection, "select count(*) from administrators") == 1


async def test_what_holds_money_and_whom_the_shop_knows_lives_on(connection: Connection) -> None:
    await apply(connection, SHOP)
    await connection.execute("update certificates set balance = 10")
    await connection.execute("update customers set email = 'new@example.com', approved = false")
    before = [
        await value(connection, f"select t::text from {name} t") for name in ("certificates", "customers")
    ]
    again = SHOP.replace("eva-secret-1", "eva-secret-2").replace('value = "100"', 'value = "200"')
    assert seen(await apply(connection, again, prune=True)) == []
    await apply(connection, BARE, prune=True)
    after = [
        await value(connection, f"select t::text from {name} t") for name in ("certificates", "customers")
    ]
    assert after == before


async def test_a_dry_run_says_the_same_and_writes_nothing(connection: Connection) -> None:
    empty = await contents(connection)
    dry = await apply(connection, SHOP, dry_run=True)
    assert await contents(connection) == empty
    assert seen(await apply(connection, SHOP)) == seen(dry)
    full = await contents(connection)
    dry = await apply(connection, BARE, prune=True, dry_run=True)
    assert set(seen(dry)) == GONE
    assert await contents(connection) == full


async def test_what_differs_is_told_field_by_field_and_the_rest_stays(connection: Connection) -> None:
    """A file knows no description and no pictures: what a shop wrote there is not its to take away."""
    await apply(connection, SHOP)
    await connection.execute('update delivery_methods set description = \'{"en": "Fast"}\', active = false')
    await connection.execute("update discounts set used = 3")
    changed = (
        SHOP.replace("Invoice", "Bill").replace('"10%"', '"20%"').replace('{ en = "Van" }', '{ en = "Bus" }')
    )
    report = await apply(connection, changed)
    assert seen(report) == [
        ("update", "delivery method", "Bus"),
        ("update", "payment method", "Bill"),
        ("update", "discount", "SPRING"),
    ]
    assert report.changes[1].differences == (Difference("name.en", "Invoice", "Bill"),)
    assert (
        await value(connection, "select description ->> 'en' from delivery_methods where id = 502") == "Fast"
    )
    assert await value(connection, "select bool_or(active) from delivery_methods") is False
    row = await connection.fetchrow("select used, percent, changed_at from discounts")
    assert tuple(row) == (3, 200_000, datetime(2026, 1, 1, tzinfo=UTC))
    assert (await apply(connection, changed)).changes == ()


async def test_a_changed_password_of_an_administrator_is_taken_over(
    connection: Connection,
) -> None:
    await apply(connection, SHOP)
    assert (await apply(connection, SHOP)).changes == ()
    report = await apply(connection, SHOP.replace("anna-secret-1", "anna-secret-2"))
    assert seen(report) == [("update", "administrator", "anna")]
    assert report.changes[0].differences == (Difference("password_hash", "(secret)", "(secret)"),)
    assert "argon2" not in str(report)
    stored = await value(connection, "select password_hash from administrators")
    PasswordHasher().verify(stored, "anna-secret-2")
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(stored, "anna-secret-1")
    assert await listed(connection) == 1


async def test_an_administrator_goes_by_the_new_name_only(connection: Connection) -> None:
    await apply(connection, SHOP)
    old = await value(connection, "select hash from directory where kind = 'textalk:administrator'")
    assert seen(await apply(connection, SHOP.replace("anna =", "berta ="))) == [
        ("update", "administrator", "berta")
    ]
    assert await listed(connection) == 1
    assert await value(connection, "select hash from directory where kind = 'textalk:administrator'") != old


async def test_a_user_name_of_another_workspace_is_a_conflict_at_its_place(connection: Connection) -> None:
    await apply(connection, SHOP)
    other = SHOP.replace("workspaces.shop", "workspaces.other").replace("4711", "4712")
    report = await apply(connection, other)
    assert [(fault.pointer, fault.message) for fault in report.conflicts] == [
        ("/workspaces/other/webshops/wool/administrators/anna", "the user name is another account's already")
    ]


async def test_a_code_moves_with_its_discount_and_is_freed_when_it_goes(connection: Connection) -> None:
    await apply(connection, SHOP)
    await apply(connection, SHOP.replace("SPRING", '"Summer Sale"'))
    names = "select array_agg(value order by value) from \"references\" where kind = 'code'"
    assert await value(connection, names) == ["gift", "summersale"]
    swapped = SHOP.replace("GIFT", "SUMMER").replace("SPRING", "AUTUMN").replace("id = 801", "id = 802")
    assert (await apply(connection, swapped)).conflicts == ()
    assert await value(connection, names) == ["autumn", "gift", "summer"]


async def test_a_code_that_another_has_is_a_conflict_at_its_place(connection: Connection) -> None:
    await apply(connection, SHOP)
    before = await contents(connection)
    other = SHOP.replace("SPRING = { id = 701", "gift = { id = 702").replace(
        "GIFT = { id = 801", "X = { id = 802"
    )
    report = await apply(connection, other)
    assert [(fault.pointer, fault.message) for fault in report.conflicts] == [
        ("/workspaces/shop/webshops/wool/discounts/gift", "the name is another's already")
    ]
    assert await contents(connection) == before


async def test_a_discount_that_was_used_is_ended_instead_of_deleted(connection: Connection) -> None:
    await apply(connection, SHOP)
    await connection.execute("update discounts set used = 1")
    assert ("update", "discount", "SPRING") in seen(await apply(connection, BARE, prune=True))
    assert await value(connection, "select active from discounts") is False
    assert seen(await apply(connection, BARE, prune=True)) == []
    assert ("update", "discount", "SPRING") in seen(await apply(connection, SHOP))
    assert await value(connection, "select active from discounts") is True


async def test_an_emptied_location_of_which_history_tells_is_deleted_as_a_door_deletes_it(
    connection: Connection,
) -> None:
    stocked = SHOP.replace(
        'main = { name = "Main" }', 'main = { name = "Main" }\nback = { name = "Back" }'
    ).replace('choices = ["size", "ink"]', 'choices = ["size", "ink"]\nstock = { back = 5 }')
    await apply(connection, stocked)
    assert [fault.message for fault in (await apply(connection, SHOP, prune=True)).conflicts] == [
        "the location back still keeps stock"
    ]
    await connection.execute("update stock set available = 0, scrapped = 5")
    assert seen(await apply(connection, SHOP, prune=True)) == [("update", "location", "back")]
    assert await value(connection, "select deleted_at is not null from locations where code = 'back'")
    assert seen(await apply(connection, SHOP, prune=True)) == []
    assert ("update", "location", "back") in seen(await apply(connection, stocked))
    assert await value(connection, "select deleted_at is null and active from locations where code = 'back'")
