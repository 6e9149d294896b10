"""The label service that an account lacks: outside a sandbox nobody pretends that a parcel comes back with a label."""

from __future__ import annotations

from entrepot.gateways.labels.port import LabelFailed, LabelRequest

NOT_SET_UP = LabelFailed("no label service is set up for the account (settings.labels)", reached=False)


class MissingLabels:
    """Makes no label. What waits for one is tried again, and gets it once a service is named."""

    async def make(self, request: LabelRequest) -> LabelFailed:
        """Make nothing; nobody was asked."""
        del request
        return NOT_SET_UP

    async def void(self, key: str) -> LabelFailed:
        """Know of nothing."""
        del key
        return NOT_SET_UP
