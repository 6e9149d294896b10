"""One object of every class of a webshop, made through the door, so that others can look for it in vain."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from tests.conformance.harness.client import Client
from tests.support.webshop import PASSWORD, Webshop

Uids = Mapping[str, Any]
Call = tuple[str, Sequence[Any]]
ANSWERS = ("result", "error")
SHARED = frozenset({"Article", "ArticleVariant", "ArticleChoice", "ArticleChoiceOption", "Articlegroup"})
"""Classes whose objects are the workspace's, in every shop of it."""

_NEXT = "update counters set next = next + $2 where workspace = $1"
_URL = """
insert into urls (workspace, channel, path, kind, target, language, moved_to)
values ($1, $2, $3, 'Article', 1, 'en', null)
"""
_VARIANT = """
insert into variants
  (workspace, id, product, sku, name, scale, tracked, weight, position, data, divisible_by, available, chosen_by,
  created_at, changed_at)
values ($1, $2::bigint, $3, $2::bigint::text, '', 0, true, 1, 1, '{}', 1, true,
  jsonb_build_object($4::text, $5::bigint), '2026-01-01Z', '2026-01-01Z')
"""
_LANGUAGE = """
insert into languages (workspace, channel, code, active, position, default_currency)
values ($1, $2, $3, true, 9, 'SEK')
"""
_LANGUAGES = cycle(f"q{letter}" for letter in "abcdefghij")


