"""What an order of these units would come to, SKU by SKU: the rules of taking an order, on what was merely read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from entrepot.domain.catalogue.products import Goods
from entrepot.domain.channels.accounts import StockMode
from entrepot.domain.kernel.records import View
from entrepot.domain.stock.availability import obtainable
from entrepot.domain.stock.levels import available, standing
from entrepot.failures import Failure
from entrepot.failures.orders import LineRef, NotEnoughStock, ProductUnavailable, SkuUnknown, SoldOut


class Wish(msgspec.Struct, frozen=True):
    """So many whole units of a SKU; `line` is what the caller calls it."""

    line: str
    sku: str
    quantity: int

    @property
    def ref(self) -> LineRef:
        """What a failure calls it."""
        return LineRef("", self.sku, self.line)


class Promised(msgspec.Struct, frozen=True):
    """What became of a wish: how many units could be had, and why these would not do."""

    wish: Wish
    available: int
    failure: Failure | None


def sku_fault(mode: StockMode, goods: Goods | None, ref: LineRef) -> Failure | None:
    """Why a SKU cannot be ordered by whole units, whatever there is of it."""
    if mode == "record":
        return None
    if goods is None or goods.scale:
        return SkuUnknown(ref)
    return None if goods.available else ProductUnavailable(ref)


def promises(mode: StockMode, wishes: Sequence[Wish], view: View) -> list[Promised]:
    """What each wish would get; wishes of one variant share what there is, the earlier ones first.

    Goods and levels must have been loaded.
    """
    taken: dict[int, int] = {}
    return [_promised(mode, wish, view, taken) for wish in wishes]


def _promised(mode: StockMode, wish: Wish, view: View, taken: dict[int, int]) -> Promised:
    goods = view.get(Goods, wish.sku)
    if fault := sku_fault(mode, goods, wish.ref):
        return Promised(wish, 0, fault)
    if goods is None or not goods.tracked or mode == "record":
        return Promised(wish, wish.quantity, None)
    before = taken.get(goods.variant, 0)
    levels = standing(view, goods.variant)
    there = obtainable(mode, levels, before + wish.quantity) - before
    free = max(available(levels) - before, there)
    if there < wish.quantity:
        short = NotEnoughStock(wish.ref, wish.quantity, there) if there > 0 else SoldOut(wish.ref)
        return Promised(wish, max(free, 0), short)
    taken[goods.variant] = before + wish.quantity
    return Promised(wish, free, None)
