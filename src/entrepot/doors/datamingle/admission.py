"""Who calls: the key in X-API-Key, the partner behind it, and what the key may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Final, Literal

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.channels.rights import closed_catalogue, closed_stock
from entrepot.domain.orders.access import Asker
from entrepot.doors.datamingle.mapped import Speeches
from entrepot.doors.datamingle.settings import ALL, KEY, DatamingleSettings
from entrepot.doors.datamingle.speech import OWN_WORDS, Speech
from entrepot.doors.kit import Request, Services
from entrepot.doors.kit.admission import caller_of
from entrepot.failures import Failure
from entrepot.failures.access import AccountDisabled, PartnerInactive, PartnerUnlinked, ScopeMissing
from entrepot.store.credentials.directory import Caller

Action = Literal["read", "write", "delete"]
ACTIONS: dict[str, Action] = {
    "GET": "read", "HEAD": "read", "OPTIONS": "read", "POST": "write", "PUT": "write", "DELETE": "delete",
}  # fmt: skip
_RIGHTS: Final[Mapping[str, Callable[[ChannelSettings], Failure | None]]] = {
    "products": closed_catalogue,
    "inventory": closed_stock,
    "locations": closed_stock,
}
"""What an account must be allowed to write a resource (decision datamingle permissions of the account)."""


class Partner(msgspec.Struct, frozen=True):
    """Whoever calls, and in which words it speaks of the resource."""

    caller: Caller
    settings: DatamingleSettings
    speech: Speech = OWN_WORDS

    @property
    def asker(self) -> Asker:
        """In whose name orders are read and changed."""
        return Asker(self.caller.channel, self.caller.environment)

    @property
    def passes_through(self) -> bool:
        """Whether it speaks the API's own words, and for no partner."""
        return self.settings.partner is None


Admission = Callable[[Request], Awaitable[Partner | Failure]]


def admission(services: Services, speeches: Speeches, resource: str) -> Admission:
    """Admit the bearer of a key that may do this to the resource (decision datamingle order of checks)."""

    async def admit(request: Request) -> Partner | Failure:
        caller = await caller_of(services, KEY, request.header("x-api-key"))
        if not isinstance(caller, Caller):
            return caller
        request.caller = caller
        settings = msgspec.convert(caller.settings.door, DatamingleSettings)
        action = ACTIONS.get(request.method, "write")
        if (
            refused := _closed(settings)
            or _short_of(caller, resource, action)
            or _denied(caller, resource, action)
        ):
            return refused
        if settings.partner is None:
            return Partner(caller, settings)
        speech = await speeches.of(caller.workspace, caller.channel, resource)
        return speech if isinstance(speech, Failure) else Partner(caller, settings, speech)

    return admit


def _closed(settings: DatamingleSettings) -> Failure | None:
    if settings.disabled:
        return AccountDisabled()
    if settings.pass_through:
        return None
    if settings.partner is None:
        return PartnerUnlinked()
    return None if settings.partner.active else PartnerInactive()


def _short_of(caller: Caller, resource: str, action: str) -> Failure | None:
    if _covering(resource, action).isdisjoint(caller.scopes):
        return ScopeMissing(f"integrations.{resource}.{action}")
    return None


def _denied(caller: Caller, resource: str, action: str) -> Failure | None:
    """What the account may not, whatever its keys may: before anything of the request, so that nothing is learnt."""
    closed = _RIGHTS.get(resource)
    return None if closed is None or action == "read" else closed(caller.settings)


@lru_cache(maxsize=64)
def _covering(resource: str, action: str) -> frozenset[str]:
    """The scopes of which each allows this: a wider one covers every narrower one."""
    return frozenset({ALL, f"integrations.{resource}.*", f"integrations.{resource}.{action}"})
