"""Migrations bring a database to this release's schema, once, and never past it."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.support.waiting import eventually

from entrepot.checks import Finding, check_database, run_checks
from entrepot.domain.customers.records import proof_of
from entrepot.doors.textalk.caller.tokens import shop_key
from entrepot.store.connections import connect
from entrepot.store.upkeep import migrate


def test_revision_is_read_off_the_file_name_as_alembic_reads_it() -> None:
    script = ScriptDirectory.from_config(migrate.alembic_config())
    assert migrate.revisions() == sorted(found.revision for found in script.walk_revisions())
    assert script.get_current_head() == (migrate.revisions()[-1] if migrate.revisions() else None)


def test_ensured_database_is_current_and_stays_so(database_url: str) -> None:
    assert asyncio.run(migrate.read_state(database_url)) is migrate.State.CURRENT
    migrate.ensure(database_url)
    assert asyncio.run(migrate.read_state(database_url)) is migrate.State.CURRENT


def test_database_of_a_newer_release_is_left_alone(database_url: str) -> None:
    async def pretend() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("create table if not exists alembic_version (version_num varchar(32))")
        await connection.execute("delete from alembic_version")
        await connection.execute("insert into alembic_version values ('9999')")
        await connection.close()

    asyncio.run(pretend())
    with pytest.raises(migrate.MigrationError, match="newer"):
        migrate.ensure(database_url)


@pytest.mark.parametrize(
    ("serves", "state", "told"),
    [
        (migrate.revisions()[-1], migrate.State.EXPANDED, []),
        ("9998", migrate.State.AHEAD, ["the schema is written by a newer release"]),
        (None, migrate.State.AHEAD, ["the schema is written by a newer release"]),
    ],
)
def test_a_newer_schema_is_served_where_its_migrations_say_so(
    database_url: str, serves: str | None, state: migrate.State, told: list[str]
) -> None:
    written = "null" if serves is None else f"'{serves}'"
    asyncio.run(
        _run(database_url, f"update alembic_version set version_num = '9999', serves = {written}; select 1")
    )
    assert asyncio.run(migrate.read_state(database_url)) is state
    assert [each.detail.partition(":")[0] for each in asyncio.run(check_database(database_url))] == told
    if state is migrate.State.EXPANDED:
        migrate.ensure(database_url)
    else:
        with pytest.raises(migrate.MigrationError, match="newer"):
            migrate.ensure(database_url)


async def test_a_schema_waits_for_whoever_keeps_a_table_and_lets_others_pass_meanwhile(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a backup does: a change that just waited would hold up every reader who comes after it."""
    monkeypatch.setattr(migrate, "_LOCK_SECONDS", 0.2)
    keeping, watching = await connect(database_url), await connect(database_url)
    waits = "select count(*) > 0 from pg_locks where not granted and relation = 'alembic_version'::regclass"
    async with keeping.transaction():
        await keeping.fetchval("select 1 from alembic_version")
        with pytest.raises(migrate.MigrationError, match="somebody keeps its tables"):
            await migrate._change(database_url, migrate._upgrade_on, patience=-1)
        changing = asyncio.create_task(migrate._change(database_url, migrate._upgrade_on))
        for waiting in (True, False, True):
            await eventually(lambda waiting=waiting: _is(watching, waits, waiting), pause=0.01)
        assert not changing.done()
    await changing
    await keeping.close()
    await watching.close()


async def _is(connection: Any, question: str, answer: bool) -> bool:
    return await connection.fetchval(question) is answer


def test_sessions_of_the_first_schema_belong_to_the_passwords_of_now(empty_database_url: str) -> None:
    asyncio.run(_begin_at(empty_database_url, "0001"))
    asyncio.run(_run(empty_database_url, _FIRST_PEOPLE))
    migrate.ensure(empty_database_url)
    found = asyncio.run(_run(empty_database_url, _PROOFS))
    assert [tuple(row) for row in found] == [
        ("log-in", proof_of("argon-ada")),
        ("session 1", proof_of("argon-eva")),
        ("session 2", proof_of(None)),
        ("session 3", None),
    ]


