"""Loading rows of the catalogue and of shops by their kind and key, kinds in the order in which they are written."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final, cast

from entrepot.domain.state import Record, View
from entrepot.store.bindings import BINDINGS, ROWS
from entrepot.store.connections import Connection

_ALL: Final = (*ROWS, *BINDINGS)


async def any_rows(
    connection: Connection,
    workspace: int,
    keys: Sequence[tuple[type[Record], Hashable]],
    view: View,
    lock: bool,
) -> None:
    """Load (and lock) rows, sorted by key within a kind."""
    wanted: dict[type[Record], list[Any]] = {}
    for kind, key in keys:
        wanted.setdefault(kind, []).append(key)
    for binding in _ALL:
        if own := wanted.get(binding.kind):
            columns = binding.key_columns(cast("list[Hashable]", sorted(own)))
            for row in await connection.fetch(binding.find(lock=lock), workspace, *columns):
                view.load(binding.parse(row))
