"""Who and what a context names, read from the store for every call and batched per tick, never cached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.doors.kit import Services, TickBatcher
from entrepot.doors.textalk.caller import tokens
from entrepot.doors.textalk.caller.context import Administrator, BuyerSession, Webshop
from entrepot.doors.textalk.wire.settings import webshop_settings
from entrepot.store.connections import Pool
from entrepot.store.credentials.directory import Caller, credential_key

_SESSIONS: Final = """
select s.hash, s.id, s.channel, s.customer, s.cart, s.currency, s.language, s.expires_at
from unnest((select $2::bytea[])) k(hash)
cross join lateral (select * from sessions where workspace = $1 and hash = k.hash offset 0) s
where s.customer is null or exists (
  select from customers c where c.workspace = $1 and c.id = s.customer and c.state <> 'removed' and c.approved
    and s.proof = sha256(convert_to(coalesce(c.password_hash, ''), 'UTF8'))
)
"""
"""A session ends with what it was got for: the customer, the leave to log in, and the password."""
_LOGINS: Final = """
select t.hash, t.administrator, a.channel, t.expires_at, coalesce((
  select (c.settings -> 'door' ->> 'demands_tls')::boolean from channels c
  where c.workspace = $1 and c.id = a.channel
), false)
from unnest((select $2::bytea[])) k(hash)
cross join lateral (select * from admin_tokens where workspace = $1 and hash = k.hash offset 0) t
cross join lateral (
  select channel from administrators where workspace = $1 and id = t.administrator and active
    and t.proof = sha256(convert_to(password_hash, 'UTF8')) offset 0
) a
"""

Name = tuple[int, bytes]
"""A workspace and the hash of a token in it."""


class SessionRow(msgspec.Struct, frozen=True):
    """A session as its table has it."""

    id: int
    channel: int
    customer: int | None
    cart: int | None
    currency: str
    language: str
    expires_at: datetime


class LoginRow(msgspec.Struct, frozen=True):
    """A log-in of an active administrator; `channel` None runs every shop of the workspace."""

    administrator: int
    channel: int | None
    expires_at: datetime
    demands_tls: bool


class StoreLookups:
    """The look-ups of this door's contexts."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions = TickBatcher[Name, SessionRow](_Rows(services.reads, _SESSIONS, SessionRow).load)
        self._logins = TickBatcher[Name, LoginRow](_Rows(services.reads, _LOGINS, LoginRow).load)

    def now(self) -> datetime:
        """The business time."""
        return self._services.clock.now()

    async def webshop(self, uid: int) -> Webshop | None:
        """The shop, or None if there is none or it is closed."""
        caller = await self._services.callers.get(tokens.shop_key(uid))
        return None if caller is None else open_shop(caller)

    async def administrator(self, webshop: Webshop | None, token: str) -> Administrator | None:
        """Who the token stands for; None if unknown, expired, inactive, or another shop's."""
        login = tokens.LOGIN_TOKENS.name(token)
        if login is not None:
            return await self._logged_in(webshop, login)
        caller = await self._services.callers.get(credential_key(tokens.AUTH, token))
        if (
            caller is None
            or self._is_past(caller.expires_at)
            or not is_of(webshop, caller.workspace, caller.channel)
        ):
            return None
        own = webshop_settings(caller.settings)
        strict = own is not None and own.demands_tls
        return Administrator(caller.credential or 0, True, caller.workspace, caller.channel, strict)

    async def session(self, webshop: Webshop, token: str) -> BuyerSession | None:
        """The shop's session with that token; None if unknown or expired."""
        row = await self._sessions.get((webshop.workspace, tokens.hashed(tokens.SESSION, token)))
        if row is None or row.channel != webshop.channel or self._is_past(row.expires_at):
            return None
        return BuyerSession(
            id=row.id,
            customer=row.customer,
            cart=row.cart,
            currency=row.currency,
            language=row.language,
            expires_at=row.expires_at,
        )

    async def _logged_in(self, webshop: Webshop | None, login: Name) -> Administrator | None:
        workspace, _ = login
        row = await self._logins.get(login)
        if row is None or self._is_past(row.expires_at) or not is_of(webshop, workspace, row.channel):
            return None
        return Administrator(row.administrator, False, workspace, row.channel, row.demands_tls)

    def _is_past(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self._services.clock.now()


def open_shop(caller: Caller) -> Webshop | None:
    """The shop behind a directory entry."""
    shop = webshop_settings(caller.settings)
    if shop is None or shop.closed:
        return None
    return Webshop(
        uid=shop.uid,
        workspace=caller.workspace,
        channel=caller.channel,
        environment=caller.environment,
        languages=frozenset(shop.languages),
        default_language=caller.settings.shop.language,
        demands_tls=shop.demands_tls,
        login_required=shop.login_required,
        name=caller.name,
        settings=caller.settings,
        contact_email=shop.contact_email,
    )


def is_of(webshop: Webshop | None, workspace: int, channel: int | None) -> bool:
    """Whether a credential opens the shop that the call is about, if it is about one."""
    if webshop is None:
        return True
    return workspace == webshop.workspace and channel in (None, webshop.channel)


class _Rows:
    """Rows by hash, one statement for each workspace."""

    def __init__(self, pool: Pool, statement: str, row: type[Any]) -> None:
        self._pool = pool
        self._statement = statement
        self._row = row

    async def load(self, names: list[Name]) -> Mapping[Name, Any]:
        """The rows of these names that there are."""
        by_workspace: dict[int, list[bytes]] = {}
        for workspace, digest in names:
            by_workspace.setdefault(workspace, []).append(digest)
        found: dict[Name, Any] = {}
        async with self._pool.acquire() as connection:
            for workspace, digests in by_workspace.items():
                for digest, *values in await connection.fetch(self._statement, workspace, digests):
                    found[workspace, digest] = self._row(*values)
        return found
