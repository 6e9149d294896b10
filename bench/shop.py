"""A webshop to measure: a hundred articles with a choice each, one way of delivery and one of payment."""

from __future__ import annotations

from typing import Any

from bench.world import STOCK
from entrepot.gateways.cards.bank.seed import AccountSeed, BankSeed, CardSeed

SHOP, NUMBER = "shop", 88888
"""The workspace, and the number by which callers name its webshop."""
ARTICLES = 100
DELIVERY, PAYMENT, CARD = 501, 601, 602
CARDS = 1_000
_FIRST, _SIZE, _OPTIONS = 1_001, 301, (311, 312, 313)

DEEP = {
    "uid": True,
    "articleNumber": True,
    "name": True,
    "price": True,
    "stock": True,
    "choices": {"uid": True, "name": True, "options": {"uid": True, "name": True, "price": True}},
}
"""What a list of articles is asked for: three levels."""

ROWS = f"""
select p.id, p.name, p.data -> 'article' -> 'name', v.sku, v.tracked, r.currency, r.amount,
  (select sum(available) from stock s where s.workspace = $1 and s.variant = v.id),
  c.id, c.name, o.id, o.name, o.prices
from (select * from products where workspace = $1 order by id limit {ARTICLES}) p
join variants v on v.workspace = $1 and v.product = p.id
join prices r on r.workspace = $1 and r.variant = v.id
left join product_choices l on l.workspace = $1 and l.product = p.id
left join article_choices c on c.workspace = $1 and c.id = l.choice
left join article_choice_options o on o.workspace = $1 and o.choice = c.id
order by p.id, o.id
"""
"""The same rows by one bare statement: what the list cannot do without."""


def article(number: int) -> int:
    """The uid of an article, by its number from 0."""
    return _FIRST + number


def card(number: int) -> str:
    """A card of the simulated bank, by its number from 0. Tokens of it, which serve one order each, go on with `_`."""
    return f"shop-card-{number}"


def bank() -> BankSeed:
    """The shop's shoppers, each with a card and money without end."""
    holders = [f"shopper-{number}" for number in range(CARDS)]
    cards = (
        CardSeed(card(number), holder, reusable=True, family=True) for number, holder in enumerate(holders)
    )
    return BankSeed(tuple(AccountSeed(holder, "SEK", 10**12) for holder in holders), tuple(cards))


def workspace(number: int = NUMBER, articles: int = ARTICLES) -> dict[str, Any]:
    """The world of a shop, by the number by which callers name it."""
    zone = {"countries": {"SE": "25%"}, "prices": {"100000": {"SEK": "49.00"}}}
    return {
        "locations": {"main": {"name": "Warehouse"}},
        "choices": {"size": _choice()},
        "products": {f"article-{each}": _product(each) for each in range(articles)},
        "channels": {
            "shop": {
                "door": "textalk",
                "settings": {
                    "currency": "SEK",
                    "shop": {"language": "en"},
                    "door": {"uid": number, "name": {"en": "The Shop"}, "languages": ["en"]},
                },
            }
        },
        "webshops": {
            "shop": {
                "languages": {"en": "SEK"},
                "delivery": {"post": {"id": DELIVERY, "name": {"en": "Post"}, "zones": [zone]}},
                "payment": {
                    "invoice": {"id": PAYMENT, "name": {"en": "Invoice"}},
                    "card": {"id": CARD, "name": {"en": "Card"}, "provider": "card"},
                },
            }
        },
    }


def _choice() -> dict[str, Any]:
    options = {f"size-{uid}": {"id": uid, "name": {"en": f"Size {uid}"}} for uid in _OPTIONS}
    return {"id": _SIZE, "kind": "enum", "name": {"en": "Size"}, "options": options}


def _product(number: int) -> dict[str, Any]:
    return {
        "id": article(number),
        "name": f"Article {number}",
        "vat": "25%",
        "prices": {"SEK": "250.00"},
        "stock": {"main": STOCK},
        "choices": ["size"],
        "data": {"article": {"name": {"en": f"Article {number}"}}},
    }
