"""What is sold in a run: one workspace whose stock all five doors share, and a shop of many articles beside it."""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.channels.storefronts import storefront_uuid
from entrepot.domain.kernel.ids import cuid

WORKSPACE: Final = "house"
PLENTY, SCARCE = 6, 10
"""So many SKUs that never run out, and so many that do: all doors fight for their last units."""
MUCH, LITTLE = 10_000_000, 40
SHOP, DELIVERY, INVOICE = 4_242, 501, 601
"""The webshop's number, its way of delivery and its way of payment."""
BONSAI_KEY = "house-bonsai"
DATAMINGLE_KEY = f"sk_live_{'house'.ljust(40, '0')}"
WALMART_ID, REBOUND_ID, SECRET = "house-walmart", "house-rebound", "house-secret"
TOKENS = "tok"
"""A family of cards: `tok_1`, `tok_2` and so on all draw on one account."""
FUNDS = 10**13
"""What the cardholder has at the beginning, in cents."""
STOREFRONT = str(storefront_uuid(WORKSPACE, "front"))
NEIGHBOUR, NEIGHBOURS_SHOP, ARTICLES = "neighbour", 5_151, 3_000
"""The workspace that is asked for long lists, its webshop, and how many articles it has."""


def sku(number: int) -> str:
    """The SKU of this number, from 0; those that run out come last."""
    return f"sku-{number}"


def public_id(number: int) -> str:
    """How callers of the Bonsai door name it."""
    return cuid(product_uuid(WORKSPACE, sku(number)))


def article(number: int) -> int:
    """How callers of the webshop name it."""
    return 1_001 + number


def stock(number: int) -> int:
    """How many units there are at the beginning."""
    return MUCH if number < PLENTY else LITTLE


def house() -> dict[str, Any]:
    """The world of the callers who keep books."""
    workspace = {
        "locations": {"main": {"name": "Warehouse"}},
        "merchants": {"maker": {"name": "Maker", "country": "CA", "shipping": {"CA": {"USD": "5.00"}}}},
        "products": {sku(number): _product(number) for number in range(PLENTY + SCARCE)},
        "taxes": {"companies": ["DEFAULT"], "rates": {"CA-ON": {"rate": "13%", "shipping_taxed": True}}},
        "channels": {
            "bonsai": {"door": "bonsai", "keys": {"live": BONSAI_KEY}},
            "walmart": {"door": "walmart", "keys": {"client": f"{WALMART_ID}:{SECRET}"}},
            "rebound": _retailer(),
            "datamingle": _partner(),
            "shop": _shop(SHOP, "SEK"),
        },
        "storefronts": {"front": {"channel": "walmart", "name": "Front"}},
        "webshops": {"shop": _webshop()},
        "bank": {
            "accounts": {"ann": {"USD": f"{FUNDS // 100}.00"}},
            "cards": {TOKENS: {"account": "ann", "family": True}},
        },
        "hub": {"clients": {"house": 10**9}},
    }
    return {"sandbox": True, "workspaces": {WORKSPACE: workspace}}


def neighbour() -> dict[str, Any]:
    """A shop of many articles, whose visitors ask for all of them; it stands in every release that has webshops."""
    products = {f"article-{number}": _listed(number) for number in range(ARTICLES)}
    workspace = {
        "locations": {"main": {"name": "Warehouse"}},
        "products": products,
        "channels": {"shop": _shop(NEIGHBOURS_SHOP, "SEK")},
    }
    return {"sandbox": True, "workspaces": {NEIGHBOUR: workspace}}


def calm() -> dict[str, Any]:
    """The world of the calm client, in the words that every release since the first webshop knows."""
    whole = house()["workspaces"][WORKSPACE]
    kept = ("locations", "merchants", "products", "taxes", "bank", "webshops")
    doors = ("bonsai", "shop")
    channels = {name: whole["channels"][name] for name in doors}
    workspace = {**{name: whole[name] for name in kept}, "channels": channels}
    return {"sandbox": True, "workspaces": {WORKSPACE: workspace}}


def _product(number: int) -> dict[str, Any]:
    return {
        "id": article(number),
        "name": f"Product {number}",
        "merchant": "maker",
        "vat": "25%",
        "prices": {"USD": "25.00", "SEK": "250.00"},
        "stock": {"main": stock(number)},
    }


def _listed(number: int) -> dict[str, Any]:
    return {
        "id": 10_001 + number,
        "name": f"Article {number}",
        "vat": "25%",
        "prices": {"SEK": "99.00"},
        "stock": {"main": 5},
    }


def _retailer() -> dict[str, Any]:
    settings = {
        "stock": "record",
        "currency": "CAD",
        "labels": {"gateway": "simulated"},
        "hub": {"gateway": "simulated", "client": "house"},
        "door": {
            "flows": {"": {"parcel_types": {"CA": ["STANDARD"]}, "parcel_type": "STANDARD", "label": True}}
        },
    }
    return {"door": "rebound", "keys": {"client": f"{REBOUND_ID}:{SECRET}"}, "settings": settings}


def _partner() -> dict[str, Any]:
    # The door owes what is missing, so its callers order only what never runs out.
    settings = {"stock": "backorder", "door": {"partner": {"default_identifier_field": "order_number"}}}
    return {"door": "datamingle", "keys": {"main": DATAMINGLE_KEY}, "settings": settings}


def _shop(number: int, currency: str) -> dict[str, Any]:
    door = {"uid": number, "name": {"en": "The Shop"}, "languages": ["en"]}
    return {"door": "textalk", "settings": {"currency": currency, "shop": {"language": "en"}, "door": door}}


def _webshop() -> dict[str, Any]:
    zone = {"countries": {"SE": "25%"}, "prices": {"100000": {"SEK": "49.00"}}}
    return {
        "languages": {"en": "SEK"},
        "delivery": {"post": {"id": DELIVERY, "name": {"en": "Post"}, "zones": [zone]}},
        "payment": {"invoice": {"id": INVOICE, "name": {"en": "Invoice"}}},
    }
