"""Accounts as they are stored, where no world file can set them up any more."""

from __future__ import annotations

from tests.conformance.harness.world import Tenant

_STORED = "update channels set settings = jsonb_set(settings, '{currency}', to_jsonb($2::text)) where workspace = $1"


async def store_currency(shop: Tenant, currency: str) -> None:
    """Give the shop's accounts a currency which their door does not offer, as those of before it was checked have.

    It lasts until the shop's world is applied anew.
    """
    await shop.connection.execute(_STORED, await shop.id(), currency)
