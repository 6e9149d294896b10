"""Locking what a plan touches, in the order of locks that batches keep: `domain.kernel.stages`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final, cast

from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.stock.levels import Level, Location
from entrepot.store.connections import Connection
from entrepot.worlds.plan.areas import AREAS
from entrepot.worlds.plan.differences import Plan
from entrepot.worlds.plan.records import ChannelRow
from entrepot.worlds.plan.stored import Stored, read_keys

_PARTS: Final = (Variant, Price, ProductChoice)
"""What the lock of their product guards."""
_UNLOCKED: Final = (ChannelRow, *_PARTS)
_ORDER: Final[tuple[type[Record], ...]] = (
    Discount,
    Product,
    *(area.kind for area in AREAS if area.kind not in (*_UNLOCKED, Discount, Product, Location)),
    Location,
    Level,
)
_Row = tuple[type[Record], Hashable]


class Locks:
    """The rows that a transaction has locked so far."""

    def __init__(self, connection: Connection, workspace: int) -> None:
        self._connection = connection
        self._workspace = workspace
        self._held = set[_Row]()

    async def extend(self, plan: Plan, stored: Stored) -> bool:
        """Lock what the plan touches; whether any of it was not yet, so that it must be read and planned again."""
        wanted = {*_rows(plan, stored)} - self._held
        for kind in _ORDER:
            keys = [key for own, key in wanted if own is kind]
            if keys:
                await read_keys(self._connection, self._workspace, kind, keys, lock=True)
        self._held |= wanted
        return bool(wanted)


def _rows(plan: Plan, stored: Stored) -> Iterator[_Row]:
    for kind, key in plan.touched():
        if kind in _PARTS:
            yield from ((Product, number) for number in _product(stored.records[kind][key], stored))
        elif kind is not ChannelRow:
            yield kind, key
    yield from ((Level, key) for key in plan.touched_levels(stored))


def _product(record: Record, stored: Stored) -> Iterator[int]:
    match record:
        case Variant() | ProductChoice():
            yield record.product
        case Price():
            yield cast("Variant", stored.records[Variant][record.variant]).product
        case _:
            return
