"""The methods that follow from a declaration (decision textalk common methods, item 19, item 25)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Classes, Operation, Uid
from entrepot.doors.textalk.declare.shapes import MAX_UID, MAX_UID_DIGITS, Kind
from entrepot.doors.textalk.pattern import signatures
from entrepot.doors.textalk.pattern.references import unknown_references
from entrepot.doors.textalk.pattern.schemas import patch_schema
from entrepot.doors.textalk.pattern.validation import check_patch, normalized
from entrepot.doors.textalk.pattern.writer import Writer, Written
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.query.filters import read_filters
from entrepot.doors.textalk.query.projection import Projection, read_projection
from entrepot.doors.textalk.query.reads import Reads
from entrepot.doors.textalk.query.selection import read_selection
from entrepot.doors.textalk.rpc.methods import Handler, Method
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json, is_array, is_object
from entrepot.doors.textalk.wire.sentences import say

_MAX_UID_LENGTH: Final = 200


def read_uid(raw: Json, decl: ClassDecl, pointer: str = "/0") -> Uid | RpcError:
    """The uid in a parameter: -32602 if it is none, 9003 if it is one that no object can have."""
    if decl.uid_kind is not Kind.INTEGER:
        fits = isinstance(raw, str) and 0 < len(raw) <= _MAX_UID_LENGTH
        return str(raw) if fits else _no_uid(pointer)
    if isinstance(raw, str) and raw.isascii() and raw.isdigit():
        raw = int(raw) if len(raw) <= MAX_UID_DIGITS else MAX_UID + 1
    if not isinstance(raw, int) or isinstance(raw, bool):
        return _no_uid(pointer)
    return raw if 0 <= raw <= MAX_UID else RpcError(Code.OBJECT_NOT_FOUND)


def _no_uid(pointer: str) -> RpcError:
    return invalid_params([Problem(pointer, say("params.uid"))])


class ClassMethods(msgspec.Struct, frozen=True):
    """The handlers of one class."""

    decl: ClassDecl
    classes: Classes
    reads: Reads
    writer: Writer

    def methods(self) -> Iterator[Method]:
        """An entry of the dispatch table for each operation that the class has."""
        handlers: Mapping[Operation, Handler] = {
            Operation.GET: self.get,
            Operation.LIST: self.list,
            Operation.COUNT: self.count,
            Operation.SET: self.set,
            Operation.CREATE: self.create,
            Operation.DELETE: self.delete,
            Operation.VALIDATE: self.validate,
            Operation.NORMALIZE: self.normalize,
            Operation.GET_SCHEMA: self.get_schema,
        }
        for operation, audience in self.decl.operations.items():
            yield signatures.method(self.decl, operation, audience, handlers[operation])

    async def get(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[uid, query?]`: one object; 9003, 9004."""
        uid = read_uid(params[0], self.decl)
        if isinstance(uid, RpcError):
            return uid
        projection = self.projection(context, _at(params, 1, True))
        if isinstance(projection, RpcError):
            return projection
        return await fetch.get(self.reads, context, projection, uid)

    async def list(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[query?, selection?]`: the selected objects; 9004, -32602."""
        projection = self.projection(context, _at(params, 0, True))
        if isinstance(projection, RpcError):
            return projection
        selection = read_selection(_at(params, 1), self.decl, context.audience, zone=context.zone)
        if isinstance(selection, RpcError):
            return selection
        return await fetch.list_(self.reads, context, projection, selection)

    async def count(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[filters?]`: how many objects match; -32602."""
        filters = read_filters(_at(params, 0), self.decl, context.audience, "/0", context.zone)
        if isinstance(filters, RpcError):
            return filters
        return await fetch.count(self.reads, context, self.decl, filters)

    async def set(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[uid or null, patch, query?]`: changes, or creates; 9001, 9002, 9003, 9004."""
        uid = None if params[0] is None else read_uid(params[0], self.decl)
        return uid if isinstance(uid, RpcError) else await self._write(context, uid, params[1:], "/1")

    async def create(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[patch, query?]`: like set with null."""
        return await self._write(context, None, params, "/0")

    async def _write(
        self, context: Context, uid: Uid | None, params: Sequence[Json], at: str
    ) -> Json | RpcError:
        """The query is read first, so that one that cannot be answered changes nothing."""
        projection = self.projection(context, _at(params, 1, "uid"), making=uid is None)
        if isinstance(projection, RpcError):
            return projection
        patch = read_patch(params[0], at)
        if isinstance(patch, RpcError):
            return patch
        checked = check_patch(self.decl, context.audience, patch, creating=uid is None, zone=context.zone)
        if checked.error is not None:
            return checked.error
        unknown = await self._unknown(context, checked.patch)
        if unknown:
            return RpcError(Code.VALIDATION_ERROR, tuple(unknown))
        written = await self.writer.write(fetch.asking(context, projection), self.decl, uid, checked.patch)
        return written if isinstance(written, RpcError) else await self._answer(context, written, projection)

    async def _unknown(self, context: Context, patch: Mapping[str, Json]) -> Sequence[Problem]:
        return await unknown_references(self.reads, context, self.decl, self.classes, patch)

    async def _answer(self, context: Context, written: Written, projection: Projection) -> Json | RpcError:
        if written.unseen:
            return await fetch.get(self.reads, context, projection, written.uid)
        known = {"uid": written.uid, **written.known}
        return await fetch.told(self.reads, context, projection, known, written.near)

    async def delete(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[uid]`: null; 9003."""
        uid = read_uid(params[0], self.decl)
        return uid if isinstance(uid, RpcError) else await self.writer.delete(context, self.decl, uid)

    async def validate(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[uid or null, patch]`: everything that is wrong with the patch; nothing is stored."""
        uid = None if params[0] is None else read_uid(params[0], self.decl)
        if isinstance(uid, RpcError):
            return uid
        patch = read_patch(params[1], "/1")
        if isinstance(patch, RpcError):
            return patch
        checked = check_patch(self.decl, context.audience, patch, creating=uid is None, zone=context.zone)
        found: Sequence[Problem] | RpcError = [*checked.unconverted, *checked.invalid]
        found = found or await self._unknown(context, checked.patch)
        if not found:
            found = await self.writer.problems(context, self.decl, uid, checked.patch)
        if isinstance(found, RpcError):
            return found
        return [problem.render(context.language) for problem in found]

    async def normalize(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[uid or null, patch]`: the patch in normal form; 9002."""
        uid = None if params[0] is None else read_uid(params[0], self.decl)
        patch = read_patch(params[1], "/1")
        if isinstance(uid, RpcError) or isinstance(patch, RpcError):
            return uid if isinstance(uid, RpcError) else patch
        problems: list[Problem] = []
        normal = normalized(self.decl, patch, problems, context.zone)
        return RpcError(Code.NORMALIZATION_ERROR, tuple(problems)) if problems else normal

    async def get_schema(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[uid or null]?`: the schema of patches; null that of creation."""
        creating = bool(params) and params[0] is None
        return patch_schema(self.decl, context.audience, creating=creating)

    def projection(self, context: Context, raw: Json, *, making: bool = False) -> Projection | RpcError:
        """The projection of a query; an omitted or null one stands for the method's default."""
        return read_projection(raw, self.decl, self.classes, context.audience, making=making)


def _at(params: Sequence[Json], place: int, default: Json = None) -> Json:
    given = params[place] if place < len(params) else None
    return default if given is None else given


def read_patch(raw: Json, pointer: str) -> Mapping[str, Json] | RpcError:
    """`[]` is what PHP makes of an empty object."""
    if is_array(raw) and not raw:
        return {}
    return raw if is_object(raw) else invalid_params([Problem(pointer, say("params.patch"))])
