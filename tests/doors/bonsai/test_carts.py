"""Carts over a real socket: what they hold after each request, whose they are, and how they end."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from entrepot.domain.channels.retention import Retention
from entrepot.engine.upkeep.purging import purge
from tests.doors.bonsai.shop import Shop, item

pytestmark = pytest.mark.asyncio(loop_scope="module")

MUG, SHIRT = item("mug", 101), item("shirt", 201)


async def create(shop: Shop, *products: dict[str, Any], key: str = "own-live") -> str:
    data = await shop.data("POST", "/carts/v1/submit", key, json={"products": list(products)})
    return f"/carts/v1/{data['id']}"


async def products(shop: Shop, cart: str, key: str = "own-live") -> list[dict[str, Any]]:
    data = await shop.data("GET", cart, key)
    assert cart.endswith(data["id"])
    return data["products"]


async def edit(shop: Shop, cart: str, action: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The cart after an edit, as the edit's own reply and a read of it agree."""
    data = await shop.data("PATCH", f"{cart}/{action}", json=body)
    assert data["products"] == await products(shop, cart)
    return data["products"]


@contextmanager
def later(shop: Shop, time: timedelta) -> Generator[None]:
    shop.clock.offset += time
    yield
    shop.clock.offset -= time


def is_unknown(reply: Any) -> bool:
    entries = [(entry["code"], entry["title"], entry["detail"]) for entry in reply.json()["errors"]]
    return reply.status_code == 404 and entries == [("RESOURCE_NOT_FOUND", "Resource not found", "")]


def fault(reply: Any) -> dict[str, Any]:
    assert reply.status_code == 400
    [entry] = reply.json()["errors"]
    assert entry["code"] == "INVALID_INPUT"
    return entry["detail"][0]


async def test_a_cart_from_first_to_last(shop: Shop) -> None:
    cart = await create(shop, MUG)
    assert await products(shop, cart) == [MUG]
    assert await edit(shop, cart, "add-product", SHIRT) == [MUG, SHIRT]
    assert await edit(shop, cart, "add-product", item("mug", 101, 2)) == [item("mug", 101, 3), SHIRT]
    assert await edit(shop, cart, "remove-product", MUG) == [item("mug", 101, 2), SHIRT]
    assert await edit(shop, cart, "remove-product", item("mug", 101, 5)) == [SHIRT]
    assert await edit(shop, cart, "add-product", MUG) == [SHIRT, MUG]
    assert await edit(shop, cart, "set", {"products": [MUG, SHIRT, MUG]}) == [item("mug", 101, 2), SHIRT]
    assert await edit(shop, cart, "set", {"products": [SHIRT]}) == [SHIRT]
    assert await shop.data("DELETE", cart) == {"id": cart.rpartition("/")[2]}
    assert is_unknown(await shop.call("GET", cart))
    assert is_unknown(await shop.call("DELETE", cart))


async def test_to_remove_what_is_not_there_changes_nothing(shop: Shop) -> None:
    cart = await create(shop, MUG)
    before = await shop.connection.fetch("select * from carts order by id")
    assert await edit(shop, cart, "remove-product", SHIRT) == [MUG]
    assert await shop.connection.fetch("select * from carts order by id") == before


async def test_a_cart_takes_any_id_and_may_become_empty(shop: Shop) -> None:
    odd = {"id": "no product", "variantId": "Größe L", "quantity": 1}
    cart = await create(shop, odd)
    assert await products(shop, cart) == [odd]
    assert await edit(shop, cart, "remove-product", odd) == []


async def test_a_cart_may_be_made_and_set_empty(shop: Shop) -> None:
    cart = await create(shop)
    assert await products(shop, cart) == []
    assert await edit(shop, cart, "set", {"products": [MUG]}) == [MUG]
    assert await edit(shop, cart, "set", {"products": []}) == []
    assert await edit(shop, cart, "add-product", SHIRT) == [SHIRT]


async def test_a_cart_exists_for_its_own_account_and_environment_only(shop: Shop) -> None:
    cart = await create(shop, MUG)
    for key in ("own-test", "other-live", "south-live"):
        assert is_unknown(await shop.call("GET", cart, key))
        assert is_unknown(await shop.call("DELETE", cart, key))
        for action, body in (("add-product", MUG), ("remove-product", MUG), ("set", {"products": [SHIRT]})):
            assert is_unknown(await shop.call("PATCH", f"{cart}/{action}", key, json=body))
    assert await products(shop, cart) == [MUG]
    for key in ("", "own-private"):
        assert (await shop.call("GET", cart, key)).status_code == 401


@pytest.mark.parametrize("name", ["x", "c" + "0" * 24, "c" + "z" * 24, "%00", "x" * 300])
async def test_ids_that_are_none(shop: Shop, name: str) -> None:
    assert is_unknown(await shop.call("GET", f"/carts/v1/{name}"))
    assert is_unknown(await shop.call("PATCH", f"/carts/v1/{name}/add-product", json=MUG))


