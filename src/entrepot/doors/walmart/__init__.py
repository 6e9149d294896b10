"""The Walmart MCS door: orders for the warehouse, delivery promises, tracking and returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrepot.doors.walmart.door import Walmart
    from entrepot.doors.walmart.failures import CODES

__all__ = ["CODES", "Walmart"]


def __getattr__(name: str) -> Any:
    # Whoever asks for the manifest alone does not wait for the whole door.
    if name not in __all__:
        raise AttributeError(name)
    from entrepot.doors.walmart import door, failures

    return door.Walmart if name == "Walmart" else failures.CODES
