"""Applying worlds to a real database: what appears, what a second time changes, and what stands in the way."""

import asyncio
from importlib.resources import files

import pytest

from entrepot.domain.channels.storefronts import storefront_uuid
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.stock.levels import Level, lawful
from entrepot.doors.manifest import KeyKind
from entrepot.registry import manifests
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.connections import Connection, connect, read_pool
from entrepot.store.credentials.directory import Directory, credential_key
from entrepot.worlds import Difference, demo_world, find_workspace
from tests.support import cluster
from tests.worlds.conftest import apply, contents, seen

DEMO = (files("entrepot.worlds") / "demo.toml").read_text("utf-8")

SHOP = """
sandbox = true
[workspaces.shop.locations]
main = { name = "Main", priority = 1 }
back = { name = "Back", priority = 2 }
[workspaces.shop.merchants.m]
name = "M"
country = "CA"
[workspaces.shop.products.mug]
id = 7
name = "Mug"
merchant = "m"
prices = { CAD = "25.00" }
stock = { main = 10, back = 5 }
[workspaces.shop.channels.a]
door = "bonsai"
keys = { live = "first-key" }
"""


async def levels(connection: Connection) -> dict[tuple[str, str], Level]:
    binding = next(binding for binding in BINDINGS if binding.kind is Level)
    rows = await connection.fetch(
        f"""select v.sku, l.code, {binding.select("t")} from stock t
        join variants v on v.workspace = t.workspace and v.id = t.variant
        join locations l on l.workspace = t.workspace and l.id = t.location"""
    )
    found = {(row[0], row[1]): binding.parse(tuple(row)[2:]) for row in rows}
    return {key: level for key, level in found.items() if isinstance(level, Level)}


async def reserve(connection: Connection, units: int) -> None:
    """Promise units of the mug at the main location."""
    await connection.execute(
        """update stock set reserved = reserved + $1, available = available - $1
        where location = (select id from locations where code = 'main')""",
        units,
    )


async def order_the_mug(connection: Connection) -> None:
    """An order that names the mug and the account."""
    await connection.execute(
        """insert into orders (workspace, id, uuid, channel, environment, state, reason, payment_state, currency,
          person, goods, goods_tax, shipping, shipping_tax, duties, total, payment_method, placed_at, changed_at,
          version, events, data, fee, fee_tax, rounding, progress)
        select workspace, 1, uuid, id, 'live', 'placed', '', 'paid', 'CAD', '{}', 0, 0, 0, 0, 0, 0, '',
          to_timestamp(0), to_timestamp(0), 0, 0, '{}', 0, 0, 0, 'new' from channels"""
    )
    await connection.execute(
        """insert into order_lines (workspace, "order", no, id, part, product, product_id, variant, sku, name, price,
          quantity, tax, duties, requires_shipping, tracked, new, acknowledged, shipped, delivered, cancelled,
          return_initiated, returned, refunded, scale, data)
        select workspace, 1, 1, 2, 1, uuid, id, 7, 'mug', '', 0, 1, 0, 0, true, true, 1, 0, 0, 0, 0, 0, 0, 0, 0, '{}'
        from products"""
    )


async def test_the_demo_world_applies_and_a_second_time_changes_nothing(connection: Connection) -> None:
    first = await apply(connection, DEMO)
    assert first.conflicts == ()
    assert [report.name for report in first.workspaces] == ["north", "south", "boutique"]
    before = await contents(connection)
    second = await apply(connection, DEMO, set_stock=True, prune=True)
    assert second.changes == ()
    assert await contents(connection) == before


async def test_ids_are_the_files_or_a_million_and_more_and_public_ids_are_derived(
    connection: Connection,
) -> None:
    await apply(connection, SHOP)
    rows = await connection.fetch(
        "select p.id, v.id, p.uuid, l.id from products p"
        " join variants v using (workspace) join locations l using (workspace) order by l.id"
    )
    assert [tuple(row) for row in rows] == [
        (7, 7, derived_uuid("shop", "product", "mug"), 1_000_000),
        (7, 7, derived_uuid("shop", "product", "mug"), 1_000_001),
    ]
    # Two locations, the merchant, the account, its key.
    assert await connection.fetchval("select next from counters") == 1_000_005


def opened(door: str, key: str, secret: str) -> KeyKind:
    """What a secret of a door's account opens."""
    manifest = manifests()[door]
    if manifest.own_keys is None:
        return manifest.keys[key]
    kind = manifest.own_keys.opens(secret)
    assert kind is not None
    return kind


