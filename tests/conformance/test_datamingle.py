"""Orders at the DataMingle door: each documented refusal, by a set-up that truly fails, and each success."""

import asyncio
from functools import partial
from typing import Any

import pytest

from entrepot.domain.fulfilment.ship import ShipUnits
from entrepot.domain.orders.delete import DeleteOrder
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.store.connections import Connection, connect
from tests.conformance.datamingle import MOMENT, Partners, account, invalid, item, ok, refusal, shown
from tests.conformance.harness import Client, Prove, Reply
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import assert_reply
from tests.conformance.harness.world import REMOVED
from tests.support.blocked import blocked
from tests.support.waiting import eventually

REQUIRED = "This field is required."
NO_ITEMS = "At least one item is required."
WRONG_DATE = (
    "Datetime has wrong format. Use one of these formats instead: "
    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


@pytest.fixture
async def worker(session_database_url: str, server: object) -> Any:
    """A second worker on the same database, by which the operator works."""
    running = Worker(session_database_url, Clock())
    await running.start()
    yield running
    await running.stop()


async def nothing(reply: Reply) -> None:
    assert reply.json["success"] is True


@pytest.mark.row("datamingle.VALIDATION_ERROR")
@pytest.mark.parametrize("items", [REMOVED, None, []])
async def test_all_fields_that_fail_are_listed(
    prove: Prove, open_datamingle: OpenPartners, items: Any
) -> None:
    partners = await open_datamingle()
    await prove(
        partners.order({"order_number": REMOVED, "items": items}),
        invalid(("order_number", REQUIRED), ("items", NO_ITEMS)),
        partners.order(),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.VALIDATION_ERROR")
async def test_number_that_the_partner_gave_before(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    await prove(
        partners.order({"external_order_id": "ERP-2"}),
        invalid(
            ("order_number", "order with this order_number already exists."),
            page="duplicate-external-order",
        ),
        partners.order({"order_number": "ORD-2", "external_order_id": "ERP-2"}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.VALIDATION_ERROR.date")
async def test_date_that_is_none(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove(
        partners.order({"due_date": "05/01/2026", "order_date": "2026-02-30"}),
        invalid(("order_date", WRONG_DATE), ("due_date", WRONG_DATE)),
        partners.order({"due_date": "2026-05-01", "order_date": "2026-02-28"}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.SERVICE_ERROR.sku")
async def test_sku_that_is_no_product(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    new = {"id": 103, "name": "Mat", "sku": "NONEXISTENT-SKU"}
    await prove(
        partners.order({"items": [_line("RUG-5X7-BLU"), _line("NONEXISTENT-SKU"), _line("ALSO-NOT")]}),
        refusal(400, "sku-unknown", "SERVICE_ERROR", "SKU not found: NONEXISTENT-SKU"),
        partners.order({"items": [_line("RUG-5X7-BLU")]}),
        partners.assert_taken,
        success=201,
    )
    await partners.change({"products/mat": new})


@pytest.mark.row("datamingle.SERVICE_ERROR.sku")
async def test_sku_that_is_off_sale(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle({"products/lamp/available": False})
    await prove(
        partners.order(),
        refusal(400, "product-unavailable", "SERVICE_ERROR", "SKU not found: RUG-5X7-BLU"),
        partners.changing({"products/lamp/available": True}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.SERVICE_ERROR.shipped")
async def test_shipped_order_cannot_be_cancelled(
    prove: Prove, open_datamingle: OpenPartners, worker: Worker
) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    await prove.client.send(partners.order({"order_number": "ORD-2", "external_order_id": "ERP-2"}))
    await worker.engine.execute(await partners.id(), ShipUnits(order=await partners.order_id()))

    async def effect(reply: Reply) -> None:
        ended = {"status": "cancelled", "cancellation_reason": "typo", "cancelled_at": MOMENT}
        second = {"order_number": "ORD-2", "external_order_id": "ERP-2"}
        assert_reply(reply, ok(shown(**second, **ended)))

    await prove(
        partners.send("DELETE", "/orders/ORD-1/", {"reason": "typo"}),
        refusal(400, "units-sent", "SERVICE_ERROR", "Order cannot be cancelled: ORD-1 is already shipped"),
        partners.send("DELETE", "/orders/ORD-2/", {"reason": "typo"}),
        effect,
    )


@pytest.mark.row("datamingle.NOT_FOUND")
async def test_order_that_there_is_not(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()

    async def placed() -> None:
        await prove.client.send(partners.order({"order_number": "ERP/5001 ä"}))

    await prove(
        partners.send("GET", "/orders/ERP%2F5001%20%C3%A4/"),
        refusal(404, "record-unknown", "NOT_FOUND", "Order not found: ERP/5001 ä"),
        placed,
        nothing,
        reads=True,
    )


@pytest.mark.row("datamingle.NOT_FOUND.identifier-field")
async def test_value_stands_in_another_field_than_the_partners(
    prove: Prove, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    field = "channels/plain/settings/door/partner/default_identifier_field"
    await prove(
        partners.send("GET", "/orders/ERP-1/"),
        refusal(404, "record-unknown", "NOT_FOUND", "Order not found: ERP-1"),
        partners.changing({field: "external_order_id"}),
        nothing,
        reads=True,
    )


@pytest.mark.row("datamingle.NOT_FOUND.soft-deleted", case="order")
async def test_deleted_order(prove: Prove, open_datamingle: OpenPartners, worker: Worker) -> None:
    partners = await open_datamingle()
    for number in ("ORD-1", "ORD-2"):
        await prove.client.send(partners.order({"order_number": number, "external_order_id": number}))
        await prove.client.send(partners.send("DELETE", f"/orders/{number}/"))
    await worker.engine.execute(await partners.id(), DeleteOrder(order=await partners.order_id()))
    await prove(
        partners.send("GET", "/orders/ORD-1/"),
        refusal(404, "record-unknown", "NOT_FOUND", "Order not found: ORD-1"),
        partners.send("GET", "/orders/ORD-2/"),
        nothing,
        reads=True,
    )
    assert [each["order_number"] for each in await listed(prove.client, partners)] == ["ORD-2"]
    again = await prove.client.send(partners.order({"external_order_id": "ERP-3"}))
    assert again.status == 400, "its number stays taken"


@pytest.mark.row("datamingle.status.201")
async def test_order_is_created(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    more = {"notes": "ring", "order_date": "2026-04-16T10:00:00+02:00", "metadata": {"a": 1}}
    items = [
        {"sku_code": "RUG-8X10-RED", "quantity": "5", "notes": "Fragile"},
        {"sku_code": " RUG-5X7-BLU ", "quantity": 11},
    ]
    told: dict[str, Any] = {"order_date": "2026-04-16T08:00:00Z"}
    told["items"] = [item("RUG-8X10-RED", 5, notes="Fragile"), item("RUG-5X7-BLU", 11)]
    await prove.succeeds(
        partners.order({**more, "items": items}), ok(shown(**more | told), 201), partners.assert_taken
    )


@pytest.mark.row("datamingle.status.200", case="GET")
async def test_order_is_read(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    for path in ("/orders/ORD-1/", "/orders/ORD-1"):
        await prove.succeeds(partners.send("GET", path), ok(shown()), nothing, reads=True)


@pytest.mark.row("datamingle.status.200", case="PUT")
async def test_order_is_amended_and_keeps_what_was_not_sent(
    prove: Prove, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    told = shown(notes="Priority shipping", metadata={"b": 2}, due_date=None)

    async def effect(reply: Reply) -> None:
        assert_reply(await prove.client.send(partners.send("GET", "/orders/ORD-1/")), ok(told))

    changes = {"notes": "Priority shipping", "metadata": {"b": 2}, "due_date": None, "status": "shipped"}
    with_items = await prove.client.send(partners.send("PUT", "/orders/ORD-1/", {**changes, "items": []}))
    assert_reply(with_items, invalid(("items", "Items cannot be changed after the order is created.")))
    request = partners.send("PUT", "/orders/ORD-1/", {**changes, "order_number": "ORD-9"})
    await prove.succeeds(request, ok(told), effect)
    await prove.succeeds(request, ok(told), nothing, reads=True)


@pytest.mark.row("datamingle.status.200", case="DELETE")
async def test_order_is_cancelled_and_stays_so(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    ended = ok(shown(status="cancelled", cancellation_reason="no need", cancelled_at=MOMENT))

    async def effect(reply: Reply) -> None:
        assert_reply(await prove.client.send(partners.send("GET", "/orders/ORD-1/")), ended)
        held = "select count(*) from holds where workspace = $1"
        assert await partners.connection.fetchval(held, await partners.id()) == 0
        assert (await prove.client.send(partners.order({"external_order_id": "ERP-2"}))).status == 400

    wrong = await prove.client.send(partners.send("DELETE", "/orders/ORD-1/", {"reason": ["no"]}))
    assert_reply(wrong, invalid(("reason", "Not a valid string.")))
    await prove.succeeds(partners.send("DELETE", "/orders/ORD-1/", {"reason": "no need"}), ended, effect)
    again = partners.send("DELETE", "/orders/ORD-1/", {"reason": "other"})
    await prove.succeeds(again, ended, nothing, reads=True)


async def test_cancelled_order_is_amended_no_more(datamingle: Client, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await datamingle.send(partners.order())
    await datamingle.send(partners.send("DELETE", "/orders/ORD-1/"))
    reply = await datamingle.send(partners.send("PUT", "/orders/ORD-1/", {"notes": "x"}))
    text = "Order cannot be updated: ORD-1 is cancelled"
    assert_reply(reply, refusal(400, "order-settled", "SERVICE_ERROR", text))


async def test_second_name_is_exchanged_and_the_old_one_is_free(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    await datamingle.send(partners.order())
    await datamingle.send(partners.order({"order_number": "ORD-2", "external_order_id": "ERP-2"}))
    reply = await datamingle.send(partners.send("PUT", "/orders/ORD-1/", {"external_order_id": "ERP-2"}))
    text = 'An order with external_order_id "ERP-2" already exists.'
    assert_reply(reply, refusal(409, "duplicate-external-order", "DUPLICATE", text))
    for value in ("ERP-3", "ERP-3", None, "ERP-1"):
        reply = await datamingle.send(partners.send("PUT", "/orders/ORD-1/", {"external_order_id": value}))
        assert_reply(reply, ok(shown(external_order_id=value)))
    reply = await datamingle.send(partners.order({"order_number": "ORD-3", "external_order_id": "ERP-3"}))
    assert reply.status == 201
    names = await partners.connection.fetch(
        'select value from "references" where workspace = $1 and kind = $2 order by 1',
        await partners.id(), "order-alias",
    )  # fmt: skip
    assert [row[0] for row in names] == ["ERP-1", "ERP-2", "ERP-3"]


async def listed(client: Client | Any, partners: Partners, query: str = "") -> list[dict[str, Any]]:
    """All orders, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        reply = await client.send(partners.send("GET", f"/orders/?{query}{cursor}"))
        assert reply.status == 200, reply.body
        found += reply.json["data"]
        after = reply.json["pagination"]["next_cursor"]
        if after is None:
            return found
        cursor = f"&cursor={after}"


async def test_list_is_paged_newest_first_and_steady(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    for number in range(5):
        await datamingle.send(
            partners.order({"order_number": f"O{number}", "external_order_id": f"E{number}"})
        )
    assert [each["order_number"] for each in await listed(datamingle, partners)] == [
        "O4", "O3", "O2", "O1", "O0"
    ]  # fmt: skip
    first = await datamingle.send(partners.send("GET", "/orders/?limit=2"))
    assert [each["order_number"] for each in first.json["data"]] == ["O4", "O3"]
    assert first.json["pagination"]["limit"] == 2
    await datamingle.send(partners.order({"order_number": "late", "external_order_id": "late"}))
    after = first.json["pagination"]["next_cursor"]
    second = await datamingle.send(partners.send("GET", f"/orders/?limit=200&cursor={after}"))
    assert [each["order_number"] for each in second.json["data"]] == ["O2", "O1", "O0"]
    assert second.json["pagination"] == {"limit": 200, "next_cursor": None}


@pytest.mark.parametrize(
    ("limit", "told"), [("0", 1), ("-5", 1), ("201", 200), ("9" * 50, 200), ("x", 50), ("", 50), ("1.5", 50)]
)
async def test_limit_is_clamped(
    datamingle: Client, open_datamingle: OpenPartners, limit: str, told: int
) -> None:
    partners = await open_datamingle()
    reply = await datamingle.send(partners.send("GET", f"/orders/?limit={limit}"))
    assert reply.json["pagination"] == {"limit": told, "next_cursor": None}


@pytest.mark.row("datamingle.VALIDATION_ERROR")
async def test_cursor_of_somebody_else_or_made_up(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await partners.change({"channels/other": account(partners, "other")})
    for number in range(2):
        for name in ("plain", "other"):
            edits = {"order_number": f"O{number}", "external_order_id": f"E{number}"}
            await prove.client.send(partners.order(edits, key=partners.key(name)))
    page = await prove.client.send(partners.send("GET", "/orders/?limit=1"))
    own = page.json["pagination"]["next_cursor"]
    flipped = own[:-1] + ("A" if own[-1] != "A" else "B")
    for key, cursor in ((partners.key("other"), own), (None, flipped), (None, own + "="), (None, "x")):
        await prove(
            partners.send("GET", f"/orders/?cursor={cursor}", key=key),
            refusal(400, "cursor-invalid", "VALIDATION_ERROR", f"Invalid cursor: '{cursor}'"),
            partners.send("GET", f"/orders/?cursor={own}"),
            nothing,
            reads=True,
        )


async def test_partner_sees_its_own_orders_and_who_sees_the_workspace_all(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    direct = account(partners, "direct", sees="workspace") | {}
    direct["settings"]["door"] = {"pass_through": True}
    await partners.change({"channels/direct": direct, "channels/other": account(partners, "other")})
    for name in ("plain", "other"):
        await datamingle.send(partners.order({"notes": name}, key=partners.key(name)))
    key = partners.key("direct")
    all_orders = await datamingle.send(partners.send("GET", "/orders/", key=key))
    assert [each["notes"] for each in all_orders.json["data"]] == ["other", "plain"]
    newest = await datamingle.send(partners.send("GET", "/orders/ORD-1/", key=key))
    assert newest.json["data"]["notes"] == "other"
    by_name = await datamingle.send(partners.send("GET", "/orders/ERP-1/", key=key))
    assert by_name.json["data"]["notes"] == "other"
    await datamingle.send(partners.order({"notes": "direct"}, key=key))
    own = await datamingle.send(partners.send("GET", "/orders/ORD-1/", key=key))
    assert own.json["data"]["notes"] == "direct"
    mine = await datamingle.send(partners.send("GET", "/orders/"))
    assert [each["notes"] for each in mine.json["data"]] == ["plain"]


def _line(sku: str, quantity: int = 1) -> dict[str, Any]:
    return {"sku_code": sku, "quantity": quantity}


@pytest.mark.parametrize(("method", "body"), [("PUT", {"notes": "late"}), ("DELETE", b"")])
async def test_an_order_that_is_deleted_meanwhile_is_not_found_by_the_name_that_was_sent(
    datamingle: Client,
    open_datamingle: OpenPartners,
    connection: Connection,
    session_database_url: str,
    method: str,
    body: Any,
) -> None:
    """Found by the reads, and gone when the engine comes to it: nobody is told the platform's own number."""
    partners = await open_datamingle()
    assert (await datamingle.send(partners.order())).status == 201
    key, watching = (await partners.id(), await partners.order_id()), await connect(session_database_url)
    async with connection.transaction():
        await connection.execute("select 1 from orders where workspace = $1 and id = $2 for update", *key)
        sent = asyncio.create_task(datamingle.send(partners.send(method, "/orders/ORD-1/", body)))
        await eventually(partial(blocked, watching))
        await watching.close()
        await connection.execute(
            "update orders set deleted_at = placed_at where workspace = $1 and id = $2", *key
        )
    assert_reply(await sent, refusal(404, "record-unknown", "NOT_FOUND", "Order not found: ORD-1"))
