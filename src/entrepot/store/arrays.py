"""Arrays of PostgreSQL's own types, which the driver is told of instead of asking for them.

The driver knows `text[]` by itself and asks the catalogue for every other array, once on each connection: a round trip,
and on the coordinator of a cluster seconds. The numbers of built-in types are part of PostgreSQL's protocol and never
change, so that nothing has to be asked.
"""

from __future__ import annotations

from typing import Any, Final

ARRAYS: Final = {
    "bool": (1000, 16),
    "bytea": (1001, 17),
    "int4": (1007, 23),
    "varchar": (1015, 1043),
    "int8": (1016, 20),
    "timestamptz": (1185, 1184),
    "numeric": (1231, 1700),
    "uuid": (2951, 2950),
    "jsonb": (3807, 3802),
}
"""The number of the array type and that of its elements, by the name of the elements' type."""

_NOTHING: Final = dict.fromkeys(("range_subtype", "attrtypoids", "attrnames", "basetype"))
_RECORDS: Final = [
    {
        **_NOTHING,
        "oid": array,
        "ns": "pg_catalog",
        "name": f"_{name}",
        "kind": b"b",
        "elemtype": element,
        "elemtype_name": name,
        "elemdelim": ",",
    }
    for name, (array, element) in ARRAYS.items()
]
"""As the driver's own look-up would answer."""


def teach_arrays(connection: Any) -> None:
    """Tell a new connection of these types."""
    connection._protocol.get_settings().register_data_types(_RECORDS)
