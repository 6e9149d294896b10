"""Carts at their limits, and what of a cart its buyer is shown."""

from __future__ import annotations

from typing import Any

from tests.conformance.harness.fixtures import OpenBuyer
from tests.support.buyer import BANNER, CLOTH, LARGE, LENGTH, PICTURE, SHIRT, SIZE, SMALL, WORDS, Buyer

PICTURE_OF_IT = {"name": "a.png", "type": "image/png", "data": "iVBORw0K"}
_FILL = """
insert into cart_lines
  (workspace, cart, no, product, variant, quantity, data, id, product_id, variant_id, choices, price)
select workspace, cart, n, product, variant, quantity, data, id + 1000 * n, product_id, variant_id,
  choices || jsonb_build_object($2::text, n::text), price
from cart_lines, generate_series(2, 500) n where workspace = $1
"""
_FILL_FILES = """
insert into files (workspace, id, cart, line, choice, name, type, size, digest, created_at, bought)
select workspace, id + 1000 * n, cart, line, choice + n, name, type, 10000000, digest, created_at, bought
from files, generate_series(1, 4) n where workspace = $1
"""


async def error(buyer: Buyer, method: str, *params: Any) -> tuple[int, Any]:
    refused = (await buyer.client.send(buyer.call(method, *params))).json["error"]
    return refused["code"], refused.get("data")


async def test_a_full_cart_takes_more_of_what_is_in_it_but_nothing_else(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart(BANNER, **{LENGTH: 1})
    await buyer.shop.connection.execute(_FILL, await buyer.shop.id(), WORDS)
    full = (2001, "A cart holds at most 500 items.")
    assert await error(buyer, "Order.addArticle", cart, CLOTH) == full
    banner = {LENGTH: 1, "quantity": 2}
    joined = await buyer("Order.addArticle", cart, BANNER, banner, ["uid", "choices"])
    assert joined["choices"] == {LENGTH: 1, "quantity": 3}
    changed = await buyer("OrderItem.set", joined["uid"], {"choices": {LENGTH: 2}}, "choices")
    assert changed == {"choices": {LENGTH: 2, "quantity": 3}}
    await buyer("OrderItem.delete", joined["uid"])
    await buyer("Order.addArticle", cart, CLOTH)


async def test_the_files_of_a_cart_are_limited_together(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    item = await buyer("Order.addArticle", None, BANNER, {LENGTH: 1, PICTURE: PICTURE_OF_IT})
    await buyer.shop.connection.execute(_FILL_FILES, await buyer.shop.id())
    code, _ = await error(buyer, "Order.addArticle", None, BANNER, {LENGTH: 1, PICTURE: PICTURE_OF_IT})
    assert code == 2070
    code, _ = await error(buyer, "OrderItem.set", item["uid"], {"choices": {PICTURE: PICTURE_OF_IT}})
    assert code == 2070
    await buyer("OrderItem.set", item["uid"], {"choices": {LENGTH: 2}})


async def test_the_same_article_chosen_alike_is_one_item(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart(SHIRT, quantity=2)
    again = await buyer("Order.addArticle", cart, SHIRT, {SIZE: int(SMALL)}, ["order", "choices"])
    assert again == {"order": cart, "choices": {SIZE: "311", "quantity": 3}}
    assert len((await buyer("Order.get", cart, "items"))["items"]) == 1


async def test_prices_follow_the_currency_of_the_session(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    await buyer("Session.set", {"currency": "JPY"})
    total = (await buyer("Order.get", cart, {"costs": {"cart": ["incVat", "currency"]}}))["costs"]["cart"]
    assert total == {"incVat": 5200, "currency": "JPY"}
    assert await buyer("Order.checkout", cart) == {"uid": cart}


async def test_a_buyer_is_whole_whatever_has_been_said_of_him(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.cart()
    customer = (await buyer("Order.get", cart, "customer"))["customer"]
    assert customer["info"] == {"email": "", "type": "individual", "companyNumber": "", "newsletter": False}
    assert customer["deliveryAddress"]["copyAddress"] is True
    assert (customer["address"]["company"], customer["address"]["town"]) == (None, "")
    named = await buyer("Order.get", cart, {"customer": {"info": "type", "address": "town"}})
    assert named == {"customer": {"info": {"type": "individual"}, "address": {"town": ""}}}


async def test_one_variant_off_sale_leaves_its_siblings_on_sale(open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    cart = await buyer.ready()
    off = "update variants set available = $3 where workspace = $1 and chosen_by ->> '301' = $2"
    await buyer.shop.connection.execute(off, await buyer.shop.id(), SMALL, False)
    not_sold = (2001, "The article is not for sale.")
    assert await error(buyer, "Order.addArticle", None, SHIRT, {SIZE: SMALL}) == not_sold
    assert await error(buyer, "Order.checkout", cart) == not_sold
    assert (await buyer("Article.get", SHIRT, "isBuyable"))["isBuyable"] is True
    await buyer("Order.addArticle", None, SHIRT, {SIZE: LARGE})
    await buyer.shop.connection.execute(off, await buyer.shop.id(), LARGE, False)
    assert (await buyer("Article.get", SHIRT, "isBuyable"))["isBuyable"] is False
