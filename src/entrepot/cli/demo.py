"""`entrepot demo`: a sandbox with the demo world, and what to try in it."""

import asyncio
import json
import secrets
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from entrepot.cli.options import DoorHost, fail
from entrepot.config import ConfigError, load_settings

PORT = "8600"
FOLDER = "demo"


class Item(NamedTuple):
    """A product of the demo world, and what one of it costs the shopper in Toronto, in USD."""

    product: str
    variant: int
    goods: float
    shipping: float
    taxes: float


MUG = Item("mug", 101, 25.00, 4.00, 3.77)
CANDLE = Item("candle", 103, 12.00, 4.00, 2.08)

SHOP, SHIRT, SIZE, SMALL = 22222, 101, 301, 311
"""A webshop of the demo world, an article of it, the choice that it demands, and one of its options."""

_TRY = """
Try an order. The mug is in stock; the key and everything else here are the demo world's own:

  {order}

Send it again and it fails: a payment token pays for one order. The next one fails because the candle is sold out:

  {refused}

A webshop stands here too, over JSON-RPC. Put a shirt into a cart:

  {webshop}

What stands here, with keys and ids:  {url}/sandbox/world
Every failure, and what to do:        {url}/failures
Begin anew:                           curl -X POST {url}/sandbox/reset
See the orders:                       {orders}"""


def demo(
    port: Annotated[str | None, typer.Option(help=f"Port; 0 for any free one. [default: {PORT}]")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the demo's own PostgreSQL.")] = None,
    door_host: DoorHost = None,
) -> None:
    """Run a sandbox with the demo world on 127.0.0.1 until Ctrl-C; it keeps its state until `/sandbox/reset`."""
    from entrepot.store.embedded import default_data_dir

    folder = data_dir or default_data_dir() / FOLDER
    flags: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port or PORT,
        "data_dir": folder,
        "sandbox": True,
    }
    try:
        # The environment's database is not the demo's to fill.
        settings = load_settings(flags | {"door_hosts": door_host}, {})
    except ConfigError as error:
        fail(*error.faults, status=2)
    from entrepot.serving import ServeError
    from entrepot.serving import serve as run

    try:
        run(settings, lambda database_url, url: prepare(database_url, url, folder))
    except ServeError as error:
        fail(str(error))


def prepare(database_url: str, url: str, folder: Path) -> str:
    """Bring the demo world into a database that has none, and say what to try."""
    asyncio.run(apply_demo(database_url))
    orders = shlex.join([sys.argv[0], "orders", "list", "-w", "north", "--data-dir", str(folder)])
    return _TRY.format(
        url=url,
        order=order(url, MUG),
        refused=order(url, CANDLE),
        webshop=add_article(url, SHIRT, {SIZE: SMALL}),
        orders=orders,
    )


def order(url: str, item: Item) -> str:
    """The curl command that orders one of an item, paid by a token that is new each time."""
    from entrepot.domain.kernel.ids import cuid
    from entrepot.worlds import product_uuid

    line = {
        "public_id": cuid(product_uuid("north", item.product)),
        "variant_id": str(item.variant),
        "quantity": 1,
    }
    amounts = {"goods": item.goods, "shipping": item.shipping, "taxes": item.taxes}
    body = {
        "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
        "products": [line],
        "shipping_address": {
            "first_name": "Ada",
            "last_name": "Lovelace",
            "address1": "1 Main St",
            "city": "Toronto",
            "province": "ON",
            "country": "CA",
            "zip": "M5V 2T6",
        },
        "payment": {
            "method": "external payment",
            "token": f"paid-{secrets.token_hex(4)}",
            "currency": "USD",
            "amounts": amounts,
        },
    }
    return (
        f"curl -s {url}/bonsai/orders/V1/submit -H 'API-Key: demo-api-key' "
        f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    )


def add_article(url: str, article: int, choices: Mapping[int, int]) -> str:
    """The curl command that puts an article of the demo webshop into a new cart, and asks what is in it."""
    items = {"article": {"name": "en"}, "costs": {"total": True}}
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "Order.addArticle",
        "params": [None, article, choices, {"order": {"uid": True, "items": items}}],
    }
    context = f"webshop={SHOP}&auth=demo-admin-token"
    return f"curl -s '{url}/textalk/backend/jsonrpc/v1?{context}' -d '{json.dumps(body)}'"


async def apply_demo(database_url: str) -> None:
    """Apply the demo world to a database without workspaces; leave any other as it is."""
    from entrepot.store.connections import connect
    from entrepot.worlds import World, apply_world, load_world

    connection = await connect(database_url)
    try:
        if await connection.fetchval("select exists (select from workspaces)"):
            return
        world = load_world((files("entrepot.worlds") / "demo.toml").read_text("utf-8"))
        if not isinstance(world, World):
            raise TypeError(f"the demo world is faulty: {world[0]}")
        await apply_world(connection, world, now=datetime.now(UTC))
    finally:
        await connection.close()
