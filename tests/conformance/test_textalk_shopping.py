"""What cannot be put into a cart or taken out of it (Textalk, 2001 and 2090), each by a state in which that is so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.harness import Prove, Reply
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.harness.world import Edits
from tests.conformance.textalk import refusal
from tests.support.buyer import (
    BANNER,
    CLOTH,
    HAT,
    LARGE,
    LENGTH,
    SAMPLE,
    SHIRT,
    SIZE,
    SMALL,
    WORDS,
)

NOT_SOLD = "The article is not for sale."
SOLD_OUT = "The article is out of stock.", "sold-out"
NO_RANGE = "Choice 302 takes a number from 0.5 to 10 in steps of 0.5.", "chosen-number-invalid"
NO_CHOICE = "The article has no such choice or option.", "choice-unknown"


async def is_item(reply: Reply) -> None:
    """The reply names an item that is in the cart now."""
    assert reply.json["result"].keys() == {"uid"}


@pytest.mark.parametrize(
    ("article", "edits", "mend", "language", "sentence", "page"),
    [
        (HAT, {}, {"products/sold-out/stock/main": 1}, "en", *SOLD_OUT),
        (HAT, {}, {"products/sold-out/stock/main": 1}, "sv", "Artikeln är slut i lager.", "sold-out"),
        (SAMPLE, {}, {"products/hidden/hidden": False}, "en", NOT_SOLD, "product-unavailable"),
        (
            CLOTH,
            {"products/cloth/draft": True},
            {"products/cloth/draft": False},
            "sv",
            "Artikeln är inte till salu.",
            "product-unavailable",
        ),
        (
            CLOTH,
            {"products/cloth/display_only": True},
            {"products/cloth/display_only": False},
            "en",
            NOT_SOLD,
            "product-unavailable",
        ),
        (
            CLOTH,
            {"products/cloth/prices": {"EUR": "12.00"}},
            {"products/cloth/prices/SEK": "119.00"},
            "en",
            NOT_SOLD,
            "price-invalid",
        ),
    ],
)
@pytest.mark.row("textalk.2001")
async def test_what_is_not_for_sale_cannot_be_added(
    prove: Prove,
    open_buyer: OpenBuyer,
    article: int,
    edits: Edits,
    mend: Edits,
    language: str,
    sentence: str,
    page: str,
) -> None:
    buyer = await open_buyer(edits)
    await prove(
        buyer.call("Order.addArticle", None, article, language=language),
        refusal(2001, "Not buyable", sentence, page=page),
        mend=lambda: buyer.shop.change(mend),
        effect=is_item,
    )


@pytest.mark.parametrize(
    ("article", "choices", "allowed", "language", "sentence", "page"),
    [
        (
            SHIRT, {}, {SIZE: SMALL}, "en",
            "A choice that the article demands was not made.", "choice-missing",
        ),
        (SHIRT, {}, {SIZE: SMALL}, "sv", "Ett val som artikeln kräver saknas.", "choice-missing"),
        (SHIRT, {SIZE: "399"}, {SIZE: SMALL}, "en", *NO_CHOICE),
        (SHIRT, {SIZE: SMALL, WORDS: "Eva"}, {SIZE: SMALL}, "en", *NO_CHOICE),
        (BANNER, {LENGTH: 10.5}, {LENGTH: 10}, "en", *NO_RANGE),
        (
            BANNER, {LENGTH: 0}, {LENGTH: 0.5}, "sv",
            "Val 302 tar ett tal från 0.5 till 10 i steg om 0.5.", "chosen-number-invalid",
        ),
        (BANNER, {LENGTH: 0.7}, {LENGTH: 1.5}, "en", *NO_RANGE),
        (BANNER, {LENGTH: "long"}, {LENGTH: "2"}, "en", *NO_RANGE),
        (
            BANNER, {LENGTH: 1, WORDS: "x" * 41}, {LENGTH: 1, WORDS: "x" * 40}, "en",
            "Choice 303 takes a text of at most 40 characters.", "chosen-text-too-long",
        ),
        (
            CLOTH, {"quantity": 0.3}, {"quantity": 0.25}, "en",
            "The article is not sold in this quantity.", "quantity-not-sold",
        ),
        (
            SHIRT, {SIZE: LARGE, "quantity": 2}, {SIZE: LARGE}, "sv",
            "Så många av artikeln finns inte i lager.", "not-enough-stock",
        ),
    ],
)  # fmt: skip
@pytest.mark.row("textalk.2001")
async def test_what_is_chosen_wrongly_cannot_be_added(
    prove: Prove,
    open_buyer: OpenBuyer,
    article: int,
    choices: dict[str, Any],
    allowed: dict[str, Any],
    language: str,
    sentence: str,
    page: str,
) -> None:
    buyer = await open_buyer()
    await prove(
        buyer.call("Order.addArticle", None, article, choices, language=language),
        refusal(2001, "Not buyable", sentence, page=page),
        mend=buyer.call("Order.addArticle", None, article, allowed, language=language),
        effect=is_item,
    )


@pytest.mark.row("textalk.2001")
async def test_a_combination_that_is_not_made_cannot_be_added(prove: Prove, open_buyer: OpenBuyer) -> None:
    medium = {"id": 313, "name": {"en": "Medium"}}
    buyer = await open_buyer({"choices/size/options/medium": medium})
    made = {"weight": 270, "stock": {"main": 3}, "chosen_by": {SIZE: 313}}
    sentence = "The article does not exist in this combination of choices."
    await prove(
        buyer.call("Order.addArticle", None, SHIRT, {SIZE: "313"}),
        refusal(2001, "Not buyable", sentence, page="combination-unavailable"),
        mend=lambda: buyer.shop.change({"products/shirt/variants/medium": {"id": 113, **made}}),
        effect=is_item,
    )


@pytest.mark.row("textalk.2001")
async def test_an_item_cannot_become_more_than_there_is(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    item = (await buyer("Order.addArticle", None, SHIRT, {SIZE: SMALL, "quantity": 19}))["uid"]
    sentence = "There are not so many of the article in stock."

    async def is_twenty(reply: Reply) -> None:
        assert reply.json["result"] == {"choices": {SIZE: "311", "quantity": 20}}

    await prove(
        buyer.call("OrderItem.set", item, {"choices": {"quantity": 21}}, "choices"),
        refusal(2001, "Not buyable", sentence, page="not-enough-stock"),
        mend=buyer.call("OrderItem.set", item, {"choices": {"quantity": 20}}, "choices"),
        effect=is_twenty,
    )


@pytest.mark.row("textalk.2090", case="adding")
async def test_nothing_is_added_to_a_placed_order(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    placed = await buyer.ready()
    await buyer("Order.checkout", placed)
    await prove(
        buyer.call("Order.addArticle", placed, SHIRT, {SIZE: SMALL}),
        refusal(2090, "Order is locked", page="order-locked"),
        mend=buyer.call("Order.addArticle", None, SHIRT, {SIZE: SMALL}),
        effect=is_item,
    )


@pytest.mark.row("textalk.2090", case="removing")
async def test_nothing_is_removed_from_a_placed_order(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    placed = await buyer.ready()
    [item] = (await buyer("Order.get", placed, "items"))["items"]
    await buyer("Order.checkout", placed)
    cart = await buyer.cart()
    [other] = (await buyer("Order.get", cart, "items"))["items"]

    async def is_gone(reply: Reply) -> None:
        assert reply.json["result"] is None
        assert await buyer("Order.get", cart, "items") == {"items": []}

    await prove(
        buyer.call("OrderItem.delete", item),
        refusal(2090, "Order is locked", page="order-locked"),
        mend=buyer.call("OrderItem.delete", other),
        effect=is_gone,
    )
