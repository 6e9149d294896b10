"""A webshop's number is no secret: it stands in the shop's settings, and by it the shop is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrepot.doors.textalk.caller.tokens import shop_key
from entrepot.store.connections import Connection
from entrepot.worlds import load_world
from tests.worlds.conftest import apply, contents

SETTINGS = {"currency": "SEK", "mail": {"gateway": "smtp", "host": "m.example", "sender": "a@m.example"}}


def world(*, workspace: str = "w", sandbox: bool = True, **numbers: int) -> str:
    channels: dict[str, Any] = {
        name: {"door": "textalk", "settings": {**SETTINGS, "door": {"uid": uid}}}
        for name, uid in numbers.items()
    }
    return json.dumps({"sandbox": sandbox, "workspaces": {workspace: {"channels": channels}}})


async def shop_of(connection: Connection, number: int) -> str | None:
    """The name of the shop that this number leads to."""
    return await connection.fetchval(
        "select c.name from directory d join channels c on c.workspace = d.workspace and c.id = d.channel"
        " where d.kind = $1 and d.hash = $2 and d.credential is null",
        *shop_key(number),
    )


@pytest.mark.parametrize("sandbox", [True, False])
async def test_a_number_leads_to_its_shop_and_is_told(connection: Connection, *, sandbox: bool) -> None:
    report = await apply(connection, world(a=4711, sandbox=sandbox))
    assert await shop_of(connection, 4711) == "a"
    assert [(each.channel, each.number) for each in report.workspaces[0].numbers] == [("a", "4711")]
    assert await connection.fetchval("select count(*) from credentials") == 0


async def test_a_shop_that_changes_its_number_is_found_by_the_new_one_only(connection: Connection) -> None:
    await apply(connection, world(a=1, b=2))
    await apply(connection, world(a=3, b=2))
    assert [await shop_of(connection, number) for number in (1, 2, 3)] == [None, "b", "a"]


async def test_two_shops_can_change_their_numbers_for_each_others(connection: Connection) -> None:
    await apply(connection, world(a=1, b=2))
    await apply(connection, world(a=2, b=1))
    assert [await shop_of(connection, number) for number in (1, 2)] == ["b", "a"]


async def test_the_number_of_a_shop_that_is_pruned_is_free(connection: Connection) -> None:
    await apply(connection, world(a=1, b=2))
    await apply(connection, world(b=2), prune=True)
    assert await connection.fetchval("select count(*) from directory where kind = 'textalk:webshop'") == 1
    assert (await apply(connection, world(workspace="other", c=1))).conflicts == ()
    assert await shop_of(connection, 1) == "c"


async def test_the_number_of_another_workspaces_shop_is_refused_with_its_place(
    connection: Connection,
) -> None:
    await apply(connection, world(a=1))
    before = await contents(connection)
    report = await apply(connection, world(workspace="other", c=1))
    assert [str(each) for each in report.conflicts] == [
        "/workspaces/other/channels/c/settings/door/uid: the number is another account's already"
    ]
    assert await contents(connection) == before


def test_a_number_stands_once_in_a_file() -> None:
    faults = load_world(world(a=1, b=1))
    assert isinstance(faults, list)
    assert [fault.pointer for fault in faults] == ["/workspaces/w/channels/b/settings/door/uid"]


SECRETS = """
[workspaces.w.channels.a]
door = "textalk"
keys = { auth = { env = "KEY" } }
[workspaces.w.channels.a.settings]
currency = "SEK"
door = { uid = 1 }
mail = { gateway = "smtp", host = "m.example", sender = "a@m.example", password = { env = "MAIL" } }
taxes.license_key = { env = "TAXES" }
[workspaces.w.webshops.a]
languages = { sv = "SEK" }
administrators = { anna = { id = 1, password = { env = "ANNA" } } }
"""
GOOD = {"KEY": "k" * 20, "MAIL": "m", "TAXES": "t", "ANNA": "linen8ok"}
PLACES = {
    "KEY": "channels/a/keys/auth",
    "MAIL": "channels/a/settings/mail/password",
    "TAXES": "channels/a/settings/taxes/license_key",
    "ANNA": "webshops/a/administrators/anna/password",
}


async def test_others_secrets_may_be_as_short_as_others_make_them(connection: Connection) -> None:
    assert (await apply(connection, SECRETS, environ=GOOD)).conflicts == ()


@pytest.mark.parametrize(
    ("variable", "value"), [("KEY", "k" * 19), ("ANNA", "linen7k"), *((v, "") for v in GOOD)]
)
async def test_what_opens_a_door_of_ours_has_a_least_length_and_nothing_is_missing(
    connection: Connection, variable: str, value: str
) -> None:
    before = await contents(connection)
    report = await apply(connection, SECRETS, environ={**GOOD, variable: value})
    assert [fault.pointer for fault in report.conflicts] == [f"/workspaces/w/{PLACES[variable]}"]
    assert await contents(connection) == before
