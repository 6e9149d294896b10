"""Writing a batch: the dirty records of a view, one set-based statement per table and kind of change."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from entrepot.domain.channels import Reference
from entrepot.domain.state import Record, View
from entrepot.store.binding import Binding
from entrepot.store.bindings import BINDINGS, CLAIMS, REFERENCES, ROWS
from entrepot.store.connections import Connection


class ClaimLostError(Exception):
    """Another worker was first with a name or row that this batch wants to make; nothing of the batch may stand."""


class Dirty:
    """The dirty records of a view, by kind and kind of change."""

    def __init__(self, view: View) -> None:
        self._inserts: dict[type[Record], list[Record]] = {}
        self._updates: dict[type[Record], list[Record]] = {}
        self._deletes: dict[type[Record], list[Hashable]] = {}
        for kind, key, record, before in view.dirty():
            if record is not None:
                (self._inserts if before is None else self._updates).setdefault(kind, []).append(record)
            elif before is not None:
                self._deletes.setdefault(kind, []).append(key)

    async def claim(self, connection: Connection, workspace: int) -> None:
        """Insert what others may insert too, in key order. Raises `ClaimLostError` if they were first."""
        for binding in CLAIMS:
            wanted = sorted(self._inserts.pop(binding.kind, ()), key=_key)
            if not wanted:
                continue
            rows = await connection.fetch(binding.claim, workspace, binding.rows(wanted))
            if len(rows) != len(wanted):
                raise ClaimLostError

    async def write(self, connection: Connection, workspace: int) -> None:
        """Insert, update and delete everything else."""
        for binding in (*ROWS, *BINDINGS):
            if removed := self._deletes.get(binding.kind):
                await connection.fetch(binding.delete, workspace, *binding.key_columns(removed))
            await self._insert(connection, workspace, binding)
            if changed := self._updates.get(binding.kind):
                await connection.fetch(binding.put, workspace, binding.rows(changed))
        if moved := self._updates.get(Reference):
            # Freed and taken again within one batch: the row never left.
            await connection.fetch(REFERENCES.put, workspace, REFERENCES.rows(moved))
        if freed := self._deletes.get(Reference):
            await connection.fetch(REFERENCES.delete, workspace, *REFERENCES.key_columns(freed))

    async def _insert(self, connection: Connection, workspace: int, binding: Binding) -> None:
        if new := self._inserts.get(binding.kind):
            statement = binding.put if binding.upsert else binding.insert
            await connection.fetch(statement, workspace, binding.rows(sorted(new, key=_key)))


def _key(record: Record) -> Any:
    return record.key
