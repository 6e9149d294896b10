"""Notes every statement that a process sends to PostgreSQL, each form once, every type that the driver asks for,
and every command that wants something at a stage which it does not name.

`python -m tests.support.spying FILE ...` is `entrepot ...` that does so. What is noted is judged by `statements`.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast
from weakref import WeakSet

import asyncpg

from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.engine.batches import batch
from entrepot.store import lanes
from entrepot.store.connections import ON_CLUSTERS

_asyncpg: Any = asyncpg


class Sent(NamedTuple):
    """A statement with the values of its first time; `generic` where plans are forced to be, on a cluster too."""

    query: str
    values: tuple[Any, ...]
    generic: bool


ASKED = "the driver asks the catalogue for types"
"""Stands as the statement where it did; the numbers of the types are its values."""


UNNAMED = "a command wants something at a stage which it does not name"
"""Stands as the statement where one did; the command and the stage are its values."""


class Notes:
    """Everything that this process sends, to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)
        self._known: set[object] = set()
        self._plan_anew: WeakSet[Any] = WeakSet()

    def note(self, connection: Any, query: str, values: tuple[Any, ...]) -> None:
        """Keep it where its like was not sent before: which values are null makes another form."""
        if query == ON_CLUSTERS:
            self._plan_anew.add(connection)
        settings = connection._params.server_settings or {}
        forced = settings.get("plan_cache_mode") == "force_generic_plan"
        sent = Sent(query, values, forced and connection not in self._plan_anew)
        self.keep(sent, (query, sent.generic, tuple(value is None for value in values)))

    def keep(self, sent: Sent, form: object) -> None:
        """Write it down, once for each form."""
        if form not in self._known:
            self._known.add(form)
            self._file.write(pickle.dumps(tuple(sent)))


def noted(file: Path) -> Iterator[Sent]:
    """What was kept, each form once."""
    known: set[str] = set()
    with file.open("rb") as kept:
        while True:
            try:
                sent = Sent(*pickle.load(kept))
            except EOFError:
                return
            of = sent.values if sent.query == UNNAMED else [value is None for value in sent.values]
            form = repr((sent.query, sent.generic, of))
            if form not in known:
                known.add(form)
                yield sent


def spy(notes: Notes) -> None:
    """Have the driver tell what it sends, from here on."""
    lane, usual = cast("Any", lanes)._Lane, _asyncpg.Connection
    plain, execute, asked = usual._execute, usual.execute, usual._introspect_types
    fetch, ahead = lane.fetch, lane.ahead

    def _plain(self: Any, query: str, args: Any, *more: Any, **options: Any) -> Any:
        notes.note(self, query, tuple(args))
        return plain(self, query, args, *more, **options)

    def _execute(self: Any, query: str, *args: Any, **options: Any) -> Any:
        notes.note(self, query, args)
        return execute(self, query, *args, **options)

    def _asked(self: Any, types: Any, timeout: Any) -> Any:
        notes.note(self, ASKED, tuple(sorted(types)))
        return asked(self, types, timeout)

    def _fetch(self: Any, query: str, *args: Any, **options: Any) -> Any:
        notes.note(self, query, args)
        return fetch(self, query, *args, **options)

    def _ahead(self: Any, query: str, *args: Any) -> Any:
        notes.note(self, query, args)
        return ahead(self, query, *args)

    usual._execute, usual.execute, usual._introspect_types = _plain, _execute, _asked
    lane.fetch, lane.ahead = _fetch, _ahead


def spy_on_stages(notes: Notes) -> None:
    """Have each batch tell of commands that want more than they name: alone they would get nothing of it."""
    load: Any = batch.load

    async def _load(reader: Any, commands: Sequence[Command], view: View) -> None:
        await load(reader, commands, view)
        for command in commands:
            for stage in frozenset(Stage) - command.stages:
                if list(command.wants(stage, view)):
                    sent = Sent(UNNAMED, (type(command).__name__, stage.name), generic=False)
                    notes.keep(sent, sent.values)

    cast("Any", batch).load = _load


if __name__ == "__main__":
    from entrepot.cli import main

    notes = Notes(Path(sys.argv.pop(1)))
    spy_on_stages(notes)
    spy(notes)
    main()