_FIRST_PEOPLE = """
insert into administrators values (1, 9, null, 'ada', 'argon-ada', 'Ada', true, '2026-01-01Z');
insert into admin_tokens values (1, 'h', 9, '2026-01-01Z', '2026-01-02Z');
insert into customers select 1, id, gen_random_uuid(), 2, 'e', 'e' || id, 'confirmed', true,
  case id when 1 then 'argon-eva' end, null, '[]', '{}', '{}', '{}', '{}', '', now(), now(), 1, now()
from generate_series(1, 2) id;
insert into sessions select 1, id, id::text::bytea, 2, 'live', case when id < 3 then id end, null, 'SEK', 'en', null,
  now(), now(), 1 from generate_series(1, 3) id;
"""
_PROOFS = """
select 'log-in', proof from admin_tokens union all select 'session ' || id, proof from sessions order by 1
"""


def test_addresses_are_free_that_nobody_has_confirmed_and_codes_say_which_they_prove(
    empty_database_url: str,
) -> None:
    asyncio.run(_begin_at(empty_database_url, "0001"))
    asyncio.run(_run(empty_database_url, _FIRST_SIGN_UPS))
    migrate.ensure(empty_database_url)
    names = asyncio.run(_run(empty_database_url, 'select value, target from "references" order by target'))
    assert [tuple(row) for row in names] == [("e1", 1), ("TENTH", 2)]
    codes = asyncio.run(_run(empty_database_url, "select kind, email from one_time_codes order by kind"))
    assert [tuple(row) for row in codes] == [("reset", None), ("signup", "E2")]


_FIRST_SIGN_UPS = """
insert into customers select 1, id, gen_random_uuid(), 2, 'E' || id, 'e' || id,
  case id when 1 then 'confirmed' else 'unconfirmed' end, true, null, null, '[]', '{}', '{}', '{}', '{}', '', now(),
  now(), 1, now() from generate_series(1, 2) id;
insert into "references" select 1, 2, 'live', kind, value, target
from (values ('customer-email', 'e1', 1), ('customer-email', 'e2', 2), ('code', 'TENTH', 2)) v(kind, value, target);
insert into one_time_codes select 1, kind::bytea, kind, 2, customer, now(), now()
from (values ('reset', 1), ('signup', 2)) v(kind, customer);
"""


def test_numbers_of_webshops_move_from_keys_to_settings(empty_database_url: str) -> None:
    asyncio.run(_begin_at(empty_database_url, "0001"))
    asyncio.run(_run(empty_database_url, SHOPS_OF_0001))
    migrate.ensure(empty_database_url)
    rows = asyncio.run(_run(empty_database_url, "select hash, workspace, channel, credential from directory"))
    assert [tuple(row) for row in rows] == [(shop_key(22222)[1], 5, 7, None)]
    assert asyncio.run(_run(empty_database_url, "select kind from credentials")) == []
    ((document,),) = asyncio.run(_run(empty_database_url, "select document from sandbox_worlds"))
    door, shop = {"uid": 22222, "name": {"sv": "Å"}}, {"minimum_purchase": {"SEK": "50.5", "JPY": "700"}}
    kept = {"door": "textalk", "keys": {"auth": "a"}, "settings": {"door": door, "shop": shop}}
    rates = {"US": {"rate": "1%", "duty_threshold": "800"}, "CA": {"rate": "5%"}}
    inner = {"channels": {"shop": kept, "b": {"door": "bonsai"}}, "taxes": {"rates": rates}}
    assert document == json.dumps(
        {"workspaces": {"w": inner}, "sandbox": True},
        ensure_ascii=False,
        separators=(",", ":"),
    )


