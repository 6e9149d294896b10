"""What is sold in a run: one workspace with a thousand variants, one for pgbench, and a thousand small ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from bench import partners
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from entrepot.gateways.cards.bank.seed import AccountSeed, BankSeed, CardSeed, seed
from entrepot.store.connections import Connection
from entrepot.worlds import World, apply_world, find_workspace

BIG, TWIN = "big", "pgbench"
"""The workspace that orders are sent to, and its twin, in which pgbench writes."""
STOCK = 100_000_000
CHANNEL, SECRET, STOREFRONT = "mcs", "secret", "front"
"""A seller's account in each workspace, and where it sells."""
CARDHOLDERS = 1_000


class Target(msgspec.Struct, frozen=True):
    """What one order asks for, and with which API key."""

    key: str
    product: str
    variant: int


def small(number: int) -> str:
    """The name of a small workspace."""
    return f"small-{number}"


def external_key(workspace: str) -> str:
    """The API key of the account that collects the money itself."""
    return f"{workspace}-external"


def card_key(workspace: str) -> str:
    """The API key of the account that pays by card, at the simulated bank."""
    return f"{workspace}-cards"


def card_token(number: int) -> str:
    """A card of the simulated bank; each serves one order."""
    return f"card-{number}"


async def build(connection: Connection, variants: int, workspaces: int, cards: int) -> None:
    """Make all workspaces, and issue cards for the big one."""
    await apply(connection, {name: _workspace(name, variants) for name in (BIG, TWIN)})
    await apply(connection, {name: _workspace(name, 1) for name in map(small, range(workspaces))})
    (number,) = await numbers(connection, [BIG])
    await seed(connection, number, _bank(cards))


async def apply(connection: Connection, workspaces: dict[str, dict[str, Any]]) -> None:
    """Make these workspaces."""
    tree = {"sandbox": True, "workspaces": workspaces}
    await apply_world(connection, msgspec.convert(tree, World), now=datetime.now(UTC))


def uniform(variants: int, key: str) -> list[Target]:
    """Every variant of the big workspace as likely as the others."""
    return [_target(BIG, key, number) for number in range(1, variants + 1)]


def hot(key: str) -> list[Target]:
    """A flash sale: one variant of the big workspace."""
    return [_target(BIG, key, 1)]


def spread(workspaces: int) -> list[Target]:
    """The one variant of each small workspace."""
    return [_target(small(n), external_key(small(n)), 1) for n in range(workspaces)]


def twin() -> list[Target]:
    """The order that pgbench copies."""
    return [_target(TWIN, external_key(TWIN), 1)]


async def numbers(connection: Connection, names: Sequence[str]) -> list[int]:
    """The ids of workspaces."""
    found = [await find_workspace(connection, name) for name in names]
    return [number for number in found if number is not None]


def _target(workspace: str, key: str, number: int) -> Target:
    return Target(key, cuid(product_uuid(workspace, f"product-{number}")), number)


def _workspace(name: str, variants: int) -> dict[str, Any]:
    return {
        "locations": {"main": {"name": "Warehouse"}},
        "merchants": {"maker": {"name": "Maker", "country": "CA", "shipping": {"CA": {"USD": "5.00"}}}},
        "products": {f"product-{number}": _product(number) for number in range(1, variants + 1)},
        "taxes": {"companies": ["DEFAULT"], "rates": {"CA-ON": {"rate": "13%", "shipping_taxed": True}}},
        "channels": {
            "external": _channel(
                external_key(name), {"external_payment": {"api": {"skip_validation": True}}}
            ),
            "cards": _channel(card_key(name), {}),
            CHANNEL: {"door": "walmart", "keys": {"client": f"{name}-{CHANNEL}:{SECRET}"}},
            **(partners.accounts() if name == BIG else {}),
        },
        "storefronts": {STOREFRONT: {"channel": CHANNEL, "name": "Front"}},
    }


def _channel(key: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"door": "bonsai", "keys": {"live": key}, "settings": settings}


def _product(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Product {number}",
        "merchant": "maker",
        "prices": {"USD": "25.00"},
        "stock": {"main": STOCK},
    }


def _bank(count: int) -> BankSeed:
    holders = [f"holder-{number}" for number in range(CARDHOLDERS)]
    cards = [CardSeed(card_token(number), holders[number % CARDHOLDERS]) for number in range(count)]
    return BankSeed(tuple(AccountSeed(holder, "USD", 10**12) for holder in holders), tuple(cards))
