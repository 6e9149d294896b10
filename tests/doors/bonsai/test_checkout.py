"""Checkout over a real socket: totals by hand, each of its own codes, and what it leaves untouched."""

from random import Random
from typing import Any

import msgspec
import pytest

from tests.doors.bonsai.shop import ONTARIO, US, Shop, line, public_id, submission
from tests.support.stripe_server import StripeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZEROS = {"subtotal": 0, "tax": 0, "duties": 0, "shipping": [], "shipping_total": 0, "total": 0}


def asked(*lines: dict[str, Any], to: dict[str, Any] | None = US, **more: Any) -> dict[str, Any]:
    address = {} if to is None else {"shipping_address": to}
    return {"products": list(lines), **address, **more}


async def checkout(shop: Shop, *lines: dict[str, Any], key: str = "own-live", **more: Any) -> dict[str, Any]:
    reply = await shop.call("POST", "/orders/checkout", key, json=asked(*lines, **more))
    assert reply.status_code == 200, reply.text
    return reply.json()


def said(body: dict[str, Any]) -> list[tuple[str, int, str, Any]]:
    """The errors without their ids."""
    return [(entry["code"], entry["status"], entry["title"], entry["detail"]) for entry in body["errors"]]


def sums(body: dict[str, Any]) -> list[float]:
    names = ("subtotal", "shipping_total", "tax", "duties", "total")
    return [body["data"][name] for name in names]


def names(sent: dict[str, Any]) -> dict[str, str]:
    return {"publicId": sent["public_id"], "variantId": sent["variant_id"]}


async def test_totals(shop: Shop) -> None:
    mugs, shirt = line("mug", 101, 3), line("shirt", 201)
    body = await checkout(shop, mugs, shirt)
    # Goods from Canada for 75 exceed the threshold of 50: 20 % duty. Tax is 10 % of the goods alone.
    assert body == {
        "data": {
            "subtotal": 130,
            "tax": 13,
            "duties": 15,
            "shipping": [
                {"amount": 9, "label": "Standard Flat Rate Shipping", "code": "0", "merchant_name": "Maple"}
                | {"products": [mugs]},
                {"amount": 4, "label": "Standard Flat Rate Shipping", "code": "0", "merchant_name": "Birch"}
                | {"products": [shirt]},
            ],
            "shipping_total": 13,
            "total": 171,
            "line_items": [
                {**mugs, "inventory": 3, "price": 25, "name": "Mug"},
                {**shirt, "inventory": 1, "price": 55, "name": "Shirt"},
            ],
            "currency": "USD",
        }
    }


async def test_shipping_is_taxed_and_free_where_the_rates_say_so(shop: Shop) -> None:
    assert sums(await checkout(shop, line("mug", 101), to=ONTARIO)) == [25, 5, 3.9, 0, 33.9]
    assert sums(await checkout(shop, line("mug", 101, 4), to=ONTARIO)) == [100, 0, 13, 0, 113]
    assert sums(await checkout(shop, line("print", 107))) == [7, 0, 0.7, 0, 7.7]


async def test_the_total_is_what_the_order_costs(shop: Shop) -> None:
    lines = (line("mug", 101, 3), line("shirt", 201), line("bowl", 102))
    body, placed = await checkout(shop, *lines), await shop.order(*lines)
    assert placed["total_price"] == body["data"]["total"]
    assert placed["total_tax"] == body["data"]["tax"]
    assert placed["total_duties"] == body["data"]["duties"]


BASKETS = 60
GOOD = (("mug", 101), ("bowl", 102), ("print", 107), ("shirt", 201))
VARIANTS = (
    *GOOD * 5,
    *(("lamp", 103), ("gone", 104), ("free", 105), ("telex", 106)),
    *(("shirt", 202), ("shirt", 203), ("shirt", 999), ("none", 101)),
)
PLACES = (*[US] * 8, ONTARIO, US | {"province": "ZZ"}, US | {"country": "SE", "province": None})


