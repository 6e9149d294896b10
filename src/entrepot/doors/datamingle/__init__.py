"""The DataMingle door: partners' orders, stock, locations and products, in the partners' own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrepot.doors.datamingle.door import Datamingle
    from entrepot.doors.datamingle.failures import CODES

__all__ = ["CODES", "Datamingle"]


def __getattr__(name: str) -> Any:
    # Whoever asks for the manifest alone does not wait for the whole door.
    if name not in __all__:
        raise AttributeError(name)
    from entrepot.doors.datamingle import door, failures

    return door.Datamingle if name == "Datamingle" else failures.CODES
