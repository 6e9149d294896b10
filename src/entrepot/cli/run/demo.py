"""`entrepot demo`: a sandbox with the demo world, and what to try in it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from entrepot.cli.options import DoorHost, SandboxHost, fail
from entrepot.cli.run.operators import invitation
from entrepot.config import ConfigError, Settings, load_settings
from entrepot.registry import DOORS

if TYPE_CHECKING:
    from entrepot.store.connections import Connection
    from entrepot.worlds import World

FOLDER = "demo"
DOOR_HOSTS = tuple(f"{door}={door}.localhost" for door in DOORS)
"""Names under `.localhost` lead to the machine itself."""
_NOT_THE_DEMOS = {"ENTREPOT_DATABASE_URL", "ENTREPOT_DATA_DIR", "ENTREPOT_SANDBOX", "ENTREPOT_WORKERS"}


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

SELLER = "mcs"
"""A marketplace's seller of the demo world, and the storefront of that name."""

_TRY = """
Try an order. The mug is in stock; the key and everything else here are the demo world's own:

  {order}

Send it again and it fails: a payment token pays for one order. The next one fails because the candle is sold out:

  {refused}

A webshop stands here too, over JSON-RPC. Put a shirt into a cart:

  {webshop}

And orders of a marketplace, over the Walmart MCS API. Get a token, then send two mugs:

  {token}
  {sold}
"""

_STANDS = """
What stands here, with keys and ids:  {url}/sandbox/world
Every failure, and what to do:        {url}/failures
Begin anew:                           curl -X POST {url}/sandbox/reset
See the orders:                       {orders}"""


def demo(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[str | None, typer.Option(help="Port; 0 for any free one. [default: 8600]")] = None,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A world of your own, in a folder of its own."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="ENTREPOT_DEMO_DATA_DIR", help="Folder of the demo's own PostgreSQL."),
    ] = None,
    door_host: DoorHost = None,
    sandbox_host: SandboxHost = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error. [default: info]")
    ] = None,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Keep the data in a folder that is deleted at the end.")
    ] = False,
    url_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the server's URL here once it answers, until it ends."),
    ] = None,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="End when the process that started it has ended.")
    ] = False,
    env: Annotated[
        bool,
        typer.Option(
            "--env", help="Print what lets other commands find the demo's data, for a shell to eval."
        ),
    ] = False,
) -> None:
    """Run a sandbox with the demo world until Ctrl-C; it keeps its state until `/sandbox/reset`."""
    if exit_with_parent:
        from entrepot.serving.orphan import end_with_parent

        end_with_parent()
    if env:
        typer.echo(shell_lines(_folder(data_dir, world)))
        return
    own = _read(world)
    with _temporary_folder() if temporary else nullcontext(_folder(data_dir, world)) as folder:
        flags: dict[str, object] = {
            "host": host,
            "port": port,
            "log_level": log_level,
            "data_dir": folder,
            "sandbox": True,
            "sandbox_hosts": sandbox_host,
            "door_hosts": door_host or DOOR_HOSTS,
        }
        try:
            settings = load_settings(flags, _of_this_server(os.environ))
        except ConfigError as error:
            fail(*error.faults, status=2)
        _serve(settings, own, url_file, durable=not temporary)


def _serve(settings: Settings, world: World | None, url_file: Path | None, *, durable: bool) -> None:
    from entrepot.serving import ServeError
    from entrepot.serving import serve as run

    try:
        with _told_in(url_file) as answers:
            bring = partial(prepare, folder=settings.data_dir, world=world)
            run(settings, bring, answers, durable=durable)
    except ServeError as error:
        fail(str(error))


def _folder(data_dir: Path | None, world: Path | None) -> Path:
    from entrepot.store.embedded import default_data_dir

    return (data_dir or default_data_dir() / (f"{FOLDER}-{world.stem}" if world else FOLDER)).absolute()


@contextmanager
def _temporary_folder() -> Generator[Path]:
    from entrepot.serving.scratch import scratch_folder

    with scratch_folder(FOLDER) as folder:
        folder.chmod(0o711)  # for the account that PostgreSQL runs as where we are root
        yield folder / "data"


@contextmanager
def _told_in(file: Path | None) -> Generator[Callable[[str], None]]:
    """Who writes the URL into the file, at once and as a whole; the file is there as long as the server answers."""
    if file is None:
        yield lambda _: None
        return
    written = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.unlink(missing_ok=True)
        written.touch()
    except OSError as error:
        fail(f"--url-file: {file} cannot be written ({error.strerror}).", status=2)

    def answers(url: str) -> None:
        written.write_text(f"{url}\n", "utf-8")
        written.replace(file)

    try:
        yield answers
    finally:
        for each in (written, file):
            each.unlink(missing_ok=True)


