"""Discounts and their codes: codes end after they start."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from entrepot.domain.channels.edit_rows import Put
from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.declare.fields import moment_of
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of, stored_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import say

_KNOWN: Final = (
    "select valid_from, valid_until from discounts where workspace = $1 and id = $2 and channel = $3"
)
_BOUNDS: Final = ("validFrom", "validUntil")


class DiscountCodeWriter(RowWriter):
    """Writes discount codes."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.engine)
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Refuse one that would end before it starts; what was used and taken the rules know."""
        if problems := await self._period(context, uid, patch):
            return RpcError(Code.VALIDATION_ERROR, problems)
        return await super().write(context, decl, uid, patch)

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What of the patch goes neither with itself nor with what stands already, and what the rules refuse."""
        if problems := await self._period(context, uid, patch):
            return problems
        stored = stored_of(decl)
        put = Put(stored.kind, uid, changes_of(decl, patch), stored.blank if uid is None else None)
        return await self.rehearsed(self._services.reads, context, decl, [put])

    async def _period(
        self, context: Context, uid: Uid | None, patch: Mapping[str, Json]
    ) -> tuple[Problem, ...]:
        given = [name for name in _BOUNDS if name in patch]
        partly = uid is not None and len(given) == 1
        return _period(patch, await self._known(context, int(uid)) if partly and uid is not None else None)

    async def _known(self, context: Context, uid: int) -> Sequence[Any] | None:
        shop = context.shop
        async with self._services.reads.acquire() as connection:
            return await connection.fetchrow(_KNOWN, shop.workspace, uid, shop.channel)


def _period(patch: Mapping[str, Json], known: Sequence[Any] | None) -> tuple[Problem, ...]:
    given = [name for name in _BOUNDS if name in patch]
    start, end = (
        moment_of(patch[name]) if name in patch else cast("datetime | None", known and known[place])
        for place, name in enumerate(_BOUNDS)
    )
    if not given or start is None or end is None or start < end:
        return ()
    return (Problem(f"/{given[-1]}", say("patch.period")),)


class DiscountWriter(RowWriter):
    """Writes discounts by the vendor's words for them. A new one has a code that nobody knows until it gets another."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Change the discount, or make one; 9003."""
        stored, changes = stored_of(decl), changes_of(decl, patch)
        own = {} if uid is not None else {"code": secrets.token_hex(16)}
        put = Put(stored.kind, uid, own | changes, stored.blank if uid is None else None)
        keys = await self.edit(context, decl, [put])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))
