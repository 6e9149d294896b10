"""Files that cannot be attached to an item (Textalk, 2070), for each reason that there is."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.conformance.harness import Prove, Reply
from tests.conformance.harness.fixtures import OpenBuyer
from tests.conformance.harness.proof import Change
from tests.conformance.textalk import refusal
from tests.support.buyer import BANNER, LENGTH, PICTURE, Buyer

LIMIT = "choices/picture/max_size"
PIXEL = base64.b64encode(b"\x89PNG").decode()
UNREADABLE = "The file has no name, no content that can be read, or more than 100 bytes."
UNLESS_STORED = (
    # A cluster wants to be told that its nodes shall each have the trigger; elsewhere the setting means nothing.
    "set citus.enable_unsafe_triggers = on",
    """
create function {name}() returns trigger language plpgsql as $$
begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$
""",
    """
create trigger {name} before insert on file_contents for each row
when (new.workspace = {workspace}) execute function {name}()
""",
)
STORED_AGAIN = "drop function if exists {name}() cascade"


def picture(data: str = PIXEL, **more: Any) -> dict[str, Any]:
    """A banner of a metre with a picture on it."""
    return {LENGTH: 1, PICTURE: {"name": "a.png", "type": "image/png", "data": data} | more}


def of_size(size: int) -> str:
    """A file of this many bytes as it is sent."""
    return base64.b64encode(b"x" * size).decode()


async def is_attached(reply: Reply) -> None:
    """The item has a file as its answer."""
    assert isinstance(reply.json["result"]["choices"][PICTURE], int)


@pytest.mark.parametrize(
    ("file", "allowed"),
    [
        (picture(of_size(101)), picture(of_size(100))),
        (picture("not base64!"), picture()),
        (picture(PIXEL[:-1]), picture()),
        (picture(""), picture()),
        (picture(name=""), picture()),
        ({LENGTH: 1, PICTURE: PIXEL}, picture()),
    ],
)
@pytest.mark.row("textalk.2070")
async def test_a_file_that_is_none_or_too_large(
    prove: Prove, open_buyer: OpenBuyer, file: dict[str, Any], allowed: dict[str, Any]
) -> None:
    buyer = await open_buyer({LIMIT: 100})
    await prove(
        buyer.call("Order.addArticle", None, BANNER, file, "choices"),
        refusal(2070, "Attaching file to an order item failed", UNREADABLE, page="file-refused"),
        mend=buyer.call("Order.addArticle", None, BANNER, allowed, "choices"),
        effect=is_attached,
    )


@pytest.mark.row("textalk.2070")
async def test_a_cart_that_holds_all_the_files_it_may(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    items = [await buyer("Order.addArticle", None, BANNER, picture()) for _ in range(20)]
    sentence = "En kundvagn rymmer högst 20 filer, och inte för stora tillsammans."
    await prove(
        buyer.call("Order.addArticle", None, BANNER, picture(), "choices", language="sv"),
        refusal(2070, "Attaching file to an order item failed", sentence, page="files-full"),
        mend=buyer.wish("OrderItem.delete", items[0]["uid"]),
        effect=is_attached,
    )


@asynccontextmanager
async def full_disk(buyer: Buyer) -> AsyncGenerator[Change]:
    """The database stores no file of this shop's workspace, as if its disk were full, until it is lifted."""
    names = {"name": f"full_{buyer.shop.name}", "workspace": await buyer.shop.id()}
    connection = buyer.shop.connection
    try:
        for each in UNLESS_STORED:
            await connection.execute(each.format(**names))
        yield lambda: connection.execute(STORED_AGAIN.format(**names))
    finally:
        await connection.execute(STORED_AGAIN.format(**names))


@pytest.mark.row("textalk.2070")
async def test_a_store_that_is_full(prove: Prove, open_buyer: OpenBuyer) -> None:
    buyer = await open_buyer()
    sentence = "The file cannot be stored now; try again later."
    failed = refusal(2070, "Attaching file to an order item failed", sentence, page="unavailable", wait=True)
    async with full_disk(buyer) as lift:
        await prove(
            buyer.call("Order.addArticle", None, BANNER, picture(), "choices"),
            failed,
            mend=lift,
            effect=is_attached,
        )
