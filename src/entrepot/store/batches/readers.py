"""Who asks for what a view needs: a lane of the engine, with locks, or somebody who only reads.

A lane asks by a function that it makes for its connection: what is wanted at a time is one round trip, and yet each of
its statements sees what was committed before that statement, as locks demand. Such a function goes with its connection,
so it is always that of the running version. Who only reads asks by one statement, which sees one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import msgspec

from entrepot.store.batches.binding import json_text
from entrepot.store.batches.finds import chosen
from entrepot.store.batches.homes import MOVED, STILL_WHOLE, Home, MovedError
from entrepot.store.batches.stages import STEPS, Wanted
from entrepot.store.connections import LaneConnection

_COUNTER, _LISTENERS = -1, -2

FUNCTION: Final = """
create function pg_temp.find_rows{shard}(bigint, json, uuid, timestamptz, bigint)
returns table (step integer, found_rows text) language plpgsql as $find$
#variable_conflict use_column
declare
  place integer;
  body json;
begin
  if $3 is not null then {guard} insert into batches (workspace, id, at) values ($1, $3, $4); end if;
  for place, body in select key::integer, value from json_each($2) loop
    {steps}
  end loop;
  if $5 is not null then
    return query select {listeners}, (
      select json_agg(json_build_array(l.channel, l.event, l.id, {stream}, coalesce((
        select c.settings ->> 'sees' = 'workspace' from channels c where c.workspace = $1 and c.id = l.channel
      ), false)))::text
      from event_listeners l where l.workspace = $1
    );
  end if;
  if $5 > 0 then
    return query update counters set next = next + $5 where workspace = $1 returning {counter}, (next - $5)::text;
  end if;
end $find$
"""
"""The function of a lane, without its steps; one for each shard where the database is spread."""
_STREAM: Final = (
    r"""l.owner || ' ' || lower(regexp_replace(l.url, '^([^:]*://)([^/?#]*@)?([^/?#]*).*$', '\1\3'))"""
)
_STEP = "return query select {number}, ({query});"
_CARRIERS: Final = """
select c.id, coalesce(c.settings #>> '{carrier,gateway}', 'none') from unnest($2::bigint[]) k(id)
cross join lateral (select * from channels where workspace = $1 and id = k.id offset 0) c
"""
_FIND: Final = "select step, found_rows from pg_temp.find_rows{}($1, $2, $3, $4, $5)"


class AlreadyCommittedError(Exception):
    """The batch's id is there: an earlier try, whose connection was lost, did commit."""


class Listener(msgspec.Struct, frozen=True, array_like=True):
    """Who is told of an event of a channel. One owner's listeners at one origin share a stream.

    `sees_others`: whether the channel sees the workspace's other orders too.
    """

    channel: int
    event: str
    id: int
    stream: str
    sees_others: bool


_listeners = msgspec.json.Decoder(tuple[Listener, ...]).decode


@cache
def _steps() -> str:
    steps = [
        _STEP.format(number=number, query=find.query("body", lock=True))
        for number, (_, find) in enumerate(STEPS)
    ]
    return chosen(steps)


def find_function(home: Home | None = None, *, whole: bool = False) -> str:
    """The statement that makes a lane's function; it finds the wanted steps one after the other.

    With a home it finds rows of that shard, once it is sure that they are there. `whole` is of a cluster's database
    that is not spread: it finds rows for as long as that is so.
    """
    shard, guard = (home.suffix, home.guard) if home else ("", STILL_WHOLE if whole else "")
    text = FUNCTION.format(
        steps=_steps(), listeners=_LISTENERS, counter=_COUNTER, stream=_STREAM, shard=shard, guard=guard
    )
    return home.renamed(text) if home else text


class BatchReader:
    """Finds and locks rows for one batch. The first round trip leaves the batch's id, the last one draws its ids.

    The counter is the last row that a batch locks; `first` is None where the workspace has none, or no id is wanted.
    """

    def __init__(
        self, connection: LaneConnection, workspace: int, batch: UUID, at: datetime, ids: int
    ) -> None:
        self.first: int | None = None
        self.listeners: tuple[Listener, ...] = ()
        self._connection = connection
        self._find = _FIND.format(connection.shard)
        self._workspace = workspace
        self._id: UUID | None = batch
        self._at = at
        self._ids = ids

    async def find(self, wanted: Wanted, *, last: bool) -> Iterable[tuple[int, str | None]]:
        """What these steps found. Raises `AlreadyCommittedError` for a batch whose id is there."""
        keys = json_text(wanted)
        ids = self._ids if last else None
        try:
            rows = await self._connection.fetch(self._find, self._workspace, keys, self._id, self._at, ids)
        except asyncpg.UniqueViolationError as error:
            raise AlreadyCommittedError from error
        except asyncpg.PostgresError as error:
            if getattr(error, "sqlstate", None) == MOVED:
                raise MovedError(f"workspace {self._workspace} has left the node") from error
            raise
        self._id = None
        found = dict[int, str | None](rows)
        if last:
            drawn, listening = found.pop(_COUNTER, None), found.pop(_LISTENERS)
            self.first = None if drawn is None else int(drawn)
            self.listeners = _listeners(listening) if listening else ()
        return found.items()

    async def carriers(self, channels: Sequence[int]) -> dict[int, str]:
        """Which kind of carrier each of these channels has, of those that there are."""
        return dict(await self._connection.fetch(_CARRIERS, self._workspace, channels))


class Queries(Protocol):
    """What is used of a connection, or of a snapshot."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """All rows of a statement."""
        ...


class PlainReader:
    """Finds rows as they stand at one moment, and locks none."""

    def __init__(self, connection: Queries, workspace: int) -> None:
        self._connection = connection
        self._workspace = workspace

    async def find(self, wanted: Wanted, *, last: bool) -> Iterable[tuple[int, str | None]]:
        """What these steps found."""
        del last
        if not wanted:
            return ()
        parts = (
            f"select {number}, ({STEPS[number][1].query(f'${place}::json', lock=False)})"
            for place, number in enumerate(wanted, 2)
        )
        return await self._connection.fetch(
            " union all ".join(parts), self._workspace, *map(json_text, wanted.values())
        )
