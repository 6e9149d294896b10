"""The ReBound door: the Order API v2, by which a retailer registers what it sold so that it can come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrepot.doors.rebound.door import Rebound
    from entrepot.doors.rebound.failures import CODES

__all__ = ["CODES", "Rebound"]


def __getattr__(name: str) -> Any:
    # Whoever asks for the manifest alone does not wait for the whole door.
    if name not in __all__:
        raise AttributeError(name)
    from entrepot.doors.rebound import door, failures

    return door.Rebound if name == "Rebound" else failures.CODES