async def test_each_key_of_the_demo_world_leads_to_its_account(
    connection: Connection, database_url: str
) -> None:
    await apply(connection, DEMO)
    pool = await read_pool(database_url, 1)
    names = {
        credential_key(kind, secret): (name, environment)
        for workspace in demo_world().workspaces.values()
        for name, channel in workspace.channels.items()
        for key, secret in channel.keys.items()
        if isinstance(secret, str)
        for kind, environment, _ in [opened(channel.door, key, secret)]
    }
    try:
        callers = await Directory(pool).load(list(names))
    finally:
        await pool.close()
    assert {key: (caller.name, caller.environment) for key, caller in callers.items()} == names
    assert await connection.fetchval("select count(*) from credentials where hint <> ''") > 0


async def test_what_differs_is_updated_and_said(connection: Connection) -> None:
    await apply(connection, SHOP)
    changed = (
        SHOP.replace("25.00", "26.00").replace('"Mug"', '"Big mug"').replace("priority = 2", "priority = 3")
    )
    report = await apply(connection, changed)
    assert seen(report) == [
        ("update", "location", "back"),
        ("update", "product", "Big mug"),
        ("update", "price", "mug CAD"),
        ("update", "stock", "mug at back"),
    ]
    assert report.changes[2].differences == (Difference("amount", "2500", "2600"),)
    assert (await levels(connection))["mug", "back"].priority == 3
    assert (await apply(connection, changed)).changes == ()


async def test_stock_of_a_file_is_the_first_stock_only(connection: Connection) -> None:
    await apply(connection, SHOP)
    await reserve(connection, 4)
    report = await apply(connection, SHOP.replace("main = 10", "main = 3"))
    assert report.changes == ()
    assert (await levels(connection))["mug", "main"].on_hand == 10


async def test_set_stock_counts_and_what_falls_short_of_promises_is_owed(connection: Connection) -> None:
    await apply(connection, SHOP)
    await reserve(connection, 4)
    report = await apply(connection, SHOP.replace("main = 10", "main = 3"), set_stock=True)
    assert seen(report) == [("update", "stock", "mug at main")]
    level = (await levels(connection))["mug", "main"]
    assert (level.on_hand, level.reserved, level.available, level.owed) == (3, 4, 0, 1)
    assert all(map(lawful, (await levels(connection)).values()))


async def test_without_prune_nothing_goes_and_with_it_all_that_the_file_does_not_name(
    connection: Connection,
) -> None:
    await apply(connection, SHOP)
    bare = "sandbox = true\n[workspaces.shop]"
    assert (await apply(connection, bare)).changes == ()
    report = await apply(connection, bare, prune=True)
    assert {action for action, _, _ in seen(report)} == {"delete"}
    left = {name: rows for name, rows in (await contents(connection)).items() if rows}
    assert sorted(left) == ["alembic_version", "counters", "directory", "sandbox_worlds", "workspaces"]
    assert len(left["directory"]) == 1  # the workspace's name; the key is gone


async def test_prune_closes_what_orders_name_instead_of_deleting_it(connection: Connection) -> None:
    await apply(connection, SHOP)
    await order_the_mug(connection)
    report = await apply(
        connection, SHOP.replace("products.mug", "products.cup").replace("7", "8"), prune=True
    )
    assert ("update", "product", "Mug") in seen(report)
    assert await connection.fetchval("select available from products where id = 7") is False
    assert await connection.fetchval("select available from variants where id = 7") is False
    assert await connection.fetchval("select count(*) from stock where variant = 7") == 2
    bare = SHOP.partition("[workspaces.shop.channels")[0]
    assert ("delete", "key", "a live") in seen(await apply(connection, bare, prune=True))
    assert await connection.fetchval("select count(*) from channels") == 1


async def test_prune_takes_no_promised_units_and_no_location_in_use(connection: Connection) -> None:
    await apply(connection, SHOP)
    await reserve(connection, 1)
    before = await contents(connection)
    report = await apply(connection, "sandbox = true\n[workspaces.shop.locations]", prune=True)
    assert [fault.message for fault in report.conflicts] == ["the variant mug has units that are promised"]
    without = SHOP.replace('back = { name = "Back", priority = 2 }', "").replace(", back = 5", "")
    report = await apply(connection, without, prune=True)
    assert [fault.message for fault in report.conflicts] == ["the location back still keeps stock"]
    assert await contents(connection) == before


async def test_a_dry_run_says_the_same_and_writes_nothing(connection: Connection) -> None:
    empty = await contents(connection)
    dry = await apply(connection, SHOP, dry_run=True)
    assert await contents(connection) == empty
    assert dry.workspaces[0].id is None
    assert seen(dry) == seen(await apply(connection, SHOP))


CONFLICTS = [
    ("id = 7", "id = 8", "/workspaces/shop/products/mug/id"),
    ("products.mug]\nid = 7", "products.cup]\nsku = 'mug'", "/workspaces/shop/products/cup/sku"),
    ("products.mug", "products.cup", "/workspaces/shop/products/cup/id"),
    ('name = "Mug"', 'name = "Mug"\nscale = 2', "/workspaces/shop/products/mug/scale"),
    ("sandbox = true", "sandbox = false", "/workspaces/shop"),
]


