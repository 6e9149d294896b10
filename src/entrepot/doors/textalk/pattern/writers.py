"""Which writer a class has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.pattern.writer import Writer, Written
from entrepot.doors.textalk.wire.errors import Problem, RpcError
from entrepot.doors.textalk.wire.json import Json


class Writers:
    """A writer for each class that has one of its own, and one for all others."""

    def __init__(self, others: Writer, own: Mapping[str, Writer]) -> None:
        self._others = others
        self._own = own

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """As the class's writer does."""
        return await self._of(decl).write(context, decl, uid, patch)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """As the class's writer does."""
        return await self._of(decl).delete(context, decl, uid)

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """As the class's writer does."""
        return await self._of(decl).problems(context, decl, uid, patch)

    def _of(self, decl: ClassDecl) -> Writer:
        return self._own.get(decl.name, self._others)
