"""Locations, products and inventory at the DataMingle door: refusals, successes, and that stock is one."""

import asyncio
from typing import Any

import pytest

from tests.conformance.datamingle import FIELDS_FAILED, MOMENT, UUID, Partners, invalid, ok, refusal
from tests.conformance.harness import Client, Prove, Reply
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import assert_reply

NO_PERMISSION = {"detail": "You do not have permission to perform this action."}
BAY: dict[str, Any] = {"code": "A-101", "name": "Bay", "zone": "A", "aisle": "1", "metadata": {"rent": 1}}


def location(**more: Any) -> dict[str, Any]:
    at = {"id": UUID, "is_active": True, "created_at": MOMENT, "updated_at": MOMENT}
    return {**at, **BAY, **more}


def product(**more: Any) -> dict[str, Any]:
    shown = {"id": UUID, "sku": "MAT-1", "quantity": 0, "is_active": True, "cost": None}
    return {**shown, "custom_fields": None, "created_at": MOMENT, "updated_at": MOMENT, **more}


async def nothing(reply: Reply) -> None:
    assert reply.json["success"] is True


async def rows(client: Client | Any, partners: Partners) -> set[tuple[str, str, int]]:
    reply = await client.send(partners.send("GET", "/inventory/"))
    assert reply.status == 200, reply.body
    return {(each["location_code"], each["sku_code"], each["quantity"]) for each in reply.json["data"]}


