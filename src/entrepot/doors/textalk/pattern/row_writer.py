"""Objects that are one record each: their patches become edits of that record."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

from entrepot.domain.channels.edit_rows import EditRows, Put, Remove
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.kernel.records import Record
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Goods, Stored, Uid
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import say
from entrepot.engine import Engine
from entrepot.failures.rows import NameTaken
from entrepot.store.connections import Pool


class RowWriter:
    """Writes objects of classes that say in their declaration what they are stored as."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Change the record, or make one; 9003 if it is not the shop's."""
        stored = stored_of(decl)
        edit = Put(stored.kind, uid, changes_of(decl, patch), stored.blank if uid is None else None)
        keys = await self.edit(context, decl, [edit])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Remove the record."""
        outcome = await self.edit(context, decl, [Remove(stored_of(decl).kind, uid)])
        return outcome if isinstance(outcome, RpcError) else None

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """Nothing: what the schema lets pass fits the record."""
        del context, decl, uid, patch
        return ()

    async def edit(
        self, context: Context, decl: ClassDecl, edits: Sequence[Put | Remove]
    ) -> Sequence[Hashable] | RpcError:
        """Run the edits together; the keys of the rows."""
        outcome = await self._engine.execute(context.shop.workspace, _command(context, decl, edits))
        if isinstance(outcome, Refused):
            return _refusal(decl, outcome)
        return cast("Sequence[Hashable]", outcome)

    async def rehearsed(
        self, reads: Pool, context: Context, decl: ClassDecl, edits: Sequence[Put | Remove]
    ) -> Sequence[Problem] | RpcError:
        """What the rules would say of the edits: what is wrong with their values, or why they cannot be at all."""
        async with reads.acquire() as connection:
            command = _command(context, decl, edits)
            outcome = await self._engine.rehearse(connection, context.shop.workspace, command)
        return problems_of(_refusal(decl, outcome)) if isinstance(outcome, Refused) else ()


class GoodsWriter:
    """Writes objects of the catalogue, each class by its own commands."""

    def __init__(self, engine: Engine, reads: Pool) -> None:
        self._engine = engine
        self._reads = reads

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Change the record, or make one; 9003 if there is none, 1006 for a shop that may not."""
        command = _saved(context, decl, uid, patch)
        outcome = await self._engine.execute(context.shop.workspace, command)
        if isinstance(outcome, Refused):
            return rpc_error(outcome.failures[0])
        return Written(cast("Uid", cast("Record", outcome).key))

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Remove the record."""
        command = goods_of(decl).delete(channel=context.shop.channel, id=int(uid))
        outcome = await self._engine.execute(context.shop.workspace, command)
        return rpc_error(outcome.failures[0]) if isinstance(outcome, Refused) else None

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What the rules would say of the change."""
        command = _saved(context, decl, uid, patch)
        async with self._reads.acquire() as connection:
            outcome = await self._engine.rehearse(connection, context.shop.workspace, command)
        return problems_of(rpc_error(outcome.failures[0])) if isinstance(outcome, Refused) else ()


def _saved(context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]) -> Command:
    number = None if uid is None else int(uid)
    return goods_of(decl).save(channel=context.shop.channel, id=number, changes=changes_of(decl, patch))


def problems_of(error: RpcError) -> Sequence[Problem] | RpcError:
    """The places that an error of validation names; any other error is an answer of its own."""
    return cast("Sequence[Problem]", error.data) if error.code is Code.VALIDATION_ERROR else error


def _command(context: Context, decl: ClassDecl, edits: Sequence[Put | Remove]) -> EditRows:
    return stored_of(decl).edits(context.shop.channel, tuple(edits))


def _refusal(decl: ClassDecl, outcome: Refused) -> RpcError:
    failure = outcome.failures[0]
    unique = stored_of(decl).unique
    if isinstance(failure, NameTaken) and unique:
        return RpcError(Code.VALIDATION_ERROR, (Problem(f"/{unique}", say("patch.taken")),), failure)
    return rpc_error(failure)


def stored_of(decl: ClassDecl) -> Stored:
    """What the class is stored as."""
    if decl.stored is None:
        raise TypeError(decl.name)
    return decl.stored


def goods_of(decl: ClassDecl) -> Goods:
    """The commands of a class of the catalogue."""
    if decl.goods is None:
        raise TypeError(decl.name)
    return decl.goods


def changes_of(decl: ClassDecl, patch: Mapping[str, Json]) -> dict[str, Any]:
    """The changes of the record that a patch asks for."""
    changes: dict[str, Any] = {}
    for name, value in patch.items():
        put = decl.by_name[name].put
        if put is not None:
            _add(changes, put(value))
    return changes


def _add(changes: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Several properties may be kept in one field, as keys of an object."""
    for field, value in more.items():
        if field == "data":
            changes.setdefault(field, {}).update(value)
        else:
            changes[field] = value