async def test_a_basket_is_ordered_exactly_where_checkout_finds_nothing_wrong(shop: Shop) -> None:
    """The same sums too. A test order takes no stock, so that each basket meets the same shelves."""
    random = Random("baskets")
    agreed = {200: 0, 400: 0}
    for number in range(BASKETS):
        chosen = {*random.sample(VARIANTS, random.choice((1, 1, 2)))}
        lines = [line(product, variant, random.choice((1, 2, 4))) for product, variant in sorted(chosen)]
        place = random.choice(PLACES)
        looked = await checkout(shop, *lines, to=place, key="own-test")
        body = submission(*lines, token=f"basket-{number}") | {"shipping_address": place}
        placed = await shop.call("POST", "/orders/V1/submit", "own-test", json=body)
        short = any(each["inventory"] < each["quantity"] for each in looked["data"]["line_items"])
        assert (placed.status_code == 200) == (not short and "errors" not in looked), (looked, placed.text)
        if placed.status_code == 200:
            assert placed.json()["data"]["total_price"] == looked["data"]["total"]
        agreed[200 if placed.status_code == 200 else 400] += 1
    assert min(agreed.values()) > BASKETS // 6, agreed


async def test_without_an_address_goods_alone_count(shop: Shop) -> None:
    body = await checkout(shop, line("mug", 101, 3), to=None)
    assert sums(body) == [75, 0, 0, 0, 75]
    assert body["data"]["shipping"] == []
    assert "errors" not in body


async def test_inventory_is_what_is_there_of_what_is_asked_for(shop: Shop) -> None:
    body = await checkout(shop, line("mug", 101, 5_000), line("lamp", 103), line("print", 107, 900_000))
    assert [item["inventory"] for item in body["data"]["line_items"][1:]] == [0, 900_000]
    assert 0 < body["data"]["line_items"][0]["inventory"] <= 1_000
    assert "errors" not in body


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (
            line("mug", 101) | {"public_id": "nothing"},
            ("PRODUCT_DOES_NOT_EXIST", 404, "Product does not exist"),
        ),
        (
            line("mug", 101) | {"public_id": "c" + "0" * 24},
            ("PRODUCT_DOES_NOT_EXIST", 404, "Product does not exist"),
        ),
        (
            {"public_id": public_id("belt", "south"), "variant_id": "101", "quantity": 1},
            ("PRODUCT_DOES_NOT_EXIST", 404, "Product does not exist"),
        ),
        (line("mug", 102), ("VARIANT_DOES_NOT_EXIST", 404, "Variant does not exist")),
        (
            line("mug", 101) | {"variant_id": "M-Black"},
            ("VARIANT_DOES_NOT_EXIST", 404, "Variant does not exist"),
        ),
        (line("shirt", 203), ("VARIANT_DOES_NOT_EXIST", 404, "Variant does not exist")),
        (line("gone", 104), ("PRODUCT_UNAVAILABLE", 400, "The product requested is no longer available")),
        (line("free", 105), ("PRODUCT_UNAVAILABLE", 400, "The product requested is no longer available")),
        (line("telex", 106), ("PRODUCT_UNAVAILABLE", 400, "The product requested is no longer available")),
        (line("shirt", 202), ("PRODUCT_UNAVAILABLE", 400, "The product requested is no longer available")),
    ],
)
async def test_a_faulty_line_is_said_and_the_others_are_totalled(
    shop: Shop, sent: dict[str, Any], error: tuple[str, int, str]
) -> None:
    healthy = line("mug", 101, 3)
    body, without = await checkout(shop, sent, healthy), await checkout(shop, healthy)
    zeros = {**sent, "inventory": 0, "price": 0, "name": ""}
    assert said(body) == [(*error, names(sent))]
    assert body["data"] == {
        **without["data"],
        "line_items": [zeros, *without["data"]["line_items"]],
    }
    alone = await checkout(shop, sent)
    assert alone["data"] == {**ZEROS, "line_items": [zeros], "currency": "USD"}