SHOPS_OF_0001 = """
insert into channels (workspace, id, uuid, door, name, settings) values
  (5, 7, '00000000-0000-0000-0000-000000000007', 'textalk', 'shop', '{"door": {"uid": 22222}}'),
  (5, 8, '00000000-0000-0000-0000-000000000008', 'textalk', 'none', '{}'),
  (5, 9, '00000000-0000-0000-0000-000000000009', 'bonsai', 'b', '{}');
insert into credentials (workspace, id, channel, environment, kind, hash, label, hint, scopes, created_at) values
  (5, 1, 7, 'live', 'textalk:webshop', 'x', 'world:webshop', '', '[]', now());
insert into directory (kind, hash, workspace, channel, environment, credential) values
  ('textalk:webshop', 'x', 5, 7, 'live', 1);
insert into sandbox_worlds (workspace, seq, document) values (5, 1,
  '{"workspaces":{"w":{"channels":{"shop":{"door":"textalk","keys":{"webshop":"22222","auth":"a"},'
  '"settings":{"door":{"uid":22222,"name":{"sv":"Å"}},"shop":{"minimum_purchase":{"SEK":5050,"JPY":700}}}},"b":{"door":"bonsai"}},'
  '"taxes":{"rates":{"US":{"rate":"1%","duty_threshold":80000},"CA":{"rate":"5%"}}}}},"sandbox":true}');
"""


def test_listeners_and_waiting_messages_of_the_first_schema_are_renamed(empty_database_url: str) -> None:
    asyncio.run(_begin_at(empty_database_url, "0001"))
    asyncio.run(_run(empty_database_url, _FIRST_LISTENERS))
    migrate.ensure(empty_database_url)
    listeners = asyncio.run(_run(empty_database_url, "select id, event from event_listeners order by id"))
    assert [tuple(row) for row in listeners] == [(1, "order.placed"), (2, "customer.created")]
    messages = asyncio.run(
        _run(empty_database_url, "select listener, payload::text from outbox order by listener")
    )
    assert [(row[0], json.loads(row[1])) for row in messages] == [
        ("event:1", {"event": "order.placed", "channel": 2, "subject": 7}),
        ("event:2", {"event": "customer.created", "channel": 2, "subject": 7}),
        ("mail:code", {"to": "eva"}),
    ]


_FIRST_LISTENERS = """
insert into event_listeners select 1, no, 2, event, 'http://shop.example', '9', 's', true, null, 0, 0, now(), now()
from (values (1, 'Order/placed'), (2, 'Customer/created')) v(no, event);
insert into outbox (workspace, subject, listener, seq, payload, created_at, due_at, tries, state, error)
select 1, 7, listener, 1, payload::jsonb, now(), now(), 0, 'waiting', '' from (values
  ('event:1', '{"event": "Order/placed", "webshop": 22222, "uid": 7}'),
  ('event:2', '{"event": "Customer/created", "webshop": 22222, "uid": 7}'),
  ('mail:code', '{"to": "eva"}')) v(listener, payload);
"""


async def _begin_at(database_url: str, revision: str) -> None:
    """An empty database as a release left it whose newest revision was this one."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, revision)
    await engine.dispose()


def _upgrade(connection: Connection, revision: str) -> None:
    config = migrate.alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def _run(database_url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url)
    try:
        if ";" in sql:
            await connection.execute(sql)
            return []
        return await connection.fetch(sql)
    finally:
        await connection.close()


_ORDER = """
insert into orders (workspace, id, uuid, channel, environment, state, reason, payment_state, currency, person, goods,
  goods_tax, shipping, shipping_tax, duties, total, payment_method, placed_at, changed_at, version, events, data, fee,
  fee_tax, rounding)
values (1, $1, gen_random_uuid(), 5, 'live', 'placed', '', 'paid', 'EUR', '{}', 0, 0, 0, 0, 0, 0, '', '2026-03-01',
  '2026-03-02', 1, 0, '{}', 0, 0, 0)
"""
_LINE = """
insert into order_lines (workspace, "order", no, id, part, product, product_id, variant, sku, name, price, quantity,
  tax, duties, requires_shipping, tracked, new, acknowledged, shipped, delivered, cancelled, return_initiated, returned,
  refunded, scale, data)
values (1, $1, $2, $2::integer, $3, gen_random_uuid(), 1, 1, 'S', 'S', 0, $4, 0, 0, true, false, $5, 0, $6, 0, $7, 0, 0,
  0, 0, '{}')
