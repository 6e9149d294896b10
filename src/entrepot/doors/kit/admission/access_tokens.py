"""Access tokens of one door: given for a credential, good for a while, gone with the credential.

A token begins with where it is stored, so the directory, which the whole platform reads, does not grow with tokens.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from entrepot.domain.channels.access_tokens import AccessToken, GrantAccess
from entrepot.domain.kernel.commands import Refused
from entrepot.doors.kit.admission.callers import Admitted, current
from entrepot.doors.kit.batching import TickBatcher
from entrepot.doors.kit.services import Services
from entrepot.failures import Failure, Unauthenticated, Unavailable
from entrepot.store.connections import FAULTS
from entrepot.store.credentials.directory import Caller, credential_key
from entrepot.store.queries.access_tokens import TokenName, callers_by_token, times_of_token

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Granted(msgspec.Struct, frozen=True):
    """A new token. This is the only time that it is known; its `repr` leaves it out."""

    token: str
    lifetime: timedelta

    def __repr__(self) -> str:
        return f"Granted(token=<redacted>, lifetime={self.lifetime!r})"


class RoutedTokens(msgspec.Struct, frozen=True):
    """How tokens of one kind are made and read: `prefix`, the workspace in base 36, `_` and 43 random characters."""

    kind: str
    prefix: str

    def new(self, workspace: int) -> str:
        """A fresh token that is stored in this workspace."""
        return f"{self.prefix}{_base36(workspace)}_{secrets.token_urlsafe(32)}"

    def name(self, token: str) -> TokenName | None:
        """Where the token is stored, if it is one: the workspace and its hash."""
        found = re.fullmatch(re.escape(self.prefix) + r"([0-9a-z]{1,11})_[A-Za-z0-9_-]{43}", token, re.ASCII)
        if found is None:
            return None
        return int(found[1], 36), credential_key(self.kind, token)[1]


class AccessTokens:
    """The access tokens of one door. `kind` keeps them apart from other doors' and from credentials."""

    def __init__(self, services: Services, kind: str, prefix: str, lifetime: timedelta) -> None:
        self._services = services
        self._tokens = RoutedTokens(kind, prefix)
        self._lifetime = lifetime
        self._callers = TickBatcher[TokenName, Caller](self._load)

    async def grant(self, caller: Caller) -> Granted | Failure:
        """A new token for the bearer of a credential; durable before it is told."""
        if caller.credential is None:
            return Unauthenticated("unknown")
        token = self._tokens.new(caller.workspace)
        digest = credential_key(self._tokens.kind, token)[1]
        command = GrantAccess(digest, caller.credential, self._lifetime)
        outcome = await self._services.engine.execute(caller.workspace, command)
        if isinstance(outcome, Refused):
            return outcome.failures[0]
        if not isinstance(outcome, AccessToken):
            raise TypeError(f"a grant came to {type(outcome).__name__}")
        return Granted(token, self._lifetime)

    async def caller(self, token: str | None) -> Admitted:
        """Who the token stands for; `expires_at` is the token's own, or its credential's where that is sooner."""
        if not token:
            return Unauthenticated("missing")
        name = self._tokens.name(token)
        if name is None:
            return Unauthenticated("unknown")
        try:
            caller = await self._callers.get(name)
        except FAULTS:
            return Unavailable(1)
        return current(caller, self._services.clock.now())

    async def times(self, token: str) -> tuple[datetime, datetime] | None:
        """When the token was given out and when it ends; None where there is none."""
        name = self._tokens.name(token)
        if name is None:
            return None
        async with self._services.reads.acquire() as connection:
            return await times_of_token(connection, name)

    async def _load(self, names: list[TokenName]) -> Mapping[TokenName, Caller]:
        async with self._services.reads.acquire() as connection:
            return await callers_by_token(connection, names)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