@pytest.mark.parametrize(("old", "new", "pointer"), CONFLICTS)
async def test_what_cannot_be_changed_is_a_conflict_and_changes_nothing(
    connection: Connection, old: str, new: str, pointer: str
) -> None:
    await apply(connection, SHOP)
    before = await contents(connection)
    text = SHOP.replace(old, new)
    if "sandbox = false" in text:
        text = text.replace('"first-key"', "{ generate = true }")
    report = await apply(connection, text)
    assert pointer in [fault.pointer for fault in report.conflicts]
    assert report.changes == ()
    assert await contents(connection) == before


async def test_a_key_of_another_account_is_a_conflict_of_that_workspace_alone(connection: Connection) -> None:
    await apply(connection, SHOP)
    both = """
    sandbox = true
    [workspaces.taker.channels.a]
    door = "bonsai"
    keys = { live = "first-key" }
    [workspaces.other.locations]
    main = { name = "Main" }
    """
    report = await apply(connection, both)
    assert [str(fault) for fault in report.conflicts] == [
        "/workspaces/taker/channels/a/keys/live: the key is another account's already"
    ]
    assert await find_workspace(connection, "taker") is None
    assert await find_workspace(connection, "other") is not None


async def test_another_literal_key_replaces_the_first(connection: Connection) -> None:
    await apply(connection, SHOP)
    report = await apply(connection, SHOP.replace("first-key", "second-key"))
    assert seen(report) == [("delete", "key", "a live"), ("create", "key", "a live")]
    keys = [credential_key("bonsai:api-key", key)[1] for key in ("first-key", "second-key")]
    found = await connection.fetch("select hash from directory where kind = 'bonsai:api-key'")
    assert [row[0] for row in found] == [keys[1]]


GENERATED = SHOP.replace("sandbox = true", "").replace('"first-key"', "{ generate = true }")


async def test_a_generated_key_is_shown_once_and_stays(connection: Connection) -> None:
    first = await apply(connection, GENERATED)
    (key,) = first.workspaces[0].generated
    assert len(key.secret) == 48
    assert key.secret not in repr(first)
    assert not any(key.secret in row for rows in (await contents(connection)).values() for row in rows)
    _, digest = credential_key("bonsai:api-key", key.secret)
    assert await connection.fetchval("select count(*) from directory where hash = $1", digest) == 1
    second = await apply(connection, GENERATED)
    assert second.changes == ()
    assert second.workspaces[0].generated == ()


FROM_ENVIRONMENT = GENERATED.replace("{ generate = true }", '{ env = "SHOP_KEY" }') + (
    'settings.external_payment.api = { url = "https://x.example", api_key = { env = "PARTNER_KEY" } }\n'
    '[workspaces.shop.taxes]\ncompanies = ["DEFAULT"]'
)


async def test_secrets_come_from_the_environment(connection: Connection) -> None:
    environ = {"SHOP_KEY": "k" * 24, "PARTNER_KEY": "p" * 24}
    report = await apply(connection, FROM_ENVIRONMENT, environ=environ)
    assert report.conflicts == ()
    stored = await connection.fetchval("select settings->'external_payment'->'api'->>'api_key' from channels")
    assert stored == environ["PARTNER_KEY"]
    assert (await apply(connection, FROM_ENVIRONMENT, environ=environ)).changes == ()
    changed = await apply(connection, FROM_ENVIRONMENT, environ=environ | {"PARTNER_KEY": "q" * 24})
    assert changed.changes[0].differences == (
        Difference("settings.external_payment.api.api_key", "(secret)", "(secret)"),
    )


async def test_a_missing_or_short_secret_is_a_conflict(connection: Connection) -> None:
    report = await apply(connection, FROM_ENVIRONMENT, environ={"SHOP_KEY": "short"})
    assert sorted(map(str, report.conflicts)) == [
        "/workspaces/shop/channels/a/keys/live: SHOP_KEY must have 20 to 255 characters of printable ASCII",
        "/workspaces/shop/channels/a/settings/external_payment/api/api_key: "
        "the environment has no variable PARTNER_KEY",
    ]
    assert await find_workspace(connection, "shop") is None


