"""The carrier that an account lacks: outside a sandbox nobody pretends to carry goods."""

from __future__ import annotations

from datetime import datetime

from entrepot.gateways.carriers.port import CarrierFailed, Consignment

NOT_SET_UP = CarrierFailed("no carrier is set up for the account (settings.carrier)")


class MissingCarrier:
    """Carries nothing. What waits to be told is tried again, and is told once a carrier is named."""

    async def announce(self, consignment: Consignment, at: datetime) -> CarrierFailed:
        """Take nothing."""
        del consignment, at
        return NOT_SET_UP

    async def withdraw(self, key: str, at: datetime) -> CarrierFailed:
        """Know of nothing."""
        del key, at
        return NOT_SET_UP
