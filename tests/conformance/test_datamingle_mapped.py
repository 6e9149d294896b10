"""Partners who speak their own words: payloads, answers and errors, and what cannot be mapped."""

from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.datamingle import MOMENT, UUID, Partners, account, invalid, ok, refusal
from tests.conformance.harness import Client, Prove, Reply, Request
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import assert_reply

REQUIRED = "This field is required."


def rules(**pairs: str) -> list[dict[str, str]]:
    return [{"source": source.replace("__", "."), "target": target} for source, target in pairs.items()]


LINES = rules(InventoryID="sku_code", OrderQty="quantity", LineNote="notes")
ORDERS: dict[str, Any] = {
    "field_map": rules(header__po_number="order_number", header__ref="external_order_id", Due="due_date"),
    "nested_mappings": [{"source": "Details", "target": "items", "field_map": LINES}],
    "static_values": {"metadata.source": "erp"},
    "identifier_field": "order_number",
}
BULK = rules(Site="location_code", InventoryID="sku_code", Qty="quantity")
MAPPINGS: dict[str, Any] = {
    "orders": ORDERS,
    "inventory": {"nested_mappings": [{"source": "Rows", "target": "inventory", "field_map": BULK}]},
    "locations": {"field_map": rules(Bin="code", Bay="zone")},
    "products": {"template": "acumatica"},
}
ORDER: dict[str, Any] = {
    "header": {"po_number": "PO-1", "ref": "R-1"},
    "Due": "2026-05-01",
    "Details": [{"InventoryID": "RUG-5X7-BLU", "OrderQty": 2, "LineNote": "soft"}],
    "junk": 1,
}


@pytest.fixture
async def partners(open_datamingle: OpenPartners) -> Partners:
    """A workspace whose partner `plain` speaks words of its own."""
    return await open_datamingle({"channels/plain/mappings": MAPPINGS})


def shown(**more: Any) -> dict[str, Any]:
    line = {"id": UUID, "sku": {"sku": "RUG-5X7-BLU"}, "verified_quantity": 0}
    line |= {
        "verification_status": "pending",
        "InventoryID": "RUG-5X7-BLU",
        "OrderQty": 2,
        "LineNote": "soft",
    }
    return {
        "header": {"po_number": "PO-1", "ref": "R-1"},
        "Due": "2026-05-01T00:00:00Z",
        "Details": [line],
        "id": UUID,
        "customer_name": None,
        "customer_info": None,
        "status": "pending",
        "notes": None,
        "order_date": None,
        "metadata": {"source": "erp"},
        "cancellation_reason": None,
        "cancelled_at": None,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        **more,
    }


def anyhow(prove: Prove) -> Prove:
    """The proof of a case whose status is not its row's: a report within a success, another code."""
    return replace(prove, row=replace(prove.row, http=None))


async def nothing(reply: Reply) -> None:
    assert reply.json["success"] is True


async def test_order_comes_in_and_goes_out_in_the_partners_words(
    datamingle: Client, partners: Partners
) -> None:
    reply = await datamingle.send(partners.send("POST", "/orders/", ORDER))
    assert_reply(reply, ok(shown(), 201))
    assert_reply(await datamingle.send(partners.send("GET", "/orders/PO-1/")), ok(shown()))
    listed = (await datamingle.send(partners.send("GET", "/orders/"))).json
    assert listed["data"] == [reply.json["data"]]
    assert listed["pagination"] == {"limit": 50, "next_cursor": None}
    changed = {"metadata": {"source": "erp", "a": 1}, "notes": "n"}
    put = await datamingle.send(partners.send("PUT", "/orders/PO-1/", {"metadata": {"a": 1}, "notes": "n"}))
    assert_reply(put, ok(shown(**changed)))
    put = await datamingle.send(partners.send("PUT", "/orders/PO-1/", {"Due": None}))
    assert_reply(put, ok(shown(**changed, Due=None)))
    deleted = await datamingle.send(partners.send("DELETE", "/orders/PO-1/", {"reason": "typo"}))
    ended = {"status": "cancelled", "cancellation_reason": "typo", "cancelled_at": MOMENT, "Due": None}
    assert_reply(deleted, ok(shown(**changed, **ended)))


