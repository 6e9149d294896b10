"""Remembering the prices that a reply shows, before it is sent: what a shopper has seen is what he may pay."""

from __future__ import annotations

from collections.abc import Iterable

from entrepot.domain.catalogue.products import Offer
from entrepot.domain.catalogue.seen_prices import in_chunks, news
from entrepot.domain.kernel.commands import Refused
from entrepot.engine import Engine


async def remember(engine: Engine, workspace: int, offers: Iterable[Offer]) -> Refused | None:
    """Remember the offers' prices where they are news; the refusal if the engine cannot do so now."""
    for command in in_chunks(news(offers)):
        outcome = await engine.execute(workspace, command)
        if isinstance(outcome, Refused):
            return outcome
    return None
