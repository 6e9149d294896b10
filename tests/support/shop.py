"""A small shop in the database: one workspace with variants at two locations, and orders written as records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import Environment
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import InvoiceLine, Order, OrderEvent, OrderLine, OrderPart, Person
from entrepot.domain.stock.levels import Hold, Level, Location, settled
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.bindings import BINDINGS, CATALOGUE, REFERENCES
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key

WORKSPACE, CHANNEL, NORTH, SOUTH, TEA, RICE = 1, 5, 11, 12, 21, 22
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

LOCATIONS = (Location(NORTH, "north", "North", 1), Location(SOUTH, "south", "South", 2))
PRODUCTS = (Product(31, derived_uuid("product", "pantry"), "Pantry", None),)
VARIANTS = (Variant(TEA, 31, "TEA", "Tea"), Variant(RICE, 31, "RICE", "Rice", scale=2))

_bindings: dict[type[Record], Binding] = {
    binding.kind: binding for binding in (*CATALOGUE, *BINDINGS, REFERENCES)
}


async def insert(connection: Connection, workspace: int, records: Sequence[Record]) -> None:
    """Write records as they are, past every rule."""
    for kind, binding in _bindings.items():
        own = [record for record in records if type(record) is kind]
        if own:
            await connection.execute(binding.insert, workspace, binding.rows(own))


async def open_shop(connection: Connection, workspace: int = WORKSPACE, name: str = "shop") -> None:
    """The workspace with its channel, locations and variants; no stock yet."""
    uuid = derived_uuid("workspace", name)
    await connection.execute(
        "insert into workspaces (id, uuid, name, sandbox, settings, created_at) values ($1, $2, $3, true, '{}', $4)",
        workspace, uuid, name, AT,
    )  # fmt: skip
    await connection.execute("insert into counters (workspace, next) values ($1, 1000)", workspace)
    await connection.execute(
        "insert into channels (workspace, id, uuid, door, name, settings) values ($1, $2, $3, 'bonsai', 'main', '{}')",
        workspace, CHANNEL, uuid,
    )  # fmt: skip
    await connection.execute(
        "insert into directory (kind, hash, workspace, environment) values ($1, $2, $3, 'live')",
        *credential_key("workspace", name), workspace,
    )  # fmt: skip
    await insert(connection, workspace, [*LOCATIONS, *PRODUCTS, *VARIANTS])


def level(variant: int, location: int, on_hand: int, reserved: int = 0) -> Level:
    """A level as receipts and promises make it."""
    priority = next(place.priority for place in LOCATIONS if place.id == location)
    return settled(Level(variant, location, priority, received=on_hand, reserved=reserved))


def line(order: int, no: int, variant: int, quantity: int, *, part: int = 1, price: int = 1_000) -> OrderLine:
    """A new line with a tax of 13 % and a duty of 1 minor unit per unit."""
    product, known = PRODUCTS[0], next(v for v in VARIANTS if v.id == variant)
    return OrderLine(
        order, no, order * 100 + no, part, product.uuid, product.id, variant, known.sku, known.name, price, quantity,
        price * quantity * 13 // 100, quantity, True, True, new=quantity, scale=known.scale,
    )  # fmt: skip


def part(order: int, no: int, shipping: int = 500) -> OrderPart:
    """A part with its shipping line."""
    return OrderPart(order, no, None, "Merchant", None, shipping, shipping * 13 // 100, "Flat rate")


def order_records(
    number: int,
    lines: Sequence[OrderLine],
    *,
    parts: int = 1,
    kind: str = "external",
    environment: Environment = "live",
    holds: Sequence[Hold] = (),
) -> list[Record]:
    """A paid order as placing writes it."""
    own = [part(number, no) for no in range(1, parts + 1)]
    goods, tax = sum(entry.goods for entry in lines), sum(entry.tax for entry in lines)
    shipping, shipping_tax = sum(entry.shipping for entry in own), sum(entry.shipping_tax for entry in own)
    duties = sum(entry.duties for entry in lines)
    total = goods + tax + shipping + shipping_tax + duties
    order = Order(
        number, derived_uuid("order", str(number)), CHANNEL, environment, "placed", "", "paid", "EUR",
        Person("a@example.com"), None, goods, tax, shipping, shipping_tax, duties, total, f"X-{number}",
        "external payment", None, None, AT, AT, 1, 1, {},
    )  # fmt: skip
    payment = msgspec.convert(
        {
            "order": number,
            "no": 1,
            "id": number * 100,
            "kind": kind,
            "method": "m",
            "state": "paid",
            "amount": total,
        }
        | {"currency": "EUR", "refunded": 0, "reference": None, "reported": None},
        Payment,
    )
    invoiced = kind == "external" and environment == "live"
    invoice = [InvoiceLine(number, CHANNEL, "EUR", total, total, AT)] if invoiced else []
    return [order, *own, *lines, payment, OrderEvent(number, 1, AT, "placed", {}), *invoice, *holds]
