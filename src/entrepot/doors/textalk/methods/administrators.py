"""Admin.login, and the tokens of integrations (contract, section 3, Admin / AuthToken)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from entrepot.domain.access import CountTry, ForgetTries, GrantToken
from entrepot.domain.channels import ChannelSettings
from entrepot.domain.state import Refused
from entrepot.doors.kit import Services
from entrepot.doors.textalk.accounts import tokens
from entrepot.doors.textalk.accounts.tries import LOGIN_TRIES, subject_of
from entrepot.doors.textalk.classes.declaration import ClassDecl, Uid
from entrepot.doors.textalk.classes.tools import AUTH
from entrepot.doors.textalk.context import Context
from entrepot.doors.textalk.errors import Code, Problem, RpcError
from entrepot.doors.textalk.failures import rpc_error
from entrepot.doors.textalk.json import Json
from entrepot.doors.textalk.methods.parts import Parts
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.settings import webshop_settings
from entrepot.store import credentials

LIFETIME: Final = timedelta(hours=24)
_STORED_HASH: Final = "select password_hash from administrators where workspace = $1 and id = $2 and active"
_TEXT: Final = {"type": "string"}


def methods(parts: Parts) -> Iterator[Method]:
    """Admin.login."""

    async def login(context: Context, params: Sequence[Json]) -> Json | RpcError:
        return await _login(parts, context, params[0], params[1])

    yield Method(
        "Admin.login",
        "A token for the context parameter auth, good for a day",
        login,
        (Param("username", _TEXT), Param("password", _TEXT)),
        _TEXT,
        needs_webshop=False,
        carries_credentials=True,
    )


async def _login(parts: Parts, context: Context, username: Json, password: Json) -> Json | RpcError:
    """3001 for whatever does not fit, after the same work."""
    if not (isinstance(username, str) and isinstance(password, str)) or len(password) > 1000:
        return RpcError(Code.LOGIN_FAILED)
    caller = await parts.services.callers.get(tokens.administrator_key(username))
    workspace = context.webshop.workspace if context.webshop else caller.workspace if caller else None
    if workspace is not None:
        tried = subject_of("admin", username.casefold(), context.address)
        counted = await parts.services.engine.execute(workspace, CountTry(tried, *LOGIN_TRIES))
        if isinstance(counted, Refused):
            return rpc_error(counted.failures[0])
    stored = None
    if caller is not None and caller.credential is not None:
        rows = await parts.read(_STORED_HASH, caller.workspace, caller.credential)
        stored = rows[0][0] if rows else None
    if not await parts.passwords.verify(stored, password) or caller is None or caller.credential is None:
        return RpcError(Code.LOGIN_FAILED)
    if context.webshop is None and not context.secure and _is_strict(caller.settings):
        return RpcError(Code.SECURE_CONNECTION_REQUIRED)
    token = tokens.new_login_token(caller.workspace)
    engine = parts.services.engine
    await engine.execute(
        caller.workspace, ForgetTries(subject_of("admin", username.casefold(), context.address))
    )
    granted = GrantToken(tokens.hashed(tokens.LOGIN, token), caller.credential, LIFETIME)
    outcome = await engine.execute(caller.workspace, granted)
    return rpc_error(outcome.failures[0]) if isinstance(outcome, Refused) else token


def _is_strict(settings: ChannelSettings) -> bool:
    """Whether the shop demands TLS: without a shop in the context this is known only once the password was right."""
    shop = webshop_settings(settings)
    return shop is not None and shop.demands_tls


def may_manage_tokens(context: Context) -> bool:
    """A persistent token gives no access to the class AuthToken itself (contract, section 3)."""
    return context.administrator is None or not context.administrator.persistent


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
        shop, now = context.shop, self._services.clock.now()
        token = secrets.token_urlsafe(32)
        connection = await self._services.engine.connect()
        try:
            async with connection.transaction():
                await credentials.create_credential(
                    connection, shop.workspace, shop.channel, "live", AUTH, token, str(patch["name"]), now=now
                )
        finally:
            await connection.close()
        return Written(token, {"name": patch["name"], "active": True})

    async def _change(self, context: Context, handle: str, patch: Mapping[str, Json]) -> Written | RpcError:
        shop, number = context.shop, int(handle) if handle.isascii() and handle.isdigit() else 0
        connection = await self._services.engine.connect()
        try:
            async with connection.transaction():
                row = await connection.fetchrow(_OWN, shop.workspace, number % 2**62, shop.channel, AUTH)
                if row is None:
                    return RpcError(Code.OBJECT_NOT_FOUND)
                if "name" in patch:
                    await connection.execute(_RENAME, shop.workspace, number, str(patch["name"]))
                if patch.get("active") is False:
                    now = self._services.clock.now()
                    await credentials.revoke_credential(connection, shop.workspace, number, now)
        finally:
            await connection.close()
        return Written(handle)


_OWN: Final = "select id from credentials where workspace = $1 and id = $2 and channel = $3 and kind = $4"
_RENAME: Final = "update credentials set label = $3 where workspace = $1 and id = $2"