async def test_what_carriers_sign_with_cannot_be_guessed(connection: Connection) -> None:
    carrier = (
        '\nsettings.carrier = { gateway = "http", url = "https://c.example", secret = { env = "CARRIER" } }'
    )
    world = FROM_ENVIRONMENT.replace("[workspaces.shop.channels.a]", f"[workspaces.shop.channels.a]{carrier}")
    assert carrier in world
    fine = {"SHOP_KEY": "k" * 20, "PARTNER_KEY": "theirs"}
    short = await apply(connection, world, environ={**fine, "CARRIER": "c" * 19})
    assert [*map(str, short.conflicts)] == [
        "/workspaces/shop/channels/a/settings/carrier/secret: CARRIER must have 20 to 255 characters of printable ASCII"
    ]
    assert (await apply(connection, world, environ={**fine, "CARRIER": "c" * 20})).conflicts == ()


async def test_money_spent_and_tokens_used_stay_so(connection: Connection) -> None:
    await apply(connection, DEMO)
    await connection.execute(
        "update bank_funds set balance = 5 where account = 'plenty' and currency = 'USD'"
    )
    await connection.execute("update bank_cards set used_by = 'pi_1'")
    before = await contents(connection)
    assert (await apply(connection, DEMO)).changes == ()
    assert await contents(connection) == before


async def test_the_same_world_applied_twice_at_once_exists_once(
    connection: Connection, database_url: str
) -> None:
    other = await connect(database_url)
    try:
        reports = await asyncio.gather(apply(connection, SHOP), apply(other, SHOP))
    finally:
        await other.close()
    assert sorted(len(report.changes) > 0 for report in reports) == [False, True]
    assert await connection.fetchval("select count(*) from workspaces") == 1


KNOWN = """
select coalesce(sum(reltuples), 0)::bigint from pg_class c
where oid = '%s'::regclass and exists (select from pg_stats s where s.tablename = c.relname)
"""


async def known_rows(connection: Connection, table: str) -> int:
    """How many rows of a table the planner knows of; on a cluster, those of the workspace's node."""
    if cluster.URL is None:
        return await connection.fetchval(KNOWN % table)
    on_shards = "select max(result::bigint) from run_command_on_shards($1::text::regclass, $2)"
    return await connection.fetchval(on_shards, table, KNOWN)


async def test_what_was_filled_is_known_to_the_planner_at_once(connection: Connection) -> None:
    goods = "".join(
        f'\n[workspaces.shop.products.p{no}]\nid = {no}\nname = "P{no}"\nmerchant = "m"\nprices = {{ CAD = "1.00" }}\n'
        "stock = { main = 1 }"
        for no in range(1000, 1600)
    )
    await apply(connection, SHOP + goods)
    for table in ("products", "variants", "prices", "stock"):
        assert await known_rows(connection, table) >= 600, table


VENDORS = """
sandbox = true
[workspaces.shop.locations]
main = { name = "Main" }
[workspaces.shop.groups]
men = { id = 1347891, name = { en = "Men" } }
women = { id = 9007199254740991, name = { en = "Women" } }
[workspaces.shop.products.shirt]
id = 12565484
name = "Shirt"
prices = { SEK = "25.00" }
[workspaces.shop.products.mug]
name = "Mug"
prices = { SEK = "5.00" }
"""


async def test_ids_may_be_as_large_as_the_vendors_own(connection: Connection) -> None:
    report = await apply(connection, VENDORS)
    assert not report.conflicts
    assert await connection.fetch("select id from article_groups order by id") == [(1347891,), (2**53 - 1,)]
    products = [tuple(row) for row in await connection.fetch("select name, id from products order by name")]
    assert products[1] == ("Shirt", 12565484)
    given = [
        row[0] for row in await connection.fetch("select id from variants union all select id from locations")
    ]
    own = {products[0][1], *given} - {12565484}
    assert min(own) > 12565484
    assert await connection.fetchval("select next from counters") == max(own) + 1
    assert not (await apply(connection, VENDORS)).changes


async def test_an_id_that_no_client_can_hold_is_refused(connection: Connection) -> None:
    with pytest.raises(AssertionError, match="9,007,199,254,740,991"):
        await apply(connection, VENDORS.replace("9007199254740991", "9007199254740992"))


async def test_storefronts_follow_the_file(connection: Connection) -> None:
    front = """
[workspaces.shop.storefronts.front]
channel = "a"
name = "Front"
return_address = { city = "Reno" }
"""
    assert ("create", "storefront", "Front") in seen(await apply(connection, SHOP + front))
    uuid = await connection.fetchval("select uuid from storefronts")
    assert uuid == storefront_uuid("shop", "front")
    assert (await apply(connection, SHOP + front)).changes == ()
    renamed = front.replace('"Front"', '"Other"')
    assert ("update", "storefront", "Other") in seen(await apply(connection, SHOP + renamed))
    assert await connection.fetchval("select uuid from storefronts") == uuid
    assert ("delete", "storefront", "Other") in seen(await apply(connection, SHOP, prune=True))
    assert await connection.fetchval("select count(*) from storefronts") == 0