@pytest.mark.row("datamingle.DUPLICATE")
async def test_code_that_another_location_has(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    assert (await prove.client.send(partners.send("POST", "/locations/", BAY))).status == 201
    await prove(
        partners.send("POST", "/locations/", BAY),
        refusal(409, "record-taken", "DUPLICATE", 'A location with code "A-101" already exists.'),
        partners.send("POST", "/locations/", {**BAY, "code": "A-102"}),
        nothing,
        success=201,
    )


@pytest.mark.row("datamingle.DUPLICATE")
async def test_sku_that_another_product_has(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove(
        partners.send("POST", "/products/", {"sku": "RUG-5X7-BLU"}),
        refusal(409, "record-taken", "DUPLICATE", 'A product with sku "RUG-5X7-BLU" already exists.'),
        partners.send("POST", "/products/", {"sku": "RUG-5X7-BLACK"}),
        nothing,
        success=201,
    )


@pytest.mark.row("datamingle.status.201")
async def test_location_is_created(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()

    async def effect(reply: Reply) -> None:
        del reply
        await prove.client.send(stock(partners, ("A-101", "RUG-8X10-RED", 4)))
        assert ("A-101", "RUG-8X10-RED", 4) in await rows(prove.client, partners)

    await prove.succeeds(partners.send("POST", "/locations/", BAY), ok(location(), 201), effect)


@pytest.mark.row("datamingle.status.201")
async def test_product_is_created_and_can_be_ordered(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    body = {"sku": "MAT-1", "quantity": "7", "custom_fields": {"b": 1, "a": [1.10, 2]}}

    async def effect(reply: Reply) -> None:
        assert b'{"b":1,"a":[1.1,2]}' in reply.body
        assert ("a-100", "MAT-1", 7) in await rows(prove.client, partners)
        ordered = await prove.client.send(partners.order({"items/0/sku_code": "MAT-1"}))
        await partners.assert_taken(ordered)

    told = product(quantity=7, custom_fields={"b": 1, "a": [_decimal("1.1"), 2]})
    await prove.succeeds(partners.send("POST", "/products/", body), ok(told, 201), effect)


@pytest.mark.row("datamingle.NOT_FOUND.soft-deleted", case="location")
async def test_deleted_location(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    for code in ("A-101", "A-102"):
        await prove.client.send(partners.send("POST", "/locations/", {**BAY, "code": code}))
    deleted = await prove.client.send(partners.send("DELETE", "/locations/A-101/"))
    assert_reply(deleted, ok(location(is_active=False)))
    for method, body in (("GET", b""), ("PUT", {"name": "x"}), ("DELETE", b"")):
        await prove(
            partners.send(method, "/locations/A-101/", body),
            refusal(404, "record-unknown", "NOT_FOUND", "Location not found: A-101"),
            partners.send("GET", "/locations/A-102/"),
            nothing,
            reads=True,
        )
    again = await prove.client.send(partners.send("POST", "/locations/", BAY))
    assert again.status == 409


@pytest.mark.row("datamingle.NOT_FOUND.soft-deleted", case="product")
async def test_deleted_product(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.order())
    deleted = await prove.client.send(partners.send("DELETE", "/products/RUG-5X7-BLU/"))
    assert_reply(deleted, ok(product(sku="RUG-5X7-BLU", quantity=10, is_active=False)))
    for method, body in (("GET", b""), ("PUT", {"quantity": 1}), ("DELETE", b"")):
        await prove(
            partners.send(method, "/products/RUG-5X7-BLU/", body),
            refusal(404, "record-unknown", "NOT_FOUND", "Product not found: RUG-5X7-BLU"),
            partners.send("GET", "/products/RUG-8X10-RED/"),
            nothing,
            reads=True,
        )
    order = await prove.client.send(partners.send("GET", "/orders/ORD-1/"))
    assert order.json["data"]["items"][0]["sku"] == {"sku": "RUG-5X7-BLU"}, "what was ordered stays"
    new = await prove.client.send(partners.order({"order_number": "ORD-2", "external_order_id": None}))
    assert new.json["error"]["message"] == "SKU not found: RUG-5X7-BLU"
    assert await held(partners) == 2, "open holds stay"


@pytest.mark.row("datamingle.status.200", case="GET")
async def test_each_record_is_read(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.send("POST", "/locations/", {"code": "WH/SHELF-01"}))
    bare = {"zone": None, "aisle": None, "metadata": None, "name": None, "code": "WH/SHELF-01"}
    for path in ("/locations/WH%2FSHELF-01/", "/locations/WH%2fSHELF-01"):
        await prove.succeeds(partners.send("GET", path), ok(location(**bare)), nothing, reads=True)
    lamp = product(sku="RUG-5X7-BLU", quantity=10)
    await prove.succeeds(partners.send("GET", "/products/RUG-5X7-BLU/"), ok(lamp), nothing, reads=True)
    both = (await prove.client.send(partners.send("GET", "/products/"))).json
    assert both["pagination"] == {"limit": 50, "next_cursor": None}
    assert {each["sku"] for each in both["data"]} == {"RUG-5X7-BLU", "RUG-8X10-RED"}


@pytest.mark.row("datamingle.status.200", case="PUT")
async def test_location_is_changed(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove.client.send(partners.send("POST", "/locations/", BAY))
    body = {"zone": "B", "is_active": False, "metadata": {"rent": 2}, "code": "ELSE"}
    told = location(zone="B", is_active=False, metadata={"rent": 2})
    await prove.succeeds(partners.send("PUT", "/locations/A-101/", body), ok(told), nothing)
    listed = await prove.client.send(partners.send("GET", "/locations/"))
    assert "A-101" not in {each["code"] for each in listed.json["data"]}
    await prove.succeeds(
        partners.send("PUT", "/locations/A-101/", {"is_active": "true"}),
        ok({**told, "is_active": True}),
        nothing,
    )


@pytest.mark.row("datamingle.status.200", case="PUT")
async def test_quantity_of_a_product_is_the_sum_on_hand(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    put = partners.send("PUT", "/products/RUG-5X7-BLU/", {"quantity": 25})
    await prove.succeeds(put, ok(product(sku="RUG-5X7-BLU", quantity=25)), nothing)
    assert {("a-100", "RUG-5X7-BLU", 15), ("a-200", "RUG-5X7-BLU", 10)} <= await rows(prove.client, partners)
    less = await prove.client.send(partners.send("PUT", "/products/RUG-5X7-BLU/", {"quantity": 9}))
    assert_reply(less, invalid(("quantity", "Ensure this value is greater than or equal to 10.")))
    hidden = partners.send("PUT", "/products/RUG-5X7-BLU/", {"is_active": False, "custom_fields": {"a": 1}})
    told = product(sku="RUG-5X7-BLU", quantity=25, is_active=False, custom_fields={"a": 1})
    await prove.succeeds(hidden, ok(told), nothing)


@pytest.mark.row("datamingle.status.200", case="DELETE")
async def test_location_that_keeps_nothing_is_deleted(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    delete = partners.send("DELETE", "/locations/a-200/")
    text = "Location cannot be deleted: a-200 holds stock"
    assert_reply(await prove.client.send(delete), refusal(400, "location-in-use", "SERVICE_ERROR", text))
    await prove.client.send(stock(partners, ("a-200", "RUG-5X7-BLU", 0)))
    bare = {
        "code": "a-200",
        "name": "Rack B",
        "zone": None,
        "aisle": None,
        "metadata": None,
    }
    await prove.succeeds(delete, ok(location(**bare, is_active=False)), nothing)


def stock(partners: Partners, *levels: tuple[Any, Any, Any], **more: Any) -> Any:
    """A request that sets these levels."""
    given = [{"location_code": l, "sku_code": s, "quantity": q} for l, s, q in levels]  # noqa: E741
    return partners.send("POST", "/inventory/", {"inventory": given, **more})


async def test_each_row_answers_for_itself(datamingle: Client, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    levels = (
        ("a-100", "RUG-5X7-BLU", 5),
        ("INVALID-LOC", "RUG-5X7-BLU", 1),
        ("a-200", "NO", 1),
        ("NO", "NO", 1),
        ("a-200", "RUG-5X7-BLU", -1),
        ("a-200", "RUG-5X7-BLU", "12"),
        ("a-100", "RUG-5X7-BLU", 6),
        (None, "", True),
    )
    request = stock(partners, *levels, source="erp_sync")
    request.body["inventory"].append(7)
    reply = await datamingle.send(request)
    place, goods = {"location_id": ["Location not found"]}, {"product_id": ["Product not found"]}
    wrong = [
        (2, "INVALID-LOC", "RUG-5X7-BLU", place),
        (3, "a-200", "NO", goods),
        (4, "NO", "NO", place | goods),
        (5, "a-200", "RUG-5X7-BLU", {"quantity": ["Ensure this value is greater than or equal to 0."]}),
        (
            8,
            None,
            "",
            {
                "location_id": ["This field may not be null."],
                "product_id": ["This field may not be blank."],
                "quantity": ["A valid integer is required."],
            },
        ),
        (
            9,
            None,
            None,
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]},
        ),
    ]
    errors = [
        {"row": row, "location_id": at, "product_id": sku, "errors": told} for row, at, sku, told in wrong
    ]
    assert_reply(reply, ok({"total": 9, "created": 1, "updated": 2, "failed": 6, "errors": errors}))
    assert await rows(datamingle, partners) == {("a-100", "RUG-5X7-BLU", 6), ("a-200", "RUG-5X7-BLU", 12)}


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ({}, "inventory", "This field is required."),
        ({"inventory": []}, "inventory", "This list may not be empty."),
        ({"inventory": None}, "inventory", "This field may not be null."),
        ({"inventory": {"a": 1}}, "inventory", 'Expected a list of items but got type "dict".'),
        ({"inventory": [1] * 10_001}, "inventory", "Ensure this field has no more than 10000 elements."),
        ({"inventory": [1], "source": "magic"}, "source", '"magic" is not a valid choice.'),
    ],
)
async def test_whole_request_is_refused(
    datamingle: Client, open_datamingle: OpenPartners, body: Any, field: str, text: str
) -> None:
    partners = await open_datamingle()
    reply = await datamingle.send(partners.send("POST", "/inventory/", body))
    assert_reply(reply, invalid((field, text)))
    assert reply.json["error"]["message"] == FIELDS_FAILED


async def test_inventory_by_location_and_by_sku(datamingle: Client, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await datamingle.send(stock(partners, ("a-200", "RUG-8X10-RED", 3), ("a-100", "RUG-5X7-BLU", 0)))
    page = {"limit": 10_000, "next_cursor": None}

    async def read(path: str) -> list[tuple[str, str, int]]:
        reply = await datamingle.send(partners.send("GET", f"/inventory/{path}"))
        assert (reply.status, reply.json["pagination"]) == (200, page), reply.body
        return [(r["location_code"], r["sku_code"], r["quantity"]) for r in reply.json["data"]]

    at = [("a-200", "RUG-8X10-RED", 3), ("a-200", "RUG-5X7-BLU", 10)]
    assert await read("a-200/") == at
    assert await read("a-200/?by=location") == at
    assert set(await read("RUG-5X7-BLU/?by=sku")) == {
        ("a-200", "RUG-5X7-BLU", 10),
        ("a-100", "RUG-5X7-BLU", 0),
    }
    for path, kind in (("RUG-5X7-BLU/", "Location"), ("a-200/?by=sku", "Product")):
        reply = await datamingle.send(partners.send("GET", f"/inventory/{path}"))
        name = path.partition("/")[0]
        assert_reply(reply, refusal(404, "record-unknown", "NOT_FOUND", f"{kind} not found: {name}"))
    reply = await datamingle.send(partners.send("GET", "/inventory/a-200/?by=shelf"))
    assert_reply(reply, invalid(("by", '"shelf" is not a valid choice.')))


async def test_lists_of_goods_are_paged(datamingle: Client, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    for number in range(3):
        await datamingle.send(partners.send("POST", "/locations/", {"code": f"L{number}"}))
        await datamingle.send(partners.send("POST", "/products/", {"sku": f"S{number}", "quantity": 1}))
    for resource, field in (("locations", "code"), ("products", "sku"), ("inventory", "sku_code")):
        whole = (await datamingle.send(partners.send("GET", f"/{resource}/"))).json["data"]
        assert len(whole) >= 4
        found: list[Any] = []
        query = "?limit=2"
        while query:
            page = (await datamingle.send(partners.send("GET", f"/{resource}/{query}"))).json
            found += page["data"]
            assert len(page["data"]) <= 2
            after = page["pagination"]["next_cursor"]
            query = f"?limit=2&cursor={after}" if after else ""
        assert found == whole, field
        other = "products" if resource != "products" else "locations"
        page = (await datamingle.send(partners.send("GET", f"/{resource}/?limit=1"))).json["pagination"]
        wrong = await datamingle.send(partners.send("GET", f"/{other}/?cursor={page['next_cursor']}"))
        assert wrong.json["error"]["message"] == f"Invalid cursor: '{page['next_cursor']}'"


@pytest.mark.parametrize("setting", ["may_set_stock", "may_edit_catalogue"])
async def test_account_that_may_not_write(
    datamingle: Client, open_datamingle: OpenPartners, setting: str
) -> None:
    partners = await open_datamingle({f"channels/plain/settings/{setting}": False})
    writes = {
        "may_set_stock": (
            stock(partners, ("a-100", "RUG-5X7-BLU", 1)),
            partners.send("POST", "/locations/", BAY),
            partners.send("PUT", "/products/RUG-5X7-BLU/", {"quantity": 50}),
        ),
        "may_edit_catalogue": (
            partners.send("POST", "/products/", {"sku": "MAT-1"}),
            partners.send("PUT", "/products/RUG-5X7-BLU/", {"is_active": False}),
            partners.send("DELETE", "/products/RUG-5X7-BLU/"),
        ),
    }
    for request in writes[setting]:
        reply = await datamingle.send(request)
        assert (reply.status, reply.json) == (403, NO_PERMISSION), request
    assert await rows(datamingle, partners) == {("a-200", "RUG-5X7-BLU", 10)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/orders/", None),
        ("/locations/", BAY),
        ("/products/", {"sku": "MAT-1"}),
    ],
)
async def test_of_ten_that_make_the_same_one_does(
    datamingle: Client, open_datamingle: OpenPartners, path: str, body: Any
) -> None:
    partners = await open_datamingle()
    request = partners.order() if body is None else partners.send("POST", path, body)
    replies = await asyncio.gather(*(datamingle.send(request) for _ in range(10)))
    refused = 400 if body is None else 409
    assert sorted(reply.status for reply in replies) == [201] + [refused] * 9


async def test_stock_that_is_set_while_it_is_ordered_keeps_the_law(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()

    async def order(number: int) -> Reply:
        edits = {"order_number": f"O{number}", "external_order_id": f"E{number}"}
        return await datamingle.send(partners.order(edits))

    orders = [order(number) for number in range(20)]
    sets = [datamingle.send(stock(partners, ("a-200", "RUG-5X7-BLU", number))) for number in range(20)]
    replies = await asyncio.gather(*(each for pair in zip(orders, sets, strict=True) for each in pair))
    assert {reply.status for reply in replies} == {200, 201}
    assert all(reply.json["data"].get("failed", 0) == 0 for reply in replies)
    level = await partners.connection.fetchrow(
        "select sum(reserved), sum(available - owed + reserved) from stock where workspace = $1",
        await partners.id(),
    )
    last = next(quantity for at, _, quantity in await rows(datamingle, partners) if at == "a-200")
    assert (int(level[0]), int(level[1])) == (40, last)
    assert await held(partners) == 40


async def held(partners: Partners) -> int:
    found = await partners.connection.fetchval(
        "select coalesce(sum(quantity), 0) from holds where workspace = $1", await partners.id()
    )
    return int(found)


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)