"""
# order, line, part, quantity, new, shipped, cancelled
_LINES = [(1, 1, 1, 3, 3, 0, 0), (2, 1, 1, 2, 0, 2, 0), (2, 2, 2, 4, 0, 3, 1), (3, 1, 1, 5, 0, 0, 5)]
_PART = """
insert into order_parts (workspace, "order", no, merchant_name, shipping, shipping_tax, shipping_label)
values (1, $1, $2, '', 0, 0, '')
"""


def test_orders_of_the_first_release_are_as_far_as_their_lines_and_were_sent_in_shipments(
    empty_database_url: str,
) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(empty_database_url)
        await connection.executemany(_ORDER, [(1,), (2,), (3,)])
        await connection.executemany(_LINE, _LINES)
        await connection.executemany(_PART, sorted({(line[0], line[2]) for line in _LINES}))
        await connection.close()

    async def read() -> tuple[dict[int, str], set[tuple[int, ...]], list[Finding]]:
        connection = await connect(empty_database_url)
        progress = dict(await connection.fetch("select id, progress from orders"))
        sent = await connection.fetch(
            'select "order", shipment, line, quantity, delivered from shipment_lines'
        )
        await connection.execute(
            "insert into workspaces (id, uuid, name, sandbox, settings, created_at) "
            "values (1, gen_random_uuid(), 'w', true, '{}', '2026-03-01')"
        )
        broken = await run_checks(connection)
        await connection.close()
        return progress, {tuple(row) for row in sent}, broken

    asyncio.run(_begin_at(empty_database_url, "0001"))
    asyncio.run(fill())
    migrate.ensure(empty_database_url)
    progress, sent, broken = asyncio.run(read())
    assert progress == {1: "new", 2: "partially_shipped", 3: "cancelled"}
    assert sent == {(2, 1, 1, 2, 0), (2, 2, 2, 3, 0)}
    assert broken == []


def test_money_of_the_first_schema_is_carried_over(empty_database_url: str) -> None:
    """Payouts that were made are known at their parts, what is decided is told, and lost orders free their ids."""
    asyncio.run(_begin_at(empty_database_url, "0001"))
    asyncio.run(_run(empty_database_url, _FIRST_MONEY))
    migrate.ensure(empty_database_url)
    found = asyncio.run(_run(empty_database_url, _CARRIED))
    assert [tuple(row) for row in found] == [
        ("acct 2500 0000000000004000800000000000000a", "maple", "E-7", False)
    ]


_FIRST_MONEY = """
insert into orders (workspace, id, uuid, channel, environment, state, reason, payment_state, currency, person, goods,
  goods_tax, shipping, shipping_tax, duties, total, external_id, payment_method, placed_at, changed_at, version, events,
  data, fee, fee_tax, rounding)
select 1, id, gen_random_uuid(), 5, 'live', state, reason, 'paid', 'CAD', '{}', 1, 0, 0, 0, 0, 1, 'E-' || id, 'card',
  '2026-01-01Z', '2026-01-01Z', 1, 1, '{}', 0, 0, 0
from (values (7, 'placed', ''), (8, 'cancelled', 'payment')) o(id, state, reason);
insert into "references" (workspace, channel, environment, kind, value, target)
  values (1, 5, 'live', 'external-order', 'E-7', 7), (1, 5, 'live', 'external-order', 'E-8', 8);
insert into order_parts (workspace, "order", no, merchant, merchant_name, shipping, shipping_tax, shipping_label)
  values (1, 7, 1, 3, 'Maple', 0, 0, '');
insert into merchants (workspace, ref, id, name, country, integration, payout_account)
  values (1, 'maple', 3, 'Maple', 'CA', 'shopify', 'acct');
insert into attempts (workspace, id, uuid, "order", kind, channel, environment, state, version, lease_until, draft,
  outcome, started_at, ended_at)
  values (1, 9, '00000000-0000-4000-8000-00000000000a', 7, 'place', 5, 'live', 'done', 2, '2026-01-01Z',
  '{"payouts": [{"merchant": "maple", "account": "acct", "amount": 2500}]}', '', '2026-01-01Z', '2026-01-01Z');
"""
_CARRIED = """
select concat_ws(' ', payout ->> 'account', payout ->> 'amount', payout ->> 'key'), payout ->> 'merchant',
  r.value, a.untold from order_parts, "references" r, attempts a
"""
