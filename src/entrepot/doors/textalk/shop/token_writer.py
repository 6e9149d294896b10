"""Persistent tokens of integrations (decision textalk AuthToken)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.caller.tokens import AUTH
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.declare.normalization import write_moment
from entrepot.doors.textalk.declare.shapes import MAX_UID_DIGITS
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.connections import Connection
from entrepot.store.credentials import credentials

_OWN: Final = "select id from credentials where workspace = $1 and id = $2 and channel = $3 and kind = $4"
_RENAME: Final = "update credentials set label = $3 where workspace = $1 and id = $2"


class TokenWriter:
    """Makes and revokes persistent tokens; the directory leads from them to the shop, so they are no engine's rows."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """A new token is answered once, as `uid`; afterwards it goes by its handle. A revoked one stays revoked."""
        del decl
        return await (self._create(context, patch) if uid is None else self._change(context, str(uid), patch))

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Revoke the token."""
        del decl
        changed = await self._change(context, str(uid), {"active": False})
        return changed if isinstance(changed, RpcError) else None

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """Nothing beyond the schema."""
        del context, decl, uid, patch
        return ()

    async def _create(self, context: Context, patch: Mapping[str, Json]) -> Written | RpcError:
        """All properties are known, so that no query has to look for the token by what is not its handle."""
        shop, now = context.shop, self._services.clock.now()
        token, name, active = secrets.token_urlsafe(32), str(patch["name"]), patch.get("active") is not False
        async with self._transaction() as connection:
            made = await credentials.create_credential(
                connection, shop.workspace, shop.channel, "live", AUTH, token, name, now=now
            )
            if not active:
                await credentials.revoke_credential(connection, shop.workspace, made.id, now)
        return Written(token, {"name": name, "active": active, "created": write_moment(now)})

    async def _change(self, context: Context, handle: str, patch: Mapping[str, Json]) -> Written | RpcError:
        shop, number = context.shop, _number(handle)
        async with self._transaction() as connection:
            if await connection.fetchrow(_OWN, shop.workspace, number, shop.channel, AUTH) is None:
                return RpcError(Code.OBJECT_NOT_FOUND)
            if "name" in patch:
                await connection.execute(_RENAME, shop.workspace, number, str(patch["name"]))
            if patch.get("active") is False:
                now = self._services.clock.now()
                await credentials.revoke_credential(connection, shop.workspace, number, now)
        return Written(handle)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        """A transaction on a connection of its own: tokens are made too rarely to keep one for them."""
        connection = await self._services.engine.connect()
        try:
            async with connection.transaction():
                yield connection
        finally:
            await connection.close()


def _number(handle: str) -> int:
    """The credential of a handle; 0, which is none, for a text that is no handle."""
    fits = handle.isascii() and handle.isdigit() and len(handle) <= MAX_UID_DIGITS
    return int(handle) if fits else 0
