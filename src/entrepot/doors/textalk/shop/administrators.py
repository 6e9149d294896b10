"""Admin.login, and who may manage tokens (decision textalk AuthToken)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.channels.admin_tokens import GrantToken
from entrepot.domain.customers.records import proof_of
from entrepot.domain.kernel.commands import Refused
from entrepot.doors.textalk.caller import tokens
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.caller.lookups import is_of
from entrepot.doors.textalk.caller.tries import administrator_try
from entrepot.doors.textalk.pattern.arguments import TEXT, text
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.settings import webshop_settings
from entrepot.engine.guesses import OF_NO_WORKSPACE
from entrepot.failures import Overloaded
from entrepot.failures.accounts import LoginFailed
from entrepot.store.credentials.directory import Caller

LIFETIME: Final = timedelta(hours=24)
_STORED_HASH: Final = "select password_hash from administrators where workspace = $1 and id = $2 and active"


def methods(parts: Parts) -> Iterator[Method]:
    """Admin.login."""

    async def login(context: Context, params: Sequence[Json]) -> Json | RpcError:
        username, password = text(params, 0), text(params, 1)
        if isinstance(username, RpcError):
            return username
        return (
            password if isinstance(password, RpcError) else await _login(parts, context, username, password)
        )

    yield Method(
        "Admin.login",
        "A token for the context parameter auth, good for a day",
        login,
        (Param("username", TEXT), Param("password", TEXT, secret=True)),
        TEXT,
        needs_webshop=False,
        carries_credentials=True,
        logged=True,
        hidden=("",),
    )


async def _login(parts: Parts, context: Context, username: str, password: str) -> Json | RpcError:
    """3001 for whatever does not fit, after one check of one password; also for another shop's administrator."""
    if parts.passwords.busy:
        return rpc_error(Overloaded(1))
    guess, guesses = administrator_try(context, username), parts.services.guesses
    over = await guesses.count(OF_NO_WORKSPACE, guess)
    if over is not None:
        return rpc_error(over)
    caller = await parts.services.callers.get(tokens.administrator_key(username))
    known = (
        caller if caller is not None and is_of(context.webshop, caller.workspace, caller.channel) else None
    )
    stored = await _stored_hash(parts, known)
    right = await parts.passwords.verify(stored, password)
    if not right or known is None or known.credential is None:
        return rpc_error(LoginFailed())
    if context.webshop is None and not context.secure and _is_strict(known.settings):
        return RpcError(Code.SECURE_CONNECTION_REQUIRED)
    token = tokens.LOGIN_TOKENS.new(known.workspace)
    granted = GrantToken(tokens.hashed(tokens.LOGIN, token), known.credential, proof_of(stored), LIFETIME)
    outcome = await parts.services.engine.execute(known.workspace, granted)
    if isinstance(outcome, Refused):
        return rpc_error(outcome.failures[0])
    await guesses.take_back(OF_NO_WORKSPACE, guess)
    return token


async def _stored_hash(parts: Parts, caller: Caller | None) -> str | None:
    if caller is None or caller.credential is None:
        return None
    rows = await parts.read(_STORED_HASH, caller.workspace, caller.credential)
    return rows[0][0] if rows else None


def _is_strict(settings: ChannelSettings) -> bool:
    """Whether the shop demands TLS: without a shop in the context this is known only once the password was right."""
    shop = webshop_settings(settings)
    return shop is not None and shop.demands_tls


def may_manage_tokens(context: Context) -> bool:
    """A persistent token gives no access to the class AuthToken itself (decision textalk AuthToken)."""
    return context.administrator is None or not context.administrator.persistent