@pytest.mark.row("datamingle.VALIDATION_ERROR.mapped", case="create")
async def test_fields_of_a_new_order(prove: Prove, partners: Partners) -> None:
    wrong = {**ORDER, "header": {}, "Due": "soon", "Details": [{"OrderQty": 0, "InventoryID": "A"}, {}]}
    date = (
        "Datetime has wrong format. Use one of these formats instead: "
        "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
    )
    await prove(
        partners.send("POST", "/orders/", wrong),
        invalid(
            ("header.po_number", REQUIRED),
            ("Due", date),
            ("Details[0].OrderQty", "Ensure this value is greater than or equal to 1."),
            ("Details[1].InventoryID", REQUIRED),
            ("Details[1].OrderQty", REQUIRED),
        ),
        partners.send("POST", "/orders/", ORDER),
        nothing,
        success=201,
    )
    without = await prove.client.send(partners.send("POST", "/orders/", {"header": {"po_number": "X"}}))
    assert_reply(without, invalid(("Details", "At least one item is required.")))


@pytest.mark.row("datamingle.VALIDATION_ERROR.mapped", case="create")
async def test_number_that_is_taken(prove: Prove, partners: Partners) -> None:
    await prove.client.send(partners.send("POST", "/orders/", ORDER))
    field = "header.po_number"
    again = {**ORDER, "header": {"po_number": "PO-1"}}
    await prove(
        partners.send("POST", "/orders/", again),
        invalid((field, f"order with this {field} already exists."), page="duplicate-external-order"),
        partners.send("POST", "/orders/", {**ORDER, "header": {"po_number": "PO-2"}}),
        nothing,
        success=201,
    )


@pytest.mark.row("datamingle.VALIDATION_ERROR.mapped", case="update")
async def test_fields_of_a_change(prove: Prove, partners: Partners) -> None:
    await prove.client.send(partners.send("POST", "/orders/", ORDER))
    text = "Items cannot be changed after the order is created."
    await prove(
        partners.send("PUT", "/orders/PO-1/", {"Details": [], "header": {"ref": ["x"]}}),
        invalid(("header.ref", "Not a valid string."), ("Details", text)),
        partners.send("PUT", "/orders/PO-1/", {"header": {"ref": "x"}}),
        nothing,
    )


@pytest.mark.row("datamingle.VALIDATION_ERROR.mapped", case="bulk row")
async def test_fields_of_a_row(prove: Prove, partners: Partners) -> None:
    levels = [
        {"Site": "a-100", "InventoryID": "RUG-5X7-BLU", "Qty": -1},
        {"Site": "NO", "InventoryID": "RUG-5X7-BLU", "Qty": 1},
        {"InventoryID": 7, "Qty": 1},
    ]
    errors = [
        (1, "a-100", "RUG-5X7-BLU", {"Qty": ["Ensure this value is greater than or equal to 0."]}),
        (2, "NO", "RUG-5X7-BLU", {"location_id": ["Location not found"]}),
        (3, None, 7, {"location_id": [REQUIRED]}),
    ]
    told = [{"row": row, "location_id": at, "product_id": sku, "errors": why} for row, at, sku, why in errors]

    async def effect(reply: Reply) -> None:
        assert reply.json["data"]["created"] == 1
        rows = (await prove.client.send(partners.send("GET", "/inventory/a-100/"))).json["data"]
        assert rows == [{"Site": "a-100", "InventoryID": "RUG-5X7-BLU", "Qty": 3}]

    await anyhow(prove)(
        partners.send("POST", "/inventory/", {"Rows": levels}),
        ok({"total": 3, "created": 0, "updated": 0, "failed": 3, "errors": told}),
        partners.send("POST", "/inventory/", {"Rows": [{**levels[0], "Qty": 3}]}),
        effect,
    )
    empty = await prove.client.send(partners.send("POST", "/inventory/", {"Rows": []}))
    assert_reply(empty, invalid(("Rows", "This list may not be empty.")))