async def test_errors_come_in_the_order_of_the_lines(shop: Shop) -> None:
    reply = await shop.call(
        "POST", "/orders/checkout", json=asked(line("gone", 104), line("mug", 1), line("free", 105))
    )
    assert [error[0] for error in said(reply.json())] == [
        "PRODUCT_UNAVAILABLE",
        "VARIANT_DOES_NOT_EXIST",
        "PRODUCT_UNAVAILABLE",
    ]
    assert reply.headers["link"] == '</failures/product-unavailable>; rel="help"'


@pytest.mark.parametrize("province", ["AA", "AE", "AP", "ap"])
async def test_the_armed_forces_have_provinces_of_the_united_states(shop: Shop, province: str) -> None:
    body = await checkout(
        shop, line("mug", 101), to={**US, "city": "APO", "province": province, "country": "us"}
    )
    assert "errors" not in body
    assert body["data"]["shipping_total"] == 9


@pytest.mark.parametrize(("province", "shown"), [("ON", "ON"), ("Nowhere", "Nowhere"), (None, None)])
async def test_an_unrecognized_province(shop: Shop, province: str | None, shown: str | None) -> None:
    body = await checkout(shop, line("mug", 101), line("gone", 104), to={**US, "province": province})
    title = "The province not recognized."
    assert said(body)[1:] == [("PROVINCE_UNRECOGNIZED", 404, title, {"countryCode": "US", "province": shown})]
    assert sums(body) == [25, 0, 0, 0, 25]


async def test_merchants_who_do_not_ship_there(shop: Shop) -> None:
    shirt, poster, mug = line("shirt", 201), line("print", 107), line("mug", 101)
    title = "The merchant does not provide international shipping"
    body = await checkout(shop, shirt, mug, poster, to=ONTARIO)
    assert said(body) == [("INTERNATIONAL_SHIPPING_ERROR", 400, title, [names(shirt), names(poster)])]
    assert sums(body) == [25, 5, 3.9, 0, 33.9]
    assert [item["price"] for item in body["data"]["line_items"]] == [0, 25, 0]


async def test_a_tax_provider_that_refuses(shop: Shop) -> None:
    body = await checkout(shop, line("mug", 101, 3), key="other-live")
    assert said(body) == [("TAX_ERROR", 400, "Company not found.", "Company not found.")]
    assert sums(body) == [75, 9, 0, 0, 84]
    assert "errors" not in await checkout(shop, line("mug", 101), key="other-live", to=None)


async def test_a_tax_provider_that_does_not_answer(shop: Shop) -> None:
    body = await checkout(shop, line("mug", 101, 3), key="avatax-live")
    url = "http://127.0.0.1:1/api/v2/transactions/create"
    detail = f"FetchError: request to {url} failed, reason: connect ECONNREFUSED 127.0.0.1:1"
    title = "There was an error calculating taxes or duties"
    assert said(body) == [("TAXES_OR_DUTIES_ERROR", 400, title, detail)]
    assert sums(body) == [75, 9, 0, 0, 84]


async def test_a_body_that_is_not_in_order_lists_what_could_be_read(shop: Shop) -> None:
    mug = line("mug", 101, 2)
    reply = await shop.call("POST", "/orders/checkout", json=asked(mug, {"public_id": "x"}))
    assert reply.status_code == 200
    body = reply.json()
    assert body["data"] == {
        **ZEROS,
        "line_items": [{**mug, "inventory": 0, "price": 0, "name": ""}],
        "currency": "USD",
    }
    [(code, status, title, detail)] = said(body)
    assert (code, status, title) == ("INVALID_INPUT", 400, "Invalid input provided")
    assert detail[0]["message"] == '"variant_id" is required'
    assert detail[0]["path"] == ["products", 1, "variant_id"]
    for odd in ([], "text", {"products": "x"}, {}):
        reply = await shop.call("POST", "/orders/checkout", json=odd)
        assert (reply.status_code, reply.json()["data"]["line_items"]) == (200, [])


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"\xff", "application/json", 400, "BAD_REQUEST"),
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'"' + b" " * 1_000_000 + b'"', "application/json", 413, "PAYLOAD_TOO_LARGE"),
    ],
)
async def test_what_is_no_checkout_at_all(
    shop: Shop, content: bytes, media_type: str, status: int, code: str
) -> None:
    headers = {"content-type": media_type}
    reply = await shop.call("POST", "/orders/checkout", content=content, headers=headers)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (status, code)
    assert "data" not in reply.json()


