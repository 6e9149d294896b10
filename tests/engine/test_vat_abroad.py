"""VAT by the buyer's country, set up by a world file and told by Webshop; what an article says of its price."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.worlds import load_world
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.harness.world import Edits
from tests.conformance.textalk_buying import SHIRT, SIZE, SMALL, ask
from tests.support.webshop import Webshop

ABROAD: Edits = {
    "webshops/shop/vat": {"FI": {"25%": "25.5%"}, "DE": {}},
    "webshops/shop/exports_without_vat": True,
}
SUMS = {"totalcost": {"incVat": True, "exVat": True, "vat": True}}


async def shirt_in(textalk: Client, shop: Webshop, country: str) -> tuple[float, float, float]:
    session = await shop.session()
    choices = {str(SIZE): str(SMALL), "quantity": 1}
    item = await ask(
        textalk, shop, "Order.addArticle", None, SHIRT, choices, {"order": True}, session=session
    )
    asked = {"vatCountry": country}
    order = await ask(textalk, shop, "Order.set", item["order"], asked, SUMS, session=session)
    inc, ex, vat = (float(order["totalcost"][name]) for name in ("incVat", "exVat", "vat"))
    return inc, ex, vat


@pytest.mark.parametrize(
    ("country", "sums"),
    [
        ("SE", (349, 279.2, 69.8)),  # 25 % at home: the stored figure stands
        ("FI", (350.4, 279.2, 71.2)),  # 25.5 % of 279.20, half up
        ("DE", (349, 279.2, 69.8)),  # named without rates of its own: as at home
        ("NO", (279.2, 279.2, 0)),  # not named: exported without VAT
        ("US", (279.2, 279.2, 0)),
    ],
)
async def test_each_country_pays_its_own_vat(
    textalk: Client, open_webshop: OpenWebshop, country: str, sums: tuple[float, float, float]
) -> None:
    shop = await open_webshop(ABROAD)
    assert await shirt_in(textalk, shop, country) == pytest.approx(sums)


async def test_without_a_set_up_everybody_pays_the_vat_at_home(
    textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop()
    assert await shirt_in(textalk, shop, "NO") == await shirt_in(textalk, shop, "SE")


async def test_the_fee_of_a_payment_is_taxed_where_the_goods_are(
    textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop(ABROAD)
    session = await shop.session()
    choices = {str(SIZE): str(SMALL), "quantity": 1}
    item = await ask(
        textalk, shop, "Order.addArticle", None, SHIRT, choices, {"order": True}, session=session
    )
    order = item["order"]
    await ask(textalk, shop, "Order.set", order, {"vatCountry": "NO"}, session=session)
    planned = {"order": order, "method": 601, "status": "planned"}
    await ask(textalk, shop, "Payment.set", None, planned, session=session)
    told = await ask(textalk, shop, "Order.get", order, {"costs": {"payment": True}}, session=session)
    fee = told["costs"]["payment"]
    assert (float(fee["incVat"]), float(fee["exVat"]), float(fee["vat"])) == pytest.approx((23.2, 23.2, 0))


async def test_the_shop_tells_its_vat_abroad(textalk: Client, open_webshop: OpenWebshop) -> None:
    query = {"vatCountry": True, "vatRates": True, "exportsWithoutVat": True}
    shop = await open_webshop(ABROAD)
    told: Any = await ask(textalk, shop, "Webshop.get", shop.uids["shop"], query)
    assert told["vatCountry"] == "SE"
    assert told["exportsWithoutVat"] is True
    assert [(float(rate["home"]), float(rate["vatRate"])) for rate in told["vatRates"]["FI"]] == [
        (0.25, 0.255)
    ]
    assert told["vatRates"]["DE"] == []
    plain = await open_webshop()
    assert await ask(textalk, plain, "Webshop.get", plain.uids["shop"], query) == {
        "vatCountry": "SE",
        "vatRates": {},
        "exportsWithoutVat": False,
    }


@pytest.mark.parametrize("included", [True, False])
async def test_an_article_says_of_its_price_what_is_true_of_it(
    textalk: Client, open_webshop: OpenWebshop, included: bool
) -> None:
    """The shop says whether stored prices hold VAT; an article tells so, and cannot say otherwise."""
    shop = await open_webshop({"channels/shop/settings/shop/prices_include_vat": included})
    auth = await shop.administrator()
    told = await ask(textalk, shop, "Article.get", SHIRT, "vatIsIncluded", auth=auth)
    assert told == {"vatIsIncluded": included}
    others = {"filters": {"/vatIsIncluded": not included}}
    assert await ask(textalk, shop, "Article.list", "uid", others, auth=auth) == []
    reply = await textalk.send(shop.call("Article.set", SHIRT, {"vatIsIncluded": not included}, auth=auth))
    assert reply.json["error"]["data"] == [
        {"message": "This property cannot be set.", "pointer": "/vatIsIncluded"}
    ]


@pytest.mark.parametrize(
    ("vat", "pointer"),
    [
        ("ZZ = {}", "vat/ZZ"),
        ("SE = {}", "vat/SE"),
        ("FI = { '25%' = '25.5%', '25.0%' = '10%' }", "vat/FI/25.0%"),
    ],
)
def test_vat_that_means_nothing_is_refused_with_its_place(vat: str, pointer: str) -> None:
    text = f"""
    sandbox = true
    [workspaces.n.channels.s]
    door = "textalk"
    settings.door.uid = 1
    [workspaces.n.webshops.s]
    languages = {{ sv = "SEK" }}
    [workspaces.n.webshops.s.vat]
    {vat}
    """
    found = load_world(text)
    assert isinstance(found, list)
    assert [fault.pointer for fault in found] == [f"/workspaces/n/webshops/s/{pointer}"]