@pytest.mark.row("datamingle.VALIDATION_ERROR.mapped", case="DUPLICATE message")
async def test_message_of_a_duplicate(prove: Prove, partners: Partners) -> None:
    await prove.client.send(partners.send("POST", "/locations/", {"Bin": "A-101", "Bay": "Z"}))
    await anyhow(prove)(
        partners.send("POST", "/locations/", {"Bin": "A-101"}),
        refusal(409, "record-taken", "DUPLICATE", 'A location with Bin "A-101" already exists.'),
        partners.send("POST", "/locations/", {"Bin": "code A-101"}),
        nothing,
        success=201,
    )


@pytest.mark.row("datamingle.MAPPING_ERROR")
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({**ORDER, "header": 7}, "source path 'header.po_number': expected object at 'header'"),
        ({"Details": ORDER["Details"]}, "source path 'header.po_number' not found"),
        ({**ORDER, "Details": {}}, "'Details' must be an array"),
        ({**ORDER, "Details": [1]}, "'Details[0]' must be an object"),
        ([ORDER], "payload must be an object"),
    ],
)
async def test_payload_that_cannot_be_mapped(
    prove: Prove, partners: Partners, payload: Any, reason: str
) -> None:
    text = f"Failed to map inbound payload: {reason}"
    await prove(
        partners.send("POST", "/orders/", payload),
        refusal(422, "payload-unmappable", "MAPPING_ERROR", text),
        partners.send("POST", "/orders/", ORDER),
        nothing,
        success=201,
    )


@pytest.mark.row("datamingle.NOT_FOUND.identifier-field")
async def test_mappings_identifier_field_counts_before_the_partners(prove: Prove, partners: Partners) -> None:
    await prove.client.send(partners.send("POST", "/orders/", ORDER))
    field = "channels/plain/mappings/orders/identifier_field"
    await prove(
        partners.send("GET", "/orders/R-1/"),
        refusal(404, "record-unknown", "NOT_FOUND", "Order not found: R-1"),
        partners.changing({field: "external_order_id"}),
        nothing,
        reads=True,
    )
    await partners.change({field: "customer_name"})
    assert (await prove.client.send(partners.send("GET", "/orders/PO-1/"))).status == 404


async def test_products_by_the_template(datamingle: Client, partners: Partners) -> None:
    body = {"InventoryID": "MAT-1", "QtyOnHand": 3, "Attributes": {"a": 1.50}}
    reply = await datamingle.send(partners.send("POST", "/products/", body))
    assert reply.status == 201
    assert {name: reply.json["data"][name] for name in body} == body
    again = await datamingle.send(partners.send("POST", "/products/", body))
    assert again.json["error"]["message"] == 'A product with InventoryID "MAT-1" already exists.'


async def test_mapping_that_changes_between_two_requests_counts_at_once(
    datamingle: Client, partners: Partners
) -> None:
    assert (await datamingle.send(partners.send("POST", "/orders/", ORDER))).status == 201
    await partners.change({"channels/plain/mappings/orders/field_map": rules(Number="order_number")})
    found = (await datamingle.send(partners.send("GET", "/orders/PO-1/"))).json["data"]
    assert (found["Number"], found["external_order_id"]) == ("PO-1", "R-1")
    await partners.change({"channels/plain/mappings": {}})
    found = (await datamingle.send(partners.send("GET", "/orders/PO-1/"))).json["data"]
    assert (found["order_number"], found["items"][0]["sku_code"]) == ("PO-1", "RUG-5X7-BLU")


async def test_mapping_of_one_partner_is_nobody_elses(datamingle: Client, partners: Partners) -> None:
    direct = account(partners, "direct", sees="workspace")
    direct["settings"]["door"] = {"pass_through": True}
    await partners.change({"channels/other": account(partners, "other"), "channels/direct": direct})
    await datamingle.send(partners.send("POST", "/orders/", ORDER))
    own = await datamingle.send(partners.order(key=partners.key("other")))
    assert (own.status, own.json["data"]["order_number"]) == (201, "ORD-1")
    seen = await datamingle.send(partners.send("GET", "/orders/PO-1/", key=partners.key("direct")))
    assert seen.json["data"]["order_number"] == "PO-1"
    wrong = Request("POST", partners.order().path, ORDER, {"X-API-Key": partners.key("direct")})
    assert (await datamingle.send(wrong)).status == 400
