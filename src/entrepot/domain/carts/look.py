"""What a buyer was shown of her cart: checkout charges no more than that without her looking again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.carts.command import CartCommand
from entrepot.domain.carts.records import Cart, CartLine, Shown
from entrepot.domain.carts.totals import Totals, total
from entrepot.domain.kernel.commands import Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.carts import TotalRaised


class Sight(msgspec.Struct, frozen=True):
    """A cart of a version as it was shown: what it comes to, and the unit prices of its lines by number."""

    cart: int
    version: int
    shown: Shown
    prices: dict[int, int]


class NoteSight(CartCommand, frozen=True, kw_only=True):
    """Note what the buyer is shown, before the answer leaves. The result is whether it is of the cart as it stands.

    A cart that was changed, placed or thrown away meanwhile is left alone: then the sight is of another one.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.CHANNEL, Stage.SESSION, Stage.CART})

    sight: Sight

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Session and cart."""
        return super().wants(stage, view) if stage in self.stages else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Never refused. What the buyer did is not changed by her looking: the cart's version and times stay."""
        sight = self.sight
        cart = self.opened(view, now, ids)
        if not isinstance(cart, Cart) or cart.version != sight.version:
            return Decided(False, Changes())
        return Decided(True, Changes(_noted(cart, view.children(CartLine, cart.id), sight)))


def come_to(command: CartCommand, cart: Cart, view: View, changes: Changes) -> Totals | None:
    """What a changed cart comes to, for a command that is to tell; None where that takes more than it has seen.

    Where the buyer is shown it, that is noted among the changes.
    """
    if not command.sums or (cart.codes and not command.adds_up):
        return None
    after = view.seeing(changes)
    if command.unseen(after):
        return None
    totals = total(cart, after)
    if command.shows and (sight := sight_of(cart, totals)):
        changes.put(*_noted(cart, after.children(CartLine, cart.id), sight))
    return totals


def _noted(cart: Cart, lines: Iterable[CartLine], sight: Sight) -> Iterator[Record]:
    yield msgspec.structs.replace(cart, shown=sight.shown)
    for line in lines:
        if line.price != (price := sight.prices.get(line.no, line.price)):
            yield msgspec.structs.replace(line, price=price)


def sight_of(cart: Cart, totals: Totals) -> Sight | None:
    """What the buyer is shown with these totals; None where all of it is noted already."""
    shown = Shown(totals.total.inc, totals.due, cart.currency)
    prices = {line.line.no: line.stored for line in totals.lines if line.product is not None}
    known = cart.shown == shown and all(prices.get(each.line.no) == each.line.price for each in totals.lines)
    return None if known else Sight(cart.id, cart.version, shown, prices)


def raised(cart: Cart, totals: Totals) -> TotalRaised | None:
    """Whether the cart comes to more than was shown, or in another currency; who never asked was shown nothing."""
    shown = cart.shown
    if shown is None:
        return None
    more = totals.total.inc > shown.total or totals.due > shown.due
    return TotalRaised(shown.total, totals.total.inc) if more or shown.currency != cart.currency else None
