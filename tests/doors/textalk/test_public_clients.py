"""What public programs ask of a webshop, in their words, is answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doors.textalk.people import Shopping
from tests.doors.textalk.test_small_promises import cart, placed
from tests.support.buyer import BANNER, CLOTH, SHIRT


async def test_an_order_has_the_fields_of_the_vendors_page(eva: Shopping) -> None:
    uid, _, admin = await placed(eva)
    query = ["orderNumber", "tags", "externalOrderNumber", "hasVat", "exchangeRate"]
    assert await eva.call("Order.get", uid, query, auth=admin) == {
        "orderNumber": str(uid),
        "tags": [],
        "externalOrderNumber": None,
        "hasVat": True,
        "exchangeRate": 1,
    }
    costs = (
        await eva.call("Order.get", uid, {"costs": ["cart", "shipment", "payment", "total"]}, auth=admin)
    )["costs"]
    parts = [costs[name]["incVat"] for name in ("cart", "shipment", "payment")]
    assert sum(parts) == costs["total"]["incVat"]
    marks = {"tags": ["gift", "late"], "externalOrderNumber": "F-17"}
    assert await eva.call("Order.set", uid, marks, list(marks), auth=admin) == marks
    assert await eva.call("Order.set", uid, {"tags": []}, list(marks), auth=admin) == {**marks, "tags": []}


async def test_the_notes_of_the_shop_are_not_the_buyers(eva: Shopping) -> None:
    uid, session, _ = await placed(eva)
    for name in ("tags", "externalOrderNumber", "exchangeRate"):
        assert (await eva.error("Order.get", uid, name, session=session))["code"] == 1006
        assert name not in await eva.call("Order.get", uid, True, session=session)
    for patch in ({"tags": ["x"]}, {"externalOrderNumber": "1"}):
        assert (await eva.error("Order.set", uid, patch, session=session))["code"] == 1006


async def test_a_cart_has_no_exchange_rate_to_another_currency(eva: Shopping) -> None:
    uid, _, admin = await placed(eva)
    await eva.shop.connection.execute(
        "update orders set currency = 'EUR' where workspace = $1 and id = $2", await eva.shop.id(), uid
    )
    assert await eva.call("Order.get", uid, "exchangeRate", auth=admin) == {"exchangeRate": None}


async def test_an_article_has_the_fields_of_the_vendors_page(eva: Shopping) -> None:
    names = ["freeFreight", "isBulky", "deliveryInfo", "relationLists", "imagesAltText"]
    assert await eva.call("Article.get", SHIRT, names) == {
        "freeFreight": False,
        "isBulky": False,
        "deliveryInfo": {},
        "relationLists": [],
        "imagesAltText": [],
    }
    admin = await eva.shop.administrator()
    patch = {"freeFreight": True, "isBulky": True, "deliveryInfo": {"en": "Tomorrow"}}
    assert await eva.call("Article.set", SHIRT, patch, list(patch), auth=admin) == patch


async def test_pricing_tells_what_an_article_costs_with_and_without_vat(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    made = {
        "name": {"en": "Cap"},
        "articleNumber": "cap",
        "vatRate": 0.25,
        "price": {"regular": {"SEK": 125, "EUR": 12.5}, "specialOffer": {"SEK": 100}},
    }
    uid = (await eva.call("Article.create", made, auth=admin))["uid"]
    assert (await eva.call("Article.get", uid, "pricing"))["pricing"] == [
        {
            "qtyFloor": 1,
            "regular": {"incVat": {"EUR": 12.5, "SEK": 125}, "exVat": {"EUR": 10, "SEK": 100}},
            "specialOffer": {"incVat": {"SEK": 100}, "exVat": {"SEK": 80}},
        }
    ]
    query = {"pricing": {"regular": {"incVat": "SEK"}}}
    assert await eva.call("Article.get", uid, query) == {"pricing": [{"regular": {"incVat": {"SEK": 125}}}]}


async def test_articles_can_be_sorted_by_name_and_by_what_was_sold(eva: Shopping) -> None:
    await placed(eva)
    everything = {"sort": "numSold", "descending": True}
    sold = await eva.call("Article.list", ["uid", "numSold"], everything)
    assert sold[0] == {"uid": SHIRT, "numSold": 1}
    assert {each["numSold"] for each in sold[1:]} == {0}
    named = await eva.call("Article.list", {"name": "en"}, {"sort": "name"})
    found = [each["name"]["en"] for each in named]
    assert found == sorted(found)
    assert len(found) > 2


async def test_a_search_answers_uids_and_takes_a_star_and_a_limit(eva: Shopping) -> None:
    assert await eva.call("Article.search", "shirt") == [SHIRT]
    assert await eva.call("Article.search", "shi*") == [SHIRT]
    assert await eva.call("Article.search", "l*n sh*t") == [SHIRT]
    every = await eva.call("Article.search", "*")
    assert {SHIRT, CLOTH, BANNER} <= set(every)
    assert await eva.call("Article.search", "*", 2) == every[:2]
    assert await eva.call("Article.search", "%") == []
    assert (await eva.error("Article.search", "shirt", -1))["code"] == -32602


async def test_a_visitor_reads_the_tree_with_its_children(eva: Shopping) -> None:
    query = {"uid": True, "name": "sv", "children": True, "parent": True}
    tree = await eva.call("Articlegroup.tree", None, query, {"filters": {"empty": {"equals": False}}})
    assert tree
    assert all(isinstance(child, dict) for group in tree for child in group["children"])
    assert (await eva.error("Articlegroup.list", "children"))["code"] == 1006


async def test_a_bare_array_filters_by_any_of_its_values(eva: Shopping) -> None:
    shown = await eva.call("Article.list", ["uid", "showInArticlegroups"], True)
    groups = sorted({group for each in shown for group in each["showInArticlegroups"]})
    wanted = [each["uid"] for each in shown if set(each["showInArticlegroups"]) & set(groups[:2])]
    found = await eva.call("Article.list", "uid", {"filters": {"/showInArticlegroups": groups[:2]}})
    assert [each["uid"] for each in found] == wanted
    assert wanted
    found = await eva.call("Article.list", "uid", {"filters": {"/uid": [SHIRT, CLOTH]}})
    assert [each["uid"] for each in found] == [SHIRT, CLOTH]


async def test_a_buyer_who_is_no_company_is_an_individual(eva: Shopping) -> None:
    session = await eva.shop.session()
    for kind in ("individual", "business", "individual"):
        patch = {"customer": {"info": {"type": kind}}}
        made = await eva.call("Order.set", None, patch, {"customer": {"info": "type"}}, session=session)
        assert made == patch
    fresh = await eva.shop.session()
    made = await eva.call("Order.set", None, {}, {"customer": {"info": "type"}}, session=fresh)
    assert made == {"customer": {"info": {"type": "individual"}}}


async def test_items_may_have_something_to_download(eva: Shopping) -> None:
    uid, _, admin = await placed(eva)
    found = await eva.call("Order.list", {"uid": True, "items": "download"}, True, auth=admin)
    assert found == [{"uid": uid, "items": [{"download": None}]}]


async def test_what_discounts_take_off_an_item_names_them(eva: Shopping) -> None:
    admin, session = await eva.shop.administrator(), await eva.shop.session()
    code = {"code": "TEN", "name": {"en": "Ten percent"}, "type": "percent", "percent": 0.1}
    discount = (await eva.call("Discountcode.create", code, "uid", auth=admin))["uid"]
    uid = await cart(eva, session)
    assert await eva.call("Order.addDiscountCode", uid, "TEN", session=session) == {"uid": uid}
    query = {"items": {"discountInfo": ["discount", "name", "incVat"]}}
    item = (await eva.call("Order.get", uid, query, session=session))["items"][0]["discountInfo"]
    assert (item["discount"], item["name"]) == (discount, "Ten percent")
    assert await eva.call("Order.checkout", uid, session=session) == {"uid": uid}
    after = (await eva.call("Order.get", uid, query, session=session))["items"][0]["discountInfo"]
    assert after == item


async def test_options_that_define_a_variant_are_texts(eva: Shopping) -> None:
    variants = (await eva.call("Article.get", SHIRT, {"variants": ["uid", "definedBy"]}))["variants"]
    assert variants
    for variant in variants:
        assert all(isinstance(option, str) and option.isdigit() for option in variant["definedBy"].values())


async def test_variants_are_objects_of_their_own_to_administrators(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    of_shirt = (await eva.call("Article.get", SHIRT, {"variants": "uid"}))["variants"]
    query = ["uid", "article", "articleNumber", "stock", "image"]
    found = await eva.call("ArticleVariant.list", query, {"filters": {"/article": SHIRT}}, auth=admin)
    assert sorted(each["uid"] for each in found) == sorted(each["uid"] for each in of_shirt)
    assert await eva.call("ArticleVariant.count", {"/article": SHIRT}, auth=admin) == len(of_shirt)
    uid = found[0]["uid"]
    patch = {"stock": 7, "articleNumber": "shirt-own", "image": "https://example.com/shirt.png"}
    assert await eva.call("ArticleVariant.set", uid, patch, list(patch), auth=admin) == patch
    variants = (await eva.call("Article.get", SHIRT, {"variants": {"uid": True, "overrides": "stock"}}))[
        "variants"
    ]
    assert {each["uid"]: each["overrides"]["stock"] for each in variants}[uid] == 7
    assert (await eva.error("ArticleVariant.set", None, patch, auth=admin))["code"] == 9003
    assert (await eva.error("ArticleVariant.set", uid, {"stock": -1}, auth=admin))["code"] == 9001
    assert await eva.call("ArticleVariant.validate", uid, {"stock": 5}, auth=admin) == []
    for method in ("ArticleVariant.create", "ArticleVariant.delete"):
        assert (await eva.error(method, uid, auth=admin))["code"] == -32601
    assert (await eva.error("ArticleVariant.list", True))["code"] == 1006


async def test_discounts_are_objects_of_their_own_to_administrators(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    made = {"name": {"en": "Free shipping"}, "active": True, "type": "FreeDelivery"}
    uid = (await eva.call("Discount.create", made, auth=admin))["uid"]
    assert await eva.call("Discount.get", uid, ["name", "active", "type"], auth=admin) == made
    listed = await eva.call("Discount.list", ["uid", "name"], {"filters": {"/active": True}}, auth=admin)
    assert {"uid": uid, "name": made["name"]} in listed
    assert await eva.call("Discount.set", uid, {"active": False}, "active", auth=admin) == {"active": False}
    assert await eva.call("Discountcode.set", uid, {"code": "FREIGHT-OWN"}, "code", auth=admin) == {
        "code": "FREIGHT-OWN"
    }
    assert await eva.call("Discount.delete", uid, auth=admin) is None
    assert (await eva.error("Discount.get", uid, auth=admin))["code"] == 9003
    wrong = {**made, "type": "BuyXPayY"}
    assert (await eva.error("Discount.create", wrong, auth=admin))["code"] == 9001
    assert (await eva.error("Discount.list", True))["code"] == 1006


async def test_a_listener_is_made_for_the_token_that_is_named(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    tokens = [(await eva.call("AuthToken.create", {"name": name}, "uid", auth=admin))["uid"] for name in "ab"]
    patch = {"eventName": "Order/discarded", "url": "https://www.example.com"}
    first = await eva.call(
        "EventListener.create", {**patch, "authToken": tokens[0]}, ["uid", "status"], auth=tokens[0]
    )
    assert first["status"]["active"] is True
    again = await eva.error("EventListener.create", {**patch, "authToken": tokens[0]}, auth=admin)
    assert (again["code"], again["data"][0]["pointer"]) == (9001, "/eventName")
    assert "uid" in await eva.call("EventListener.create", {**patch, "authToken": tokens[1]}, auth=admin)
    for token in ("nonsense", tokens[1]):
        error = await eva.error("EventListener.create", {**patch, "authToken": token}, auth=tokens[0])
        assert (error["code"], error["data"][0]["pointer"]) == (9001, "/authToken")
    error = await eva.error("EventListener.set", first["uid"], {"authToken": tokens[1]}, auth=admin)
    assert error["code"] == 9001


async def test_the_address_of_an_object_is_looked_up_by_what_it_is(eva: Shopping) -> None:
    admin = await eva.shop.administrator()
    where = {"url": {"en": "/shirts/linen", "sv": "/skjortor/linne"}}
    await eva.call("Article.set", SHIRT, where, auth=admin)
    assert await eva.call("Url.lookup", "Article", SHIRT, "sv", None) == "/skjortor/linne"
    assert await eva.call("Url.lookup", "Article", str(SHIRT), "en") == "/shirts/linen"
    assert await eva.call("Url.lookup", "Article", SHIRT) == "/shirts/linen"
    assert await eva.call("Url.lookup", "Article", BANNER, "de", None) is None
    assert await eva.call("Url.lookup", "Article", 2**52, "sv", None) is None
    assert (await eva.error("Url.lookup", "Order", SHIRT, "sv", None))["code"] == -32602


@pytest.mark.parametrize(
    ("query", "name"),
    [("colour", "colour"), (["uid", "nom"], "nom"), ({"price": {"curent": True}}, "curent")],
)
async def test_a_query_that_names_no_property_is_told_which(eva: Shopping, query: Any, name: str) -> None:
    error = await eva.error("Article.get", SHIRT, query, language="en")
    assert error["code"] == 9004
    assert f"“{name}”" in error["data"][0]["message"]
