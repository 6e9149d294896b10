"""Nothing crosses workspaces: what belongs to another one does not exist, and nothing of it is in the way."""

from typing import Any

import pytest

from tests.conformance.datamingle import Partners, account, ok, refusal, shown
from tests.conformance.harness import Client, changed, read_state
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import assert_reply


@pytest.fixture
async def ours(open_datamingle: OpenPartners) -> Partners:
    return await open_datamingle()


@pytest.fixture
async def theirs(open_datamingle: OpenPartners) -> Partners:
    partners = await open_datamingle({"products/vase": {"name": "Vase", "sku": "VASE"}})
    direct = account(partners, "direct", sees="workspace")
    direct["settings"]["door"] = {"pass_through": True}
    await partners.change({"channels/direct": direct})
    return partners


async def test_every_id_of_another_workspace_is_unknown(
    datamingle: Client, ours: Partners, theirs: Partners
) -> None:
    by_id = "channels/plain/settings/door/partner/default_identifier_field"
    for partners in (ours, theirs):
        await partners.change({by_id: "id"})
    order = (await datamingle.send(ours.order())).json["data"]
    place = (await datamingle.send(ours.send("POST", "/locations/", {"code": "OURS"}))).json["data"]
    goods = (await datamingle.send(ours.send("POST", "/products/", {"sku": "OURS"}))).json["data"]
    paths = {"orders": order["id"], "locations": place["id"], "products": goods["id"]}
    for resource, number in paths.items():
        assert (await datamingle.send(ours.send("GET", f"/{resource}/{number}/"))).status == 200
    before = await read_state(theirs.connection)
    for key in (theirs.key(), theirs.key("direct")):
        for name in ("OURS", "ORD-1", "ERP-1", *paths.values()):
            for resource in paths:
                for method in ("GET", "PUT", "DELETE"):
                    body: Any = {} if method == "PUT" else b""
                    request = theirs.send(method, f"/{resource}/{name}/", body, key=key)
                    assert (await datamingle.send(request)).status in (403, 404), request
            for by in ("location", "sku"):
                request = theirs.send("GET", f"/inventory/{name}/?by={by}", key=key)
                assert (await datamingle.send(request)).status == 404
        for resource in ("orders", "inventory", "locations", "products"):
            listed = (await datamingle.send(theirs.send("GET", f"/{resource}/", key=key))).json["data"]
            assert all("OURS" not in str(each) and each.get("id") not in paths.values() for each in listed)
    assert not changed(before, await read_state(theirs.connection))


async def test_names_are_each_workspaces_own(datamingle: Client, ours: Partners, theirs: Partners) -> None:
    for partners in (ours, theirs):
        assert_reply(await datamingle.send(partners.order()), ok(shown(), 201))
        assert (await datamingle.send(partners.send("POST", "/locations/", {"code": "A"}))).status == 201
    unknown = await datamingle.send(
        ours.order({"order_number": "O2", "external_order_id": None, "items/0/sku_code": "VASE"})
    )
    assert_reply(unknown, refusal(400, "sku-unknown", "SERVICE_ERROR", "SKU not found: VASE"))


async def test_cursor_of_another_workspace_is_none(
    datamingle: Client, ours: Partners, theirs: Partners
) -> None:
    for partners in (ours, theirs):
        for number in range(2):
            edits = {"order_number": f"O{number}", "external_order_id": f"E{number}"}
            await datamingle.send(partners.order(edits))
    page = (await datamingle.send(ours.send("GET", "/orders/?limit=1"))).json["pagination"]
    cursor = page["next_cursor"]
    wrong = await datamingle.send(theirs.send("GET", f"/orders/?cursor={cursor}"))
    assert wrong.json["error"]["message"] == f"Invalid cursor: '{cursor}'"
