"""What 0011 makes of attempts that the release before it left open: they are read, and end as they would have."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
from alembic import command
from sqlalchemy import Connection as Bound
from sqlalchemy.ext.asyncio import create_async_engine
from tests.support.shop import order_records

from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Order
from entrepot.domain.placing.attempts import Draft, Payout
from entrepot.domain.placing.basket import OutsideName
from entrepot.store.upkeep import migrate

AT = datetime(2026, 1, 1, tzinfo=UTC)
_ATTEMPT = """
insert into attempts (workspace, id, uuid, "order", kind, channel, environment, state, version, lease_until, draft,
  outcome, started_at, untold)
values (1, $1, gen_random_uuid(), $2, 'place', 5, 'live', $3, 1, $4, $5, '', $4, false)
"""
PAYOUT = Payout("maple", "acct", 2_500, 1)


def an_order(number: int) -> Order:
    return next(record for record in order_records(number, ()) if isinstance(record, Order))


def old(number: int, **members: Any) -> dict[str, Any]:
    """A draft as the release before wrote it."""
    order = msgspec.to_builtins(an_order(number))
    return {
        "order": {**order, "payment_state": "unpaid"},
        "parts": [],
        "lines": [],
        "basket": {
            "channel": 5,
            "environment": "live",
            "currency": order["currency"],
            "lines": [],
            "ship_to": order["ship_to"],
            "payment": {"method": "credit card", "token": None, "amounts": None},
            "external_id": None,
            "cart": None,
        },
        "payouts": [],
        "purchase": None,
        **members,
    }


def basket(draft: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**draft, "basket": {**draft["basket"], **members}}


def payment(number: int, no: int, kind: Any, method: str, **members: Any) -> Payment:
    known = an_order(number)
    plain = Payment(
        order=number,
        no=no,
        id=0,
        kind=kind,
        method=method,
        state="paid",
        amount=known.total,
        currency=known.currency,
        refunded=0,
        reference=None,
        reported=None,
    )
    return msgspec.structs.replace(plain, **members)


CARD = payment(21, 1, "card", "card", id=400, state="reserved", amount=70, method_id=3)
GIFT = payment(21, 2, "certificate", "gift certificate", id=401, amount=30, method_id=8)
OF_A_CART = basket(
    old(21, purchase=msgspec.to_builtins(
        {"payment": CARD, "certificates": [GIFT], "discounts": [6], "buyers": ["eva@example.com"]}
    )),
    payment={"method": "credit card", "token": "t21", "amounts": None},
    cart=21,
)  # fmt: skip
OF_A_CART_OF_THE_FIRST_RELEASE = basket(
    old(22, purchase={"payment": None, "certificates": [], "discounts": []}), cart=22
)
BY_CARD = basket(
    old(11, payouts=[msgspec.to_builtins(PAYOUT)]),
    payment={"method": "stripe", "token": "t11", "amounts": None},
    external_id="E-11",
)
VOUCHED = basket(old(12), payment={"method": "external payment", "token": "t12", "amounts": {"goods": 5}})
ENDED = basket(old(13), payment={"method": "stripe", "token": "t13", "amounts": None})
FILLED = ((1, "open", BY_CARD), (2, "done", ENDED), (3, "open", VOUCHED), (4, "open", OF_A_CART),
          (5, "refused", OF_A_CART_OF_THE_FIRST_RELEASE))  # fmt: skip


async def _fill(url: str) -> None:
    """Take an empty database back to 0010, and leave attempts there."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.execute("drop table " + ", ".join(f'"{row[0]}"' for row in tables) + " cascade")

    def before(bound: Bound) -> None:
        config = migrate.alembic_config()
        config.attributes["connection"] = bound
        command.upgrade(config, "0010")

    async with engine.begin() as bound:
        await bound.run_sync(before)
    await engine.dispose()
    await connection.execute("insert into counters (workspace, next) values (1, 1000), (2, 7)")
    for number, state, draft in FILLED:
        text = msgspec.json.encode(draft).decode()
        await connection.execute(_ATTEMPT, number, draft["order"]["id"], state, AT, text)
    await connection.close()


async def _found(url: str) -> tuple[dict[int, Draft], list[tuple[int, int]]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select id, draft from attempts order by id")
    counters = await connection.fetch("select workspace, next from counters order by workspace")
    await connection.close()
    decode = msgspec.json.Decoder(Draft).decode
    return {row[0]: decode(row[1]) for row in rows}, [tuple(row) for row in counters]


def test_drafts_of_both_kinds_say_what_their_order_takes(database_url: str) -> None:
    asyncio.run(_fill(database_url))
    migrate.ensure(database_url)
    found, counters = asyncio.run(_found(database_url))
    assert counters == [(1, 1_002), (2, 7)], "an id for each payment that is yet to be made"
    paid = {
        number: msgspec.structs.replace(an_order(number), payment_state="paid") for number in (11, 12, 13)
    }
    assert found[1] == Draft(
        paid[11],
        (),
        (),
        (payment(11, 1, "card", "stripe", id=1_000),),
        (OutsideName("external-order", "E-11"), OutsideName("payment-token", "t11")),
        (PAYOUT,),
    )
    assert found[3].payments == (
        payment(12, 1, "external", "external payment", id=1_001, reported={"goods": 5}),
    )
    assert (found[3].vouched, found[2].order) == (True, paid[13])
    assert found[4] == Draft(
        msgspec.structs.replace(an_order(21), payment_state="unpaid"),
        (),
        (),
        (CARD, GIFT),
        (OutsideName("payment-token", "t21"),),
        (),
        (6,),
        ("eva@example.com",),
        21,
    )
    assert (found[5].payments, found[5].names, found[5].buyers, found[5].cart) == ((), (), (), 22)


def test_nothing_of_the_old_form_is_left(database_url: str) -> None:
    asyncio.run(_fill(database_url))
    migrate.ensure(database_url)

    async def members() -> set[str]:
        connection = await asyncpg.connect(database_url)
        rows = await connection.fetch("select distinct jsonb_object_keys(draft::jsonb) from attempts")
        await connection.close()
        return {row[0] for row in rows}

    assert asyncio.run(members()) <= set(Draft.__struct_fields__)
