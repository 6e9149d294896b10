"""What providers outside need of a workspace, and would refuse every order without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from entrepot.domain.pricing.taxes import unquotable
from entrepot.worlds.form.types import Workspace

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]


def provider_faults(workspace: Workspace, steps: Steps) -> Found:
    """Merchants of whose addresses a tax provider needs more than there is."""
    if not any(_asks_avatax(channel.settings) for channel in workspace.channels.values()):
        return
    for name, merchant in workspace.merchants.items():
        at = merchant.address
        for member in unquotable(merchant.country, at.province, at.zip):
            where = (*steps, "merchants", name, "address", member)
            yield (
                where,
                f"AvaTax, which a channel asks for taxes, needs it of a merchant in {merchant.country}",
            )


def _asks_avatax(settings: dict[str, Any]) -> bool:
    return settings.get("taxes", {}).get("provider") == "avatax"
