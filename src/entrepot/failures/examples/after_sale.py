"""Worked examples: of shipping, sending back, and units taken out of orders."""

from __future__ import annotations

from typing import Final

from entrepot.failures import fulfilment as f
from entrepot.failures import stock as s
from entrepot.failures.base import Failure

AFTER_SALE: Final[tuple[Failure, ...]] = (
    s.TooManyToCancel("SO-1", 1, 3, 2),
    f.TooManyUnits("SO-1", 1, 3, 2),
    f.UnitsOwed("SO-1", 1, 3, 2),
    f.ShipmentUnknown("SO-1", "2"),
    f.ReturnItemUnknown("SO-1", "scarf", 0),
    f.NothingDelivered("SO-1", "mug", 0),
    f.TooManyToReturn("SO-1", "mug", 3, 2, 0),
    f.ReturnUnknown("330000000000000009"),
    f.DuplicateReturn("330000000000000001"),
    f.ReturnNotCancellable("330000000000000001"),
)
