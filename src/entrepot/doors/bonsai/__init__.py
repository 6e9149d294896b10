"""The Bonsai door: the submit-orders API, its carts, products and reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrepot.doors.bonsai.door import Bonsai
    from entrepot.doors.bonsai.failures import CODES

__all__ = ["CODES", "Bonsai"]


def __getattr__(name: str) -> Any:
    # Whoever asks for the manifest alone does not wait for the whole door.
    if name not in __all__:
        raise AttributeError(name)
    from entrepot.doors.bonsai import door, failures

    return door.Bonsai if name == "Bonsai" else failures.CODES
