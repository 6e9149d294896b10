"""The order hub that an account lacks: outside a sandbox nobody pretends to process orders."""

from __future__ import annotations

from entrepot.gateways.hubs.port import HubFailed, HubOrder

NOT_SET_UP = HubFailed("no order hub is set up for the account (settings.hub)", reached=False)


class MissingHub:
    """Takes no order over, so that none counts which nobody would process."""

    async def hand_over(self, order: HubOrder) -> HubFailed:
        """Take nothing; nobody was asked."""
        del order
        return NOT_SET_UP

    async def withdraw(self, key: str) -> HubFailed:
        """Know of nothing."""
        del key
        return NOT_SET_UP
