"""Writing a batch: the dirty records of a view, one set-based statement per table and kind of change.

A lane sends them all at once, to a procedure that it makes for its connection, and its commit with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.records import Record, View
from entrepot.store.batches.binding import json_text
from entrepot.store.batches.bindings import BINDINGS, CLAIMS, REFERENCES, ROWS
from entrepot.store.batches.finds import chosen
from entrepot.store.batches.homes import Home
from entrepot.store.connections import Connection, LaneConnection, Transaction

_FUNCTION = """
create procedure pg_temp.write_rows{shard}(bigint, json) language plpgsql as $write$
#variable_conflict use_column
declare
  place integer;
  body json;
  claimed integer;
  taken integer;
begin
  for place, body in select key::integer, value from json_each($2) loop
    {steps}
  end loop;
end $write$
"""
_WRITE: Final = "call pg_temp.write_rows{}($1, $2)"
_LOST: Final = "EN001"
"""The SQLSTATE of a claim that was lost."""
# Rows that come back are counted: of a table that is spread, the count of rows has those in it that were there before.
_CLAIM = """claimed := 0;
for taken in {statement} returning 1 loop claimed := claimed + 1; end loop;
if claimed < json_array_length(body) then raise exception using errcode = '{lost}'; end if;"""


class ClaimLostError(Exception):
    """Another worker was first with a name or row that this batch wants to make; nothing of the batch may stand."""


Change = Literal["insert", "update", "delete"]


def writes() -> Iterator[tuple[type[Record], Change, str]]:
    """All statements, by kind of record and change, in the order in which they run.

    What others may insert too is claimed first. References are freed last: a name that is freed and taken again within
    one batch never left.
    """
    for binding in CLAIMS:
        yield binding.kind, "insert", binding.claim
    for binding in (*ROWS, *BINDINGS):
        yield binding.kind, "delete", binding.delete
        if binding not in CLAIMS:
            yield binding.kind, "insert", binding.put if binding.upsert else binding.insert
        yield binding.kind, "update", binding.put
    yield Reference, "update", REFERENCES.put
    yield Reference, "delete", REFERENCES.delete


_PLACES: Final = {(kind, change): place for place, (kind, change, _) in enumerate(writes())}


@cache
def _steps() -> str:
    statements = [statement.replace("$2", "body") for _, _, statement in writes()]
    claims, others = statements[: len(CLAIMS)], statements[len(CLAIMS) :]
    steps = [_CLAIM.format(statement=claim, lost=_LOST) for claim in claims] + [
        f"{statement};" for statement in others
    ]
    return chosen(steps)


def write_function(home: Home | None = None) -> str:
    """The statement that makes a lane's procedure, which fails where a claim was lost; with a home, of that shard."""
    text = _FUNCTION.format(steps=_steps(), shard=home.suffix if home else "")
    return home.renamed(text) if home else text


async def write(connection: LaneConnection, workspace: int, view: View) -> None:
    """Write what has changed in the view, on the way to the commit."""
    if changes := _changes(view):
        await connection.ahead(_WRITE.format(connection.shard), workspace, json_text(changes))


async def commit(transaction: Transaction) -> None:
    """Make durable what was written. Raises `ClaimLostError` if others were first with a name of it."""
    try:
        await transaction.commit()
    except asyncpg.PostgresError as error:
        if getattr(error, "sqlstate", None) == _LOST:
            raise ClaimLostError from error
        raise


_KEEP: Final = "update batches set at = at where workspace = $1 and id = $2"


async def keep(connection: Connection, workspace: int, batch: UUID) -> None:
    """Return once a batch that is there is as durable as one that was just written, also on a synchronous standby.

    That others see it does not say so: its commit may have been cut off while it waited for the standby.
    """
    await connection.execute(_KEEP, workspace, batch)


def _changes(view: View) -> dict[int, list[Any]]:
    """The new states, or the keys of what is removed, by the place of their statement."""
    changes: dict[int, list[Any]] = {}
    for kind in view.touched:
        for change, rows in _by_change(view, kind).items():
            if rows:
                changes[_PLACES[kind, change]] = rows
    return dict(sorted(changes.items()))


def _by_change(view: View, kind: type[Record]) -> dict[Change, list[Any]]:
    """What is to be written of one kind; new rows by their keys, in which order all lanes claim them."""
    made: dict[Any, Record] = {}
    kept: list[Record] = []
    gone: list[Any] = []
    for key, record, before in view.changed(kind):
        if record is None:
            gone.append(key)
        elif before is None:
            made[key] = record
        else:
            kept.append(record)
    return {"insert": [made[key] for key in sorted(made)], "update": kept, "delete": gone}
