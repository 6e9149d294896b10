"""Products over a real socket: what is shown of them, to whom, and how they are named."""

from typing import Any

import pytest

from entrepot.domain.kernel.ids import from_cuid
from tests.doors.bonsai.shop import Shop, line, public_id, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def get(shop: Shop, query: str, key: str = "own-live") -> dict[str, Any]:
    reply = await shop.call("GET", f"/products/?{query}", key)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def one(shop: Shop, name: str, currency: str = "USD") -> dict[str, Any]:
    body = await get(shop, f"ids={public_id(name)}&currency={currency}")
    assert body["errors"] == []
    [product] = body["data"]
    return product


def missing(body: dict[str, Any]) -> list[tuple[str, int, dict[str, str]]]:
    return [(entry["code"], entry["status"], entry["detail"]) for entry in body["errors"]]


async def test_a_product_with_one_variant(shop: Shop) -> None:
    product = await one(shop, "mug", "CAD")
    [variant] = product.pop("variants")
    inventory = product.pop("inventory")
    merchant = product.pop("merchant")
    assert (merchant["name"], len(merchant["publicId"])) == ("Maple", 24)
    assert product == {
        "id": "101",
        "publicId": public_id("mug"),
        "name": "Mug",
        "currency": "CAD",
        "unavailable": False,
        "hasFreeShipping": False,
        "isAfterpayEligible": True,
        "shippingCosts": [],
        "returnPolicy": "",
        "merchantCountry": "CA",
        "shortLinks": ["m0g"],
    }
    assert variant == {
        "id": "101",
        "productId": "101",
        "sku": "mug",
        "position": 0,
        "price": 32,
        "compareAtPrice": 40,
        "inventoryQuantity": inventory,
        "options": [],
        "images": [],
    }


async def test_shipping_costs_are_the_merchants_in_the_currency(shop: Shop) -> None:
    assert (await one(shop, "mug"))["shippingCosts"] == [
        {"countryCode": "CA", "shippingRate": 5, "freeIfPassedSubtotal": 100},
        {"countryCode": "US", "shippingRate": 9},
    ]


async def test_variants_and_what_the_catalogue_adds(shop: Shop) -> None:
    product = await one(shop, "shirt")
    small, medium = product["variants"]  # what is sold by the metre is not for this door
    assert (small["id"], small["price"], small["gtin"]) == ("201", 55, "0001")
    assert small["options"] == [{"type": "size", "value": "S"}]
    assert "isFinalSale" not in small  # the world says neither yes nor no
    assert (medium["id"], medium["price"], medium["inventoryQuantity"]) == ("202", 0, 3)
    assert product["inventory"] == small["inventoryQuantity"] + 3
    assert product["brand"] == {
        "publicId": "b1",
        "name": "Brand",
        "logo": {"url": "http://x/l.png", "width": 2},
    }
    assert product["categories"] == ["tops"]
    assert "images" not in product
    assert product["unavailable"] is False


@pytest.mark.parametrize("name", ["gone", "free", "telex"])
async def test_what_cannot_be_ordered_is_unavailable(shop: Shop, name: str) -> None:
    assert (await one(shop, name))["unavailable"] is True


@pytest.mark.parametrize("flag", ["hidden", "draft", "display_only"])
async def test_what_another_door_keeps_from_buyers_is_unavailable_and_refused(shop: Shop, flag: str) -> None:
    submit = submission(line("bowl", 102), token=f"kept-{flag}")
    named = "where uuid = $1", from_cuid(public_id("bowl"))
    await shop.execute(f"update products set {flag} = true {named[0]}", named[1])
    try:
        assert (await one(shop, "bowl"))["unavailable"] is True
        refused = await shop.call("POST", "/orders/V1/submit", json=submit)
        assert "PRODUCT_UNAVAILABLE" in {entry["code"] for entry in refused.json()["errors"]}
    finally:
        await shop.execute(f"update products set {flag} = false {named[0]}", named[1])
    assert (await one(shop, "bowl"))["unavailable"] is False


async def test_what_was_deleted_is_not_there(shop: Shop) -> None:
    bowl = public_id("bowl")
    submit = submission(line("bowl", 102), token="deleted")
    for table, of in (
        ("products", "uuid = $1"),
        ("variants", "product = (select id from products where uuid = $1)"),
    ):
        await shop.execute(f"update {table} set deleted_at = now() where {of}", from_cuid(bowl))
        try:
            body = await get(shop, f"ids={bowl}&currency=USD")
            assert body["errors" if table == "products" else "data"]
            assert [product["variants"] for product in body["data"]] in ([], [[]])
            refused = await shop.call("POST", "/orders/V1/submit", json=submit)
            assert refused.json()["errors"][0]["code"] == f"{table[:-1].upper()}_DOES_NOT_EXIST"
        finally:
            await shop.execute(f"update {table} set deleted_at = null where {of}", from_cuid(bowl))