def shell_lines(folder: Path) -> str:
    """What makes a shell's `entrepot` this one, and its database the demo's."""
    program = Path(sys.argv[0]).absolute().parent
    values = {"ENTREPOT_DATA_DIR": str(folder), "ENTREPOT_SANDBOX": "true"}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([f'export PATH={shlex.quote(str(program))}:"$PATH"', *lines])


def _of_this_server(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment's settings, but for those of another server's database: that is not the demo's to fill."""
    return {name: value for name, value in environ.items() if name not in _NOT_THE_DEMOS}


def _read(path: Path | None) -> World | None:
    if path is None:
        return None
    from entrepot.worlds import load_world

    world = load_world(path)
    if isinstance(world, list):
        fail(*(f"{path}: {fault}" for fault in world))
    if not world.sandbox:
        fail(f"{path}: /sandbox: missing; the demo takes files that say `sandbox = true`.")
    return world


def prepare(database_url: str, url: str, folder: Path, world: World | None = None) -> str:
    """Bring the world into the database, the demo world into one that has none; say what to try."""
    asyncio.run(_bring(database_url, url, world))
    name = ["-w", "north"] if world is None else []
    orders = shlex.join([sys.argv[0], "orders", "list", *name, "--data-dir", str(folder)])
    stands = _STANDS.format(url=url, orders=orders)
    if world is not None:
        return stands + invitation(database_url, url)
    shirt = add_article(url, SHIRT, {SIZE: SMALL})
    token, sold = sell_elsewhere(url)
    mug, candle = order(url, MUG), order(url, CANDLE)
    tries = _TRY.format(order=mug, refused=candle, webshop=shirt, token=token, sold=sold)
    return tries + stands + invitation(database_url, url)


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


def sell_elsewhere(url: str) -> tuple[str, str]:
    """The commands by which a marketplace's seller gets a token, and sends an order of two mugs with it."""
    from entrepot.worlds import storefront_uuid

    contact = {"name": {"firstName": "Ada", "lastName": "Lovelace"}, "phone": "4155550100"}
    address = {"line1": "1 Main St", "city": "Reno", "state": "NV", "country": "USA", "zip": "89501"}
    line = {
        "sellerLineId": "1",
        "itemDetail": {"sku": MUG.product},
        "qty": {"unitOfMeasure": "EACH", "measurementValue": 2},
        "shippingTo": {"contact": contact, "address": address},
    }
    payload = {
        "orderChannelId": str(storefront_uuid("north", SELLER)),
        "customerOrderNo": f"SO{secrets.token_hex(4)}",
        "customer": {"contact": contact},
        "orderItems": [line],
    }
    basic = base64.b64encode(f"demo-{SELLER}:demo-{SELLER}-secret".encode()).decode()
    token = (
        f"curl -s {url}/walmart/v3/token -H 'Authorization: Basic {basic}' -d grant_type=client_credentials"
    )
    order = (
        f'curl -s {url}/walmart/v3/fulfillment/orders-fulfillments -H "WM_SEC.ACCESS_TOKEN: $TOKEN" '
        f"-H 'Content-Type: application/json' -d '{json.dumps({'payload': payload})}'"
    )
    return f"TOKEN=$({token} | cut -d '\"' -f 4)", order


_ACCOUNTS = "select w.name, c.name from workspaces w join channels c on c.workspace = w.id"


async def apply_demo(database_url: str) -> None:
    """Apply the demo world to a database that has none, or that of an older release; leave any other as it is."""
    from entrepot.store.connections import connect

    connection = await connect(database_url)
    try:
        await _apply_demo(connection)
    finally:
        await connection.close()


async def _apply_demo(connection: Connection) -> None:
    from entrepot.worlds import apply_world, demo_world

    world = demo_world()
    if await connection.fetchval("select exists (select from workspaces)"):
        if not await _is_older(connection, world):
            return
        typer.echo("This folder has the demo world of an older release: what is new since is added to it.")
    report = await apply_world(connection, world, now=datetime.now(UTC))
    if report.conflicts:
        fail(
            *map(str, report.conflicts),
            "The demo world of this release does not fit. Delete the folder to begin anew.",
        )


async def _is_older(connection: Connection, world: World) -> bool:
    """Whether accounts of the demo world are missing where its first workspaces stand."""
    known = {tuple(row) for row in await connection.fetch(_ACCOUNTS)}
    stands = {workspace for workspace, _ in known} & world.workspaces.keys()
    wanted = {(name, each) for name, spec in world.workspaces.items() for each in spec.channels}
    return bool(stands) and not wanted <= known


async def _bring(database_url: str, url: str, world: World | None) -> None:
    from entrepot.cli.data.apply import show
    from entrepot.sandbox.partner import point_here
    from entrepot.store.connections import connect
    from entrepot.worlds import apply_world

    connection = await connect(database_url)
    try:
        if world is None:
            await _apply_demo(connection)
        else:
            report = await apply_world(connection, world, now=datetime.now(UTC))
            show(report)
            if report.conflicts:
                fail("The world cannot be applied.")
        await point_here(connection, url)
    finally:
        await connection.close()