@dataclass
class Caller:
    """Somebody who calls a shop's methods, in that context."""

    client: Client
    webshop: Webshop
    shop: str = "shop"
    context: Mapping[str, str] = field(default_factory=dict[str, str])

    async def reply(self, method: str, *params: Any) -> dict[str, Any]:
        """What the call is answered with, its id left out."""
        request = self.webshop.call(method, *params, shop=self.shop, **self.context)
        body = (await self.client.send(request)).json
        return {name: body[name] for name in ANSWERS if name in body}

    async def replies(self, calls: Sequence[Call]) -> list[dict[str, Any]]:
        """What calls are answered with, sent in batches."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(calls), 100):
            requests = [
                self.webshop.call(method, *params, shop=self.shop, **self.context)
                for method, params in calls[start : start + 100]
            ]
            body = (await self.client.send(requests[0].with_body([each.body for each in requests]))).json
            found += [{name: value for name, value in reply.items() if name in ANSWERS} for reply in body]
        return found

    async def __call__(self, method: str, *params: Any) -> Any:
        """The result of a call that succeeds."""
        reply = await self.reply(method, *params)
        assert "result" in reply, (method, params, reply)
        return reply["result"]

    async def code(self, method: str, *params: Any) -> int | None:
        """The error code of a call, None for a success."""
        return (await self.reply(method, *params)).get("error", {}).get("code")


def patches(uids: Uids) -> dict[str, dict[str, Any]]:
    """What an object of each class that can be made is made of, after those before it are there."""
    name = {"en": "Thing"}
    price = {"regular": {"SEK": 100}}
    rates = [{"countryVatRates": [{"country": "SE", "vatRate": 0.25}], "weightIntervals": [
        {"weightMin": 0, "weightMax": 1_000_000, "price": {"SEK": 10}}]}]  # fmt: skip
    stock = {"stock": {"useStock": True, "stock": 50}, "weight": 1, "vatRate": 0.25}
    return {
        "Articlegroup": {"name": name},
        "ArticleChoice": {"name": name, "type": "enum"},
        "ArticleChoiceOption": {"name": name, "articleChoice": uids.get("ArticleChoice")},
        "Article": {"name": name, "price": price, "articleNumber": secrets.token_hex(8), **stock},
        "Customergroup": {"name": name},
        "Customer": {"info": {"email": f"{secrets.token_hex(8)}@example.com"}, "password": PASSWORD},
        "Assortment": {"name": name},
        "DeliveryMethod": {"name": name, "rates": rates},
        "PaymentMethod": {"name": name, "params": {"provider": "manual"}},
        "Discountcode": {"code": secrets.token_hex(8), "percent": 0.1},
        "Discount": {"name": name, "type": "Percentage"},
        "Giftcertificate": {"code": secrets.token_hex(8), "originalValue": 10, "currency": "SEK"},
        "EventListener": {"eventName": "Order/discarded", "url": "https://listener.example/"},
    }


BUYER = {
    "address": {"firstName": "Eva", "address": "Gatan 1", "postcode": "11122", "town": "Lund", "country": "SE"},
    "info": {"email": "eva.private@example.com"},
}  # fmt: skip


async def furnish(
    client: Client, webshop: Webshop, shop: str = "shop", *, known: bool = False
) -> tuple[Uids, str]:
    """The uids of one object of every class, of a cart and a placed order, and the token of their buyer's session.

    Their numbers are far from those that other workspaces give. `Cart` and `CartItem`, `CartPayment` are of the cart.
    Of somebody `known` the buyer is the customer, who has logged in.
    """
    workspace, channel = await webshop.id(), await webshop.channel(shop)
    await webshop.connection.execute(_NEXT, workspace, secrets.randbelow(10**9) + 10**9)
    admin = Caller(client, webshop, shop, {"auth": await webshop.administrator(shop)})
    uids: dict[str, Any] = {"Webshop": webshop.uids[shop]}
    for name in patches(uids):
        uids[name] = (await admin(f"{name}.create", patches(uids)[name]))["uid"]
    await admin("AuthToken.create", {"name": "Integration"})
    uids["AuthToken"] = (await admin("AuthToken.list", "uid", {"sort": "created", "descending": True}))[0][
        "uid"
    ]
    path, language = f"/{secrets.token_hex(8)}", next(_LANGUAGES)
    await webshop.connection.execute(_URL, workspace, channel, path)
    await webshop.connection.execute(_LANGUAGE, workspace, channel, language)
    variant = secrets.randbelow(10**9) + 10**10
    chosen = (str(uids["ArticleChoice"]), uids["ArticleChoiceOption"])
    await webshop.connection.execute(_VARIANT, workspace, variant, uids["Article"], *chosen)
    uids |= {"Url": path, "Language": language, "ArticleVariant": variant}
    token = await webshop.session(shop)
    buyer = Caller(client, webshop, shop, {"session": token})
    if known:
        email = (await admin("Customer.get", uids["Customer"], "info"))["info"]["email"]
        await buyer("Customer.login", email, PASSWORD)
    return {**uids, **await _bought(buyer, uids)}, token


def nobodys(uids: Uids) -> Uids:
    """Uids of the same classes that no object has."""
    return {
        name: f"/{secrets.token_hex(8)}" if name == "Url"
        else "zz" if name == "Language"
        else str(secrets.randbelow(2**40) + 2**50) if isinstance(uid, str)
        else secrets.randbelow(2**40) * 1000 + 2**52
        for name, uid in uids.items()
    }  # fmt: skip


async def _bought(buyer: Caller, uids: Uids) -> Uids:
    """An order that is placed, and the cart after it, each with its item and payment."""
    first, second = await _filled(buyer, uids), {}
    await buyer("Order.checkout", first["Order"])
    query = {"items": True, "payments": True, "suborders": True}
    placed = await buyer("Order.get", first["Order"], query)
    first |= {
        "OrderItem": placed["items"][0],
        "Payment": placed["payments"][0],
        "Suborder": placed["suborders"][0],
    }
    second = await _filled(buyer, uids)
    session = (await buyer("Session.get", "uid"))["uid"]
    return {
        **first,
        "Session": session,
        **{f"Cart{name.removeprefix('Order')}": uid for name, uid in second.items()},
    }


async def _filled(buyer: Caller, uids: Uids) -> dict[str, Any]:
    item = await buyer("Order.addArticle", None, uids["Article"], {"quantity": 2}, ["uid", "order"])
    wishes = {"customer": BUYER, "delivery": {"method": uids["DeliveryMethod"]}}
    await buyer("Order.set", item["order"], wishes)
    payment = await buyer("Payment.set", None, {"order": item["order"], "method": uids["PaymentMethod"]})
    return {"Order": item["order"], "OrderItem": item["uid"], "Payment": payment["uid"]}


def arguments(method: str, uid: Any, uids: Uids) -> list[Any]:
    """Parameters that let a method do as little as it can."""
    name, _, operation = method.partition(".")
    special: Mapping[str, list[Any]] = {
        "Admin.login": ["nobody", PASSWORD],
        "Article.search": ["thing"],
        "Assortment.getArticleUids": [uids["Articlegroup"]],
        "Context.set": [{"language": "en"}],
        "Customer.login": ["nobody@example.com", PASSWORD],
        "Customer.signup": [{}],
        "Customer.confirmSignup": ["0" * 32],
        "Customer.requestPasswordReset": ["nobody@example.com"],
        "Customer.resetPassword": ["0" * 32, PASSWORD],
        "Order.addArticle": [uid, uids["Article"]],
        "Order.addDiscountCode": [uid, "NONE"],
        "Order.removeDiscountCode": [uid, "NONE"],
        "Order.lookupAddress": [uid, {"identity": "1"}],
        "Order.set": [uid, {"note": "x"}],
        "OrderItem.getFile": [uid, uids["ArticleChoice"]],
        "OrderItem.set": [uid, {"choices": {"quantity": 3}}],
        "Session.set": [{}],
        "Session.get": [],
        "Session.delete": [],
        "Session.setCustomer": [uids["Customer"]],
        "Url.lookup": ["Article", uids["Article"]],
    }
    if method in special:
        return special[method]
    if operation == "create":
        return [{**patches(uids).get(name, {"name": "Integration"}), **_ANOTHER.get(name, {})}]
    if operation in {"set", "validate", "normalize"}:
        return [uid, {}]
    return [uid] if operation in _NAMING else []


_ANOTHER: Mapping[str, Mapping[str, Any]] = {"EventListener": {"eventName": "Order/paid"}}
_NAMING = frozenset({"get", "delete", "checkout", "discard", "capture", "cancel", "refund", "getLog", "tree"})
