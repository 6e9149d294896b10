"""Nothing crosses workspaces: what belongs to another one does not exist, and nothing of it is in the way."""

import pytest

from tests.conformance.bonsai import Shop, entry, refusal
from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.proof import assert_reply


@pytest.fixture
async def ours(open_bonsai_shop: OpenShop) -> Shop:
    return await open_bonsai_shop()


@pytest.fixture
async def theirs(open_bonsai_shop: OpenShop) -> Shop:
    vase = {"id": 777, "name": "Vase", "merchant": "maple", "prices": {"CAD": "9.00"}, "stock": {"main": 5}}
    return await open_bonsai_shop({"products/vase": vase})


async def send_in_vain(client: Client, shop: Shop, request: Request) -> Reply:
    """The reply to a request that must change nothing."""
    before = await read_state(shop.connection)
    reply = await client.send(request)
    assert not changed(before, await read_state(shop.connection))
    return reply


async def test_product_of_another_workspace_does_not_exist(bonsai: Client, ours: Shop, theirs: Shop) -> None:
    line = theirs.line("vase", 777)
    detail = {"publicId": line["public_id"], "variantId": "777"}
    reply = await send_in_vain(bonsai, ours, ours.submit({"products/0": line}))
    unknown = entry(404, "PRODUCT_DOES_NOT_EXIST", "Product does not exist", detail)
    assert_reply(reply, refusal("product-unknown", unknown))
    await theirs.assert_placed(await bonsai.send(theirs.submit({"products/0": line})))


async def test_variant_of_another_workspace_does_not_exist(bonsai: Client, ours: Shop, theirs: Shop) -> None:
    reply = await send_in_vain(bonsai, ours, ours.submit({"products/0/variant_id": "777"}))
    detail = {"publicId": ours.public_id("lamp"), "variantId": "777"}
    unknown = entry(404, "VARIANT_DOES_NOT_EXIST", "Variant does not exist", detail)
    assert_reply(reply, refusal("variant-unknown", unknown))


async def test_stock_of_the_same_variant_number_is_each_workspaces_own(
    bonsai: Client, ours: Shop, theirs: Shop
) -> None:
    everything = {"products/0/quantity": 10}
    await ours.assert_placed(await bonsai.send(ours.submit(everything)))
    await theirs.assert_placed(await bonsai.send(theirs.submit(everything)))
    again = {**everything, "payment/token": "paid-2"}
    for shop in (ours, theirs):
        reply = await send_in_vain(bonsai, shop, shop.submit(again))
        assert reply.json["errors"][0]["code"] == "OUT_OF_STOCK"


async def test_external_ids_and_tokens_are_each_workspaces_own(
    bonsai: Client, ours: Shop, theirs: Shop
) -> None:
    taken = {"external_order_id": "A-1", "payment/token": "paid-1"}
    await ours.assert_placed(await bonsai.send(ours.submit(taken)))
    await theirs.assert_placed(await bonsai.send(theirs.submit(taken)))
    reply = await send_in_vain(bonsai, ours, ours.submit(taken))
    title = "Order with the same external order id already exists"
    duplicate = entry(400, "DUPLICATE_EXTERNAL_ORDER", title, {"externalOrderId": "A-1"})
    assert_reply(reply, refusal("duplicate-external-order", duplicate))


async def test_key_of_a_workspace_opens_no_other(bonsai: Client, ours: Shop, theirs: Shop) -> None:
    reply = await bonsai.send(ours.submit())
    await ours.assert_placed(reply)
    found = await ours.connection.fetch(
        "select workspace from orders where id = $1 and workspace = $2",
        reply.json["data"]["orderNumber"],
        await theirs.id(),
    )
    assert found == []
