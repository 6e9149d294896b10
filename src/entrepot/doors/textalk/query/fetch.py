"""Runs reads: level by level, one statement each, and puts objects of lower levels into those above."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from entrepot.domain.kernel.records import Record
from entrepot.doors.kit import encode
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field, Loader, Snapshot, Uid
from entrepot.doors.textalk.declare.normalization import write_moment
from entrepot.doors.textalk.declare.shapes import MAX_UID_DIGITS, Kind
from entrepot.doors.textalk.query.costs import cost_of_list, cost_of_one, learn, learn_of_one
from entrepot.doors.textalk.query.filters import Filters
from entrepot.doors.textalk.query.projection import WHOLE, Cut, Expand, Keys, Projection
from entrepot.doors.textalk.query.reads import Reads
from entrepot.doors.textalk.query.selection import MAX_ROWS, Selection, too_many_rows
from entrepot.doors.textalk.query.statements import (
    Statement,
    objects_by_uid,
    objects_counted,
    objects_selected,
)
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json, is_array, is_object
from entrepot.doors.textalk.wire.sentences import say
from entrepot.store.sharing import LIGHT, Pace

MAX_SIZE: Final = 64_000_000
"""The most bytes of an answer: it is in memory as a whole, several times over."""
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


PART: Final = 250
"""So many objects of a long list are read, put together and written out before the next ones are read."""
LOADED_AT_ONCE: Final = 100
"""For so many objects values are computed by rules before other calls have their turn."""


class Built(msgspec.Struct, frozen=True):
    """A part of the answer, and how many bytes the objects in it come to; objects are written out already.

    So each is written once, wherever it occurs, and other calls have their turn in between. In the answer it is not
    shared, and six levels multiply.
    """

    value: Json
    size: int


Near: TypeAlias = Mapping[str, Mapping[Uid, Record]]
"""Records by the name of their class, and by uid."""
_Level: TypeAlias = Mapping[Uid, Built]
_Levels: TypeAlias = Mapping[int, _Level]


class _TooManyError(Exception):
    """A level has more rows than any answer may have."""


class _TooLargeError(Exception):
    """The answer is larger than any may be."""


async def get(reads: Reads, context: Context, projection: Projection, uid: Uid) -> Json | RpcError:
    """One object, or 9003 if the caller can see none with that uid."""
    async with reads.snapshot(cost_of_one(projection, context), alone=projection.is_of_columns) as snapshot:
        work = _Fetch(snapshot, context)
        try:
            found = await work.by_uid(projection, [uid])
        except (_TooManyError, _TooLargeError):
            return RpcError(Code.INVALID_QUERY, (Problem("", say("query.size", limit=MAX_SIZE)),))
        finally:
            learn_of_one(projection, context, work.rows)
    return found[uid].value if uid in found else RpcError(Code.OBJECT_NOT_FOUND)


async def told(
    reads: Reads,
    context: Context,
    projection: Projection,
    known: Mapping[str, Json],
    near: Near = MappingProxyType({}),
) -> Json | RpcError:
    """An object that the caller has just changed. `known` has its uid and more of its own properties, in wire form, and
    `near` records of classes that these lead to: asking for these alone costs no read.
    """
    if projection.names <= known.keys() and projection.is_own:  # what is near comes with what leads to it
        below = dict(_levels_of(projection, near))
        return {
            pick.field.name: _cut(known[pick.field.name], pick.cut, below).value for pick in projection.picks
        }
    return await get(reads, context, projection, cast("Uid", known["uid"]))


def asking(context: Context, projection: Projection) -> Context:
    """The context in which an object is changed that the answer shows so: its writer may tell what was asked."""
    return msgspec.structs.replace(context, asked=projection.names) if projection.is_own else context


def _levels_of(projection: Projection, near: Near) -> Iterator[tuple[int, _Level]]:
    """The objects below, made of records instead of rows."""
    for pick in projection.picks:
        if isinstance(cut := pick.cut, Expand):
            records = near.get(cut.projection.decl.name, {})
            yield id(cut), {uid: Built(_of_record(cut.projection, each), 0) for uid, each in records.items()}


def _of_record(projection: Projection, record: Record) -> Json:
    """An object of the columns that its record has as fields."""
    parts: dict[str, Json] = {}
    for pick in projection.picks:
        cell = getattr(record, cast("Any", pick.field.column).name)
        convert = _converter(pick.field)
        parts[pick.field.name] = _cut(cell if convert is None else convert(cell), pick.cut, {}).value
    return parts


async def list_(
    reads: Reads, context: Context, projection: Projection, selection: Selection
) -> Json | RpcError:
    """The selected objects in their order, or -32602 if there are too many, or too much of them, to answer."""
    cost = cost_of_list(projection, context, selection)
    # A short one is here sooner without a cursor, which takes a round trip more, and a transaction.
    long = cost > LIGHT
    async with reads.snapshot(cost, alone=projection.is_of_columns and not long) as snapshot:
        work = _Fetch(snapshot, context)
        # Made now that it is its turn: a thousand lists that wait cost nothing.
        statement = objects_selected(projection.decl, columns(projection), context, selection)
        try:
            found = await (work.in_parts if long else work.level)(projection, statement)
        except _TooManyError:
            return too_many_rows()
        except _TooLargeError:
            return invalid_params([Problem("/1/limit", say("query.size", limit=MAX_SIZE))])
    learn(projection, context, selection, len(found))
    return [built.value for built in found.values()]


async def count(reads: Reads, context: Context, decl: ClassDecl, filters: Filters) -> Json:
    """How many objects match."""
    async with reads.snapshot(alone=True) as snapshot:
        statement = objects_counted(decl, context, filters)
        rows = await snapshot.fetch(statement.sql, statement.arguments)
    return cast("int", rows[0][0])


def values(answered: Json) -> Json:
    """What a read answered, whose objects are written out already, for whoever looks into them."""
    return _decode(encode(answered))


class _Fetch:
    """One read in one snapshot."""

    def __init__(self, snapshot: Snapshot, context: Context) -> None:
        self._snapshot = snapshot
        self._context = context
        self._pace = Pace()
        self.rows = 0

    async def by_uid(self, projection: Projection, uids: Sequence[Uid]) -> _Level:
        if not uids:
            return {}
        statement = objects_by_uid(projection.decl, columns(projection), self._context, uids)
        return await self.level(projection, statement)

    async def level(self, projection: Projection, statement: Statement) -> _Level:
        """The objects of one statement, by uid, in the statement's order."""
        return await self._built(projection, await self._snapshot.fetch(statement.sql, statement.arguments))

    async def in_parts(self, projection: Projection, statement: Statement) -> _Level:
        """The same of a long list: what a part of it was made of is forgotten before the next one is read."""
        found: dict[Uid, Built] = {}
        total = 0
        async with aclosing(self._snapshot.parts(statement.sql, statement.arguments, PART)) as parts:
            async for rows in parts:
                built = await self._built(projection, rows)
                total += sum(each.size for each in built.values())
                if total > MAX_SIZE:
                    raise _TooLargeError
                found |= built
                if len(found) > MAX_ROWS:
                    raise _TooManyError
        return found

    async def _built(self, projection: Projection, rows: Sequence[Sequence[Any]]) -> _Level:
        self.rows += len(rows)
        if len(rows) > MAX_ROWS:
            raise _TooManyError
        values, sizes = await self._values(projection, rows)
        below = await self._below(projection, values)
        return await self._put_together(projection, values, sizes, below)

    async def _values(
        self, projection: Projection, rows: Sequence[Sequence[Any]]
    ) -> tuple[Mapping[Uid, Mapping[str, Json]], Mapping[Uid, int]]:
        """The properties of each object in wire form, references still uids; and about how long each is."""
        cells = [(field.name, _converter(field)) for field in columns(projection)]
        values: dict[Uid, dict[str, Json]] = {}
        sizes: dict[Uid, int] = {}
        total = 0
        for row in rows:
            sizes[row[0]] = size = _size(row)
            total += size
            if total > MAX_SIZE:
                raise _TooLargeError
            values[row[0]] = {
                name: cell if convert is None else convert(cell)
                for (name, convert), cell in zip(cells, row[1:], strict=True)
            }
            if self._pace.over:
                await self._pace.pause()
        for pick in projection.picks:
            if callable(pick.field.source):
                await self._load(pick.field.name, pick.field.source, values)
        return values, sizes

    async def _load(self, name: str, source: Loader, values: Mapping[Uid, dict[str, Json]]) -> None:
        """Values that a rule computes, for some objects at a time, in parts of one size: of many none is left alone."""
        uids = list(values)
        parts = -(-len(uids) // LOADED_AT_ONCE)
        for part in range(parts):
            some = uids[part * len(uids) // parts : (part + 1) * len(uids) // parts]
            loaded = await source(self._snapshot, self._context, some)
            for uid in some:
                values[uid][name] = loaded.get(uid)
            await self._pace.pause()

    async def _below(self, projection: Projection, values: Mapping[Uid, Mapping[str, Json]]) -> _Levels:
        """The objects that the references of this level lead to: one statement for each reference in the query."""
        wanted: dict[int, tuple[Projection, dict[Uid, None]]] = {}
        for pick in projection.picks:
            if pick.cut is WHOLE:
                continue
            for row in values.values():
                for expand, uid in _references(row[pick.field.name], pick.cut):
                    wanted.setdefault(id(expand), (expand.projection, {}))[1][uid] = None
                if self._pace.over:
                    await self._pace.pause()
        return {key: await self.by_uid(below, list(uids)) for key, (below, uids) in wanted.items()}

    async def _put_together(
        self,
        projection: Projection,
        values: Mapping[Uid, Mapping[str, Json]],
        sizes: Mapping[Uid, int],
        below: _Levels,
    ) -> _Level:
        built: dict[Uid, Built] = {}
        total = 0
        for uid, row in values.items():
            built[uid] = _build(projection, row, sizes[uid], below)
            total += built[uid].size
            if total > MAX_SIZE:
                raise _TooLargeError
            if self._pace.over:
                await self._pace.pause()
        return built


def columns(projection: Projection) -> list[Field]:
    """The properties that one statement reads."""
    return [pick.field for pick in projection.picks if pick.field.column is not None]


def _converter(field: Field) -> Callable[[Any], Json] | None:
    """What makes the wire form of a cell; None where that is the cell: most cells of a list need no call."""
    column, wire = field.column, field.to_wire
    if column is not None and isinstance(column.type, sa.JSON):
        return _decoded if wire is None else lambda cell: wire(_decoded(cell))
    if wire is None and column is not None and isinstance(column.type, _AS_IT_IS):
        return None
    return wire or _plain


_AS_IT_IS: Final = (sa.Integer, sa.Boolean, sa.Text)


def _decoded(cell: Any) -> Json:
    """What a cell of JSON says, which is read as text."""
    return _decode(cell) if isinstance(cell, str) else _plain(cell)


def _plain(cell: Any) -> Json:
    if isinstance(cell, datetime):
        return write_moment(cell)
    return str(cell) if isinstance(cell, UUID) else cell


def _references(value: Json, cut: Cut) -> Iterator[tuple[Expand, Uid]]:
    """The uids in a value that the query wants expanded."""
    if is_array(value):
        for item in value:
            yield from _references(item, cut)
    elif isinstance(cut, Expand) and (uid := _uid(value, cut)) is not None:
        yield cut, uid
    elif isinstance(cut, Keys) and is_object(value):
        for name, inner in cut.keys.items():
            yield from _references(value.get(name), inner)


def _uid(value: Json, cut: Expand) -> Uid | None:
    """The uid that a value is; keys and texts in jsonb may hold an integer's digits."""
    if cut.projection.decl.uid_kind is not Kind.INTEGER:
        return value if isinstance(value, str) else None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= MAX_UID_DIGITS else None
    return value if isinstance(value, int) else None


def _size(row: Sequence[Any]) -> int:
    """About how many bytes the cells of a row come to in an answer, with the names of the properties."""
    return sum(_PER_CELL + (len(cell) if isinstance(cell, str) else 0) for cell in row)


_PER_CELL: Final = 16


def _build(projection: Projection, row: Mapping[str, Json], size: int, below: _Levels) -> Built:
    """An object, written out. What it holds is added up before, so that nothing too large is ever made."""
    parts: dict[str, Json] = {}
    for pick in projection.picks:
        name = pick.field.name
        if pick.cut is WHOLE:
            parts[name] = row[name]
            continue
        part = _cut(row[name], pick.cut, below)
        parts[name] = part.value
        size += part.size
    if size > MAX_SIZE:
        raise _TooLargeError
    text = encode(parts)
    return Built(cast("Json", msgspec.Raw(text)), len(text))


_MISSING: Final = Built(None, 0)


def _cut(value: Json, cut: Cut, below: _Levels) -> Built:
    """The part of a value that the query asks for; what is not there is null, and falls out of an array."""
    if isinstance(cut, Expand) and (uid := _uid(value, cut)) is not None:
        return below.get(id(cut), {}).get(uid, _MISSING)
    if isinstance(cut, Expand | Keys) and is_array(value):
        parts = [part for item in value if (part := _cut(item, cut, below)).value is not None]
        return Built([part.value for part in parts], sum(part.size for part in parts))
    if isinstance(cut, Keys) and is_object(value):
        members = {name: _cut(value.get(name), inner, below) for name, inner in cut.keys.items()}
        held = sum(member.size for member in members.values())
        return Built({name: member.value for name, member in members.items()}, held)
    return Built(value, 0)
