"""The price memory: which price an account was last shown, so that none pays another unawares (decision bonsai U1).

It is written only where the price shown differs from the one remembered. An order compares the two: see
`appraisal`, PRODUCTS_PRICE_CHANGE.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime

import msgspec

from entrepot.domain.catalogue.products import Offer, OfferKey, SeenPrice
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage

CHUNK = 500
"""How many prices one command remembers at most."""


class ShownPrice(msgspec.Struct, frozen=True):
    """A price in minor units that an account is shown for an offer."""

    offer: OfferKey
    amount: int


class RememberPrices(Command, frozen=True):
    """Remember that these prices are shown. The result is how many were not remembered so already."""

    shown: tuple[ShownPrice, ...]

    @property
    def weight(self) -> int:
        """A row per price."""
        return len(self.shown)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The offers, which say what is remembered."""
        del view
        return [each.offer for each in self.shown] if stage is Stage.OFFER else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Write what differs; a variant that is gone meanwhile is left out."""
        del now, ids
        changed = [price for each in self.shown if (price := _changed(each, view))]
        return Decided(len(changed), Changes(changed))


def news(offers: Iterable[Offer]) -> tuple[ShownPrice, ...]:
    """The prices of these offers that are not the ones remembered; an offer without a valid price shows none."""
    return tuple(
        ShownPrice(offer.name, offer.price)
        for offer in offers
        if offer.price is not None and offer.price > 0 and offer.price != offer.remembered
    )


def in_chunks(shown: tuple[ShownPrice, ...]) -> list[RememberPrices]:
    """The commands that remember these prices."""
    return [RememberPrices(shown[start : start + CHUNK]) for start in range(0, len(shown), CHUNK)]


def _changed(shown: ShownPrice, view: View) -> SeenPrice | None:
    name, offer = shown.offer, view.get(Offer, shown.offer)
    if offer is None or offer.variant_id is None:
        return None
    price = SeenPrice(name.channel, name.environment, name.variant, name.currency, shown.amount)
    # A command before this one in the batch may have written what the offer, as loaded, does not say yet.
    written = view.get(SeenPrice, price.key)
    remembered = written.amount if written else offer.remembered
    return None if remembered == shown.amount else price