async def test_a_cart_holds_500_items_and_a_million_of_each(shop: Shop) -> None:
    full = [{"id": "p", "variantId": str(no), "quantity": 1} for no in range(500)]
    cart = await create(shop, *full)
    one_more = await shop.call("PATCH", f"{cart}/add-product", json=MUG)
    assert fault(one_more)["message"] == '"products" must contain less than or equal to 500 items'
    assert await products(shop, cart) == full
    too_many = {"id": "p", "variantId": "1", "quantity": 1_000_000}
    reply = await shop.call("PATCH", f"{cart}/add-product", json=too_many)
    assert fault(reply) == {
        "message": '"quantity" must be less than or equal to 999999',
        "path": ["quantity"],
        "type": "number.max",
        "context": {"limit": 999_999, "value": 1_000_000, "key": "quantity", "label": "quantity"},
    }
    assert await products(shop, cart) == full
    data = await shop.data("PATCH", f"{cart}/add-product", json={**too_many, "quantity": 999_999})
    assert data["products"][1]["quantity"] == 1_000_000
    reply = await shop.call("POST", "/carts/v1/submit", json={"products": [too_many, too_many]})
    assert fault(reply)["type"] == "number.max"
    assert fault(reply)["path"] == ["products", 1, "quantity"]
    reply = await shop.call("POST", "/carts/v1/submit", json={"products": [*full, MUG]})
    assert fault(reply)["type"] == "array.max"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, '"products" is required'),
        ({"products": [{**MUG, "quantity": 0}]}, '"quantity" must be larger than or equal to 1'),
        ({"products": [{**MUG, "quantity": 1.5}]}, '"quantity" must be an integer'),
        ({"products": [MUG], "note": "x"}, '"note" is not allowed'),
        ([], '"value" must be an object'),
    ],
)
async def test_bodies_that_are_none(shop: Shop, body: Any, message: str) -> None:
    assert fault(await shop.call("POST", "/carts/v1/submit", json=body))["message"] == message
    cart = await create(shop, MUG)
    assert fault(await shop.call("PATCH", f"{cart}/set", json=body))["message"] == message
    assert await products(shop, cart) == [MUG]


async def test_bodies_that_are_no_json(shop: Shop) -> None:
    reply = await shop.call(
        "POST", "/carts/v1/submit", content=b"{", headers={"content-type": "application/json"}
    )
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "BAD_REQUEST")
    reply = await shop.call(
        "POST", "/carts/v1/submit", content=b"a=b", headers={"content-type": "text/plain"}
    )
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    large = b'{"products":"' + b" " * 1_000_000 + b'"}'
    reply = await shop.call(
        "POST", "/carts/v1/submit", content=large, headers={"content-type": "application/json"}
    )
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_cart_ends_thirty_days_after_its_last_change(shop: Shop) -> None:
    cart = await create(shop, MUG)
    with later(shop, timedelta(days=29)):
        assert await edit(shop, cart, "add-product", SHIRT) == [MUG, SHIRT]
    with later(shop, timedelta(days=58)):
        assert await products(shop, cart) == [MUG, SHIRT]
    with later(shop, timedelta(days=59)):
        assert is_unknown(await shop.call("GET", cart))
        assert is_unknown(await shop.call("PATCH", f"{cart}/add-product", json=MUG))
        assert is_unknown(await shop.call("DELETE", cart))


async def test_expired_carts_are_purged_and_others_stay(shop: Shop) -> None:
    old = await create(shop, MUG, SHIRT, key="south-live")
    with later(shop, timedelta(days=31)):
        young = await create(shop, MUG)
        expired = await shop.connection.fetchval(
            "select count(*) from carts where expires_at <= $1", shop.clock.now()
        )
        engine, reads = shop.services.engine, shop.services.reads
        assert (await purge(engine, reads, Retention()))["carts"] == expired > 0
        assert (await purge(engine, reads, Retention()))["carts"] == 0
        assert await products(shop, young) == [MUG]
    assert is_unknown(await shop.call("GET", old, "south-live"))
    left = """
    select count(*) from cart_lines t
    where not exists (select from carts c where c.workspace = t.workspace and c.id = t.cart)
    """
    assert await shop.connection.fetchval(left) == 0


async def test_browsers_may_call(shop: Shop) -> None:
    cart = await create(shop, MUG)
    reply = await shop.client.options(f"{cart}/add-product")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in reply.headers["access-control-allow-methods"]
    assert (await shop.call("GET", cart)).headers["access-control-allow-origin"] == "*"


async def test_a_database_that_cannot_answer_is_a_temporary_refusal(shop: Shop) -> None:
    cart = await create(shop, MUG)
    await shop.execute("alter table carts rename to hidden")
    try:
        reply = await shop.call("GET", cart)
    finally:
        await shop.execute("alter table hidden rename to carts")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert reply.json()["errors"][0]["code"] == "SERVICE_UNAVAILABLE"
    assert await products(shop, cart) == [MUG]
