"""Every class that the door declares: read by everybody, written by administrators, over HTTP."""

from typing import Any

import pytest

from entrepot.doors.textalk.app import CLASSES, Textalk
from tests.doors.textalk.served import ADMIN_NAME, ADMIN_PASSWORD, Api
from tests.support import boutique

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTERNAL = {-32000, -32603}
READS = {"get", "list", "count", "getSchema", "tree", "search", "getLog", "lookup"}


@pytest.mark.parametrize("caller", ["visitor", "buyer", "admin"])
async def test_no_read_of_any_class_fails_inside(api: Api, caller: str) -> None:
    asking = {"visitor": api, "buyer": await api.buyer(), "admin": api.admin}[caller]
    reads = [name for name in Textalk(api.services).methods if name.partition(".")[2] in READS]
    for params in ([], [1], ["1", True], [True, {"limit": 1}], [None], [{}]):
        calls = [{"jsonrpc": "2.0", "id": name, "method": name, "params": params} for name in reads]
        for reply in (await asking.post(calls)).json():
            assert reply.get("error", {}).get("code") not in INTERNAL, (params, reply)


async def test_every_property_can_be_filtered_and_sorted_by_as_declared(api: Api) -> None:
    methods = Textalk(api.services).methods
    for decl in CLASSES.values():
        if f"{decl.name}.list" in methods and decl.name != "AuthToken":
            fields = {f"/{prop.name}": {"equals": None} for prop in decl.fields if prop.filterable}
            aliases = {prop.name: {"equals": True} for prop in decl.aliases}
            assert await api.admin(f"{decl.name}.count", fields | aliases) == 0
            for prop in decl.fields:
                if prop.sortable:
                    await api.admin(f"{decl.name}.list", "uid", {"sort": prop.name, "descending": True})


WRITABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Articlegroup": ({"name": {"en": "Hats"}}, {"name": {"sv": "Hattar"}, "hidden": True, "image": "h.png"}),
    "ArticleChoice": (
        {"type": "number", "name": {"en": "Length"}, "minimum": 0.5, "maximum": 3, "multipleOf": 0.5},
        {"mandatory": True, "maximum": None, "quantity": True},
    ),
    "ArticleChoiceOption": (
        {"articleChoice": boutique.SIZE, "name": {"en": "XL"}, "price": {"SEK": 12.5}},
        {"price": {"EUR": 1.25}, "position": 9},
    ),
    "Assortment": ({"name": {"en": "All"}}, {"articlegroups": [], "customergroups": None}),
    "Customergroup": ({"name": {"en": "Friends"}}, {"name": {"sv": "Vänner"}}),
    "DeliveryMethod": (
        {
            "name": {"en": "Courier"},
            "rates": [
                {
                    "name": "Home",
                    "countryVatRates": [{"country": "SE", "vatRate": 0.25}],
                    "weightIntervals": [{"weightMin": 0, "weightMax": 1000, "price": {"SEK": 99}}],
                }
            ],
        },
        {"active": False, "preferred": True, "freeDeliveryMinimumSpend": {"SEK": 500}},
    ),
    "PaymentMethod": (
        {"name": {"en": "Bill"}, "type": "custom", "fee": {"SEK": 29}},
        {
            "orderCostRange": {"mode": "interval", "intervals": {"SEK": {"min": 10, "max": None}}},
            "params": {"combineGiftcertificate": False},
            "active": False,
        },
    ),
    "Discountcode": (
        {"code": "SPRING", "type": "percent", "percent": 0.1},
        {"minimumSpend": {"SEK": 100}, "validUntil": "2030-01-01T00:00:00Z", "maxUses": 5},
    ),
    "Discount": ({"name": {"en": "Less"}, "type": "Percentage"}, {"active": False, "type": "FreeDelivery"}),
    "Giftcertificate": (
        {"code": "1234567890123", "originalValue": 250, "currency": "SEK"},
        {"cancelled": True, "to": "Bo", "to_email": "bo@example.com"},
    ),
    "EventListener": (
        {"eventName": "Order/placed", "url": "https://example.com/hook"},
        {"url": "https://example.com/other"},
    ),
    "AuthToken": ({"name": "One more"}, {"name": "Renamed", "active": False}),
    "Article": (
        {
            "name": {"en": "Vase"},
            "articleNumber": "VASE",
            "price": {"regular": {"SEK": 199.5}},
            "stock": {"useStock": True, "stock": 3},
            "vatRate": 0.25,
            "choices": [boutique.SIZE],
        },
        {
            "price": {"specialOffer": {"SEK": 150}},
            "hidden": True,
            "weight": 700,
            "choiceOptions": {str(boutique.SIZE): [boutique.S]},
            "articlegroup": None,
        },
    ),
}


@pytest.mark.parametrize("name", WRITABLE)
async def test_an_administrator_creates_changes_and_deletes(api: Api, name: str) -> None:
    created, changed = WRITABLE[name]
    admin = api.admin
    if name == "AuthToken":
        admin = api.as_(auth=await api.as_(webshop=None)("Admin.login", ADMIN_NAME, ADMIN_PASSWORD))
    assert await admin(f"{name}.validate", None, created) == []
    before = await admin(f"{name}.count")
    made = await admin(f"{name}.create", created, True if name != "AuthToken" else ["uid", "name"])
    assert await admin(f"{name}.count") == before + 1
    uid = made["uid"]
    if name == "AuthToken":
        assert await api.as_(auth=uid)("Article.count") > 0
        uid = (await admin("AuthToken.list", "uid", {"sort": "created", "descending": True}))[0]["uid"]
    _holds(made, created)
    after = await admin(f"{name}.set", uid, changed, True)
    _holds(after, changed)
    if name == "AuthToken":
        assert await api.as_(auth=made["uid"]).code("Article.count") == 1004
    assert await api.code(f"{name}.set", uid, changed) == 1006
    assert await admin.code(f"{name}.set", 999_999_999 if name != "AuthToken" else "9", changed) == 9003
    if f"{name}.delete" in Textalk(api.services).methods:
        assert await admin(f"{name}.delete", uid) is None
        if name != "AuthToken":
            assert await admin.code(f"{name}.get", uid) == 9003


def _holds(answer: dict[str, Any], patch: dict[str, Any]) -> None:
    """Whether the answer has what the patch says, at any depth; a null may stand for nothing."""
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(answer.get(key), dict):
            _holds(answer[key], value)
        else:
            assert answer.get(key) == value, (key, answer)