async def test_sold_out_is_not_unavailable(shop: Shop) -> None:
    product = await one(shop, "lamp")
    assert (product["unavailable"], product["inventory"]) == (False, 0)


async def test_marks(shop: Shop) -> None:
    product = await one(shop, "print")
    assert (product["hasFreeShipping"], product["isAfterpayEligible"]) == (True, False)
    assert product["inventory"] == 1_000_000


async def test_a_list_comes_in_its_order_each_product_once_and_names_what_is_missing(shop: Shop) -> None:
    mug, bowl, belt = public_id("mug"), public_id("bowl"), public_id("belt", "south")
    ids, links = f"{bowl},x,%20{mug},{belt},{bowl},,", "m0g,sh1,M0G"
    body = await get(shop, f"ids={ids}&shortLinks={links}&currency=USD")
    assert [product["name"] for product in body["data"]] == ["Bowl", "Mug", "Shirt"]
    assert missing(body) == [
        ("PRODUCT_DOES_NOT_EXIST", 404, {"publicId": "x"}),
        ("PRODUCT_DOES_NOT_EXIST", 404, {"publicId": belt}),
        ("PRODUCT_DOES_NOT_EXIST", 404, {"shortLink": "M0G"}),
    ]


async def test_a_workspace_has_its_own_products(shop: Shop) -> None:
    body = await get(shop, f"ids={public_id('mug')}&shortLinks=m0g&currency=USD", "south-live")
    assert [product["name"] for product in body["data"]] == ["Belt"]
    assert missing(body) == [("PRODUCT_DOES_NOT_EXIST", 404, {"publicId": public_id("mug")})]
    [belt] = body["data"]
    assert belt["unavailable"] is True  # it has no merchant
    assert "merchant" not in belt


@pytest.mark.parametrize(
    ("query", "kind", "message"),
    [
        ("currency=USD", "object.missing", '"value" must contain at least one of [ids, shortLinks]'),
        ("ids=x", "any.required", '"currency" is required'),
        ("ids=x&currency=usd", "any.allowOnly", '"currency" must be one of [CAD, USD, GBP, AUD, EUR]'),
        ("ids=&currency=USD", "any.empty", '"ids" is not allowed to be empty'),
        ("ids=x&currency=USD&page=2", "object.allowUnknown", '"page" is not allowed'),
        (
            "currency=USD&ids=" + ",".join(map(str, range(501))),
            "array.max",
            '"ids" must contain less than or equal to 500 items',
        ),
    ],
)
async def test_queries_that_are_none(shop: Shop, query: str, kind: str, message: str) -> None:
    reply = await shop.call("GET", f"/products/?{query}")
    assert reply.status_code == 400
    [entry] = reply.json()["errors"]
    assert (entry["code"], entry["detail"][0]["type"], entry["detail"][0]["message"]) == (
        "INVALID_INPUT",
        kind,
        message,
    )


async def test_odd_names_are_missing_products(shop: Shop) -> None:
    body = await get(shop, "ids=%00,c%FF,%F0%9F%98%80&shortLinks=%00&currency=USD")
    assert [entry[0] for entry in missing(body)] == ["PRODUCT_DOES_NOT_EXIST"] * 4
    assert body["data"] == []


async def test_only_an_api_key_opens_products_and_browsers_may_call(shop: Shop) -> None:
    assert (await shop.call("GET", "/products/?ids=x&currency=USD", "own-private")).status_code == 401
    reply = await shop.call("GET", "/products?ids=x&currency=USD")
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_one_variant_off_sale_leaves_its_siblings_on_sale(shop: Shop) -> None:
    await shop.execute("update variants set available = false where id = 201")
    lines = [line("shirt", 201), line("shirt", 202)]
    refused = await shop.call("POST", "/orders/V1/submit", json=submission(*lines, token="off-1"))
    # The other one only lacks a price in the account's currency.
    codes = [entry["code"] for entry in refused.json()["errors"]]
    assert codes == ["PRODUCT_UNAVAILABLE", "PRODUCTS_PRICE_INVALID"]
    assert (await one(shop, "shirt", "CAD"))["unavailable"] is False
    await shop.execute("update variants set available = true where id = 201")


async def test_a_parameter_that_comes_twice_is_refused_and_not_cut(shop: Shop) -> None:
    one, other = public_id("mug"), public_id("shirt")
    for query, name, values in (
        (f"ids={one}&ids={other}&currency=USD", "ids", [one, other]),
        (f"ids={one}&currency=USD&currency=CAD", "currency", ["USD", "CAD"]),
    ):
        reply = await shop.call("GET", f"/products/?{query}")
        assert reply.status_code == 400
        [entry] = reply.json()["errors"]
        assert (entry["code"], entry["detail"]) == (
            "INVALID_INPUT",
            [
                {
                    "message": f'"{name}" must be a string',
                    "path": [name],
                    "type": "string.base",
                    "context": {"value": values, "key": name, "label": name},
                }
            ],
        )
