"""What stands in the sandbox, for whoever wants to call it: accounts with their keys, products with ids and stock."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar, cast

import msgspec

from entrepot.domain.catalogue.products import Merchant, Price, Product, Variant
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.kernel.ids import cuid
from entrepot.domain.kernel.money import to_major
from entrepot.domain.kernel.quantity import in_whole
from entrepot.domain.kernel.records import Record
from entrepot.domain.stock.levels import Level, Location
from entrepot.store.connections import Connection
from entrepot.worlds.applying.recorded import Recorded, read_recorded, secrets_of
from entrepot.worlds.form.schema import SECRETS
from entrepot.worlds.plan.records import ChannelRow
from entrepot.worlds.plan.stored import Stored, read_stored

R = TypeVar("R", bound=Record)
HIDDEN = "[hidden]"
_WORKSPACES = "select id, name from workspaces where sandbox order by name"


async def describe_world(connection: Connection) -> dict[str, Any]:
    """All sandbox workspaces, ready for JSON. Amounts are in major units."""
    recorded = await read_recorded(connection)
    rows = await connection.fetch(_WORKSPACES)
    return {
        "workspaces": [
            describe_workspace(name, await read_stored(connection, number), _of(name, recorded))
            for number, name in rows
        ]
    }


def describe_workspace(name: str, stored: Stored, recorded: list[Recorded]) -> dict[str, Any]:
    """One workspace: what its tables hold, and of the recorded worlds the secrets."""
    keys = secrets_of(recorded)
    return {
        "name": name,
        "channels": [_channel(channel, keys) for channel in _all(stored, ChannelRow)],
        "storefronts": [_storefront(each, stored) for each in _all(stored, Storefront)],
        "merchants": [_merchant(merchant) for merchant in _all(stored, Merchant)],
        "products": _products(stored),
        "cards": {
            token: {"account": card.account, "state": card.state}
            for world in recorded
            for token, card in world.workspaces[name].bank.cards.items()
        },
        "partner_tokens": sorted({t for w in recorded for t in w.workspaces[name].partner.tokens}),
        "residents": {
            country: sorted(residents)
            for world in recorded
            for country, residents in world.workspaces[name].residents.items()
        },
    }


def _of(name: str, recorded: Iterable[Recorded]) -> list[Recorded]:
    return [world for world in recorded if name in world.workspaces]


def _all(stored: Stored, kind: type[R]) -> list[R]:
    """What stands there; what was deleted does not."""
    rows = cast("list[R]", list(stored.records[kind].values()))
    return [row for row in rows if getattr(row, "deleted_at", None) is None]


def _channel(channel: ChannelRow, keys: dict[tuple[str, str], str]) -> dict[str, Any]:
    own = {key: secret for (name, key), secret in keys.items() if name == channel.name}
    settings = _shown(cast("dict[str, Any]", msgspec.to_builtins(channel.settings)))
    return {"door": channel.door, "name": channel.name, "keys": own, "settings": settings}


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without what opens other people's systems; what opens a simulator is nobody's secret."""
    simulated = settings.get("url", "").partition("/sandbox/")[1] or settings.get("partner") == "simulated"
    return {name: _of_setting(name, value, bool(simulated)) for name, value in settings.items()}


def _of_setting(name: str, value: object, simulated: bool) -> object:
    if name in SECRETS:
        return value if simulated else HIDDEN
    if isinstance(value, dict) and name != "door":
        return _shown(cast("dict[str, Any]", value))
    return cast("object", value)


def _storefront(storefront: Storefront, stored: Stored) -> dict[str, Any]:
    channel = cast("ChannelRow | None", stored.records[ChannelRow].get(storefront.channel))
    return {
        "id": str(storefront.uuid),
        "name": storefront.name,
        "channel": channel.name if channel else None,
    }


def _merchant(merchant: Merchant) -> dict[str, Any]:
    return {
        "id": merchant.ref,
        "name": merchant.name,
        "country": merchant.country,
        "integration": merchant.integration,
        "payout_account": merchant.payout_account,
    }


def _products(stored: Stored) -> list[dict[str, Any]]:
    variants: dict[int, list[dict[str, Any]]] = {}
    prices, stock = _prices(stored), _stock(stored)
    for variant in sorted(_all(stored, Variant), key=lambda variant: variant.position):
        described = {
            "variant_id": str(variant.id),
            "sku": variant.sku,
            "name": variant.name,
            "prices": prices.get(variant.id, {}),
            "stock": stock.get(variant.id, {}),
        }
        variants.setdefault(variant.product, []).append(described)
    return [_product(product, variants.get(product.id, [])) for product in _all(stored, Product)]


def _product(product: Product, variants: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "public_id": cuid(product.uuid),
        "name": product.name,
        "merchant": product.merchant,
        "available": product.available,
        "variants": variants,
    }


def _prices(stored: Stored) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for price in _all(stored, Price):
        amount = None if price.amount is None else to_major(price.amount, price.currency)
        found.setdefault(price.variant, {})[price.currency] = amount
    return found


def _stock(stored: Stored) -> dict[int, dict[str, int | Decimal]]:
    """What is available of each variant, as its merchant counts it, by the code of the location."""
    codes = {place.id: place.code for place in _all(stored, Location)}
    scales = {variant.id: variant.scale for variant in _all(stored, Variant)}
    found: dict[int, dict[str, int | Decimal]] = {}
    for level in cast("Iterable[Level]", stored.levels.values()):
        if level.variant in scales and level.location in codes:
            there = in_whole(level.available, scales[level.variant])
            found.setdefault(level.variant, {})[codes[level.location]] = there
    return found