@pytest.mark.parametrize("key", ["", "wrong", "own-private"])
async def test_only_an_api_key_opens_checkout(shop: Shop, key: str) -> None:
    reply = await shop.call("POST", "/orders/checkout", key, json=asked(line("mug", 101)))
    assert reply.status_code == 401


async def test_currencies(shop: Shop) -> None:
    body = await checkout(shop, line("mug", 101), to=None, target_currency="CAD")
    assert (body["data"]["currency"], sums(body)) == ("CAD", [32, 0, 0, 0, 32])
    body = await checkout(shop, line("mug", 101), to=None, target_currency="EUR")
    assert [error[0] for error in said(body)] == ["PRODUCT_UNAVAILABLE"]


async def test_checkout_reserves_nothing(shop: Shop) -> None:
    async def standing() -> list[Any]:
        return [
            await shop.connection.fetch(f'select * from "{table}" order by 1, 2')
            for table in ("stock", "holds", "orders", "order_lines", "references", "attempts", "counters")
        ]

    before = await standing()
    await checkout(shop, line("mug", 101, 3), line("shirt", 201))
    assert await standing() == before


async def test_a_payment_intent_on_request(shop: Shop) -> None:
    wish = {"paymentMethod": "stripe", "requestPaymentIntent": True}
    body = await checkout(shop, line("mug", 101, 3), payment=wish)
    [row] = await shop.connection.fetch("select client_secret, amount, currency from bank_intents")
    assert body["data"]["payment"] == {"clientSecret": row[0]}
    assert (row[1], row[2]) == (round(body["data"]["total"] * 100), "USD")
    for lines, payment in (
        ([line("mug", 101)], {**wish, "requestPaymentIntent": False}),
        ([line("mug", 101), line("gone", 104)], wish),
        ([line("gone", 104)], wish),
    ):
        assert "payment" not in (await checkout(shop, *lines, payment=payment))["data"]
    assert await shop.rows("bank_intents") == 1


async def test_a_provider_that_refuses_the_intent_is_said(shop: Shop) -> None:
    wish = {"paymentMethod": "stripe", "requestPaymentIntent": True}
    stripe = StripeServer()
    async with stripe.listening() as url:
        for key, sentence in (
            ("sk_test_platform", "Amount must be at least $0.50 usd"),
            ("sk_wrong", "Invalid API Key provided: <redacted>"),
        ):
            cards = {"gateway": "stripe", "api_key": key, "api_base": url}
            await set_cards(shop, cards)
            stripe.fail("create", "error", acts=False, status=400, error={"message": sentence})
            body = await checkout(shop, line("mug", 101, 3), payment=wish)
            assert said(body) == [("STRIPE_ERROR", 500, "Error during a Stripe operation", sentence)]
            assert "payment" not in body["data"]
            assert body["data"]["total"] > 0
            stripe.faults.clear()
    body = await checkout(shop, line("mug", 101, 3), payment=wish)
    assert said(body)[0][3] == "An error occurred while communicating with Stripe"
    await set_cards(shop, {})


async def set_cards(shop: Shop, cards: dict[str, str]) -> None:
    statement = "update channels set settings = jsonb_set(settings, '{cards}', $1::jsonb) where name = 'own'"
    await shop.execute(statement, msgspec.json.encode(cards).decode())
