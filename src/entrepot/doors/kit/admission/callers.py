"""From a secret to the caller behind it, or to the reason why there is none."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from entrepot.doors.kit.services import Services
from entrepot.failures import Unauthenticated, Unavailable
from entrepot.store.connections import FAULTS
from entrepot.store.credentials.directory import Caller, credential_key

Admitted: TypeAlias = Caller | Unauthenticated | Unavailable
"""Who calls, or why nobody may: the failure's reason is `missing`, `malformed`, `unknown` or `expired`."""


async def caller_of(services: Services, kind: str, secret: str | None) -> Admitted:
    """The bearer of a credential of this kind; a pair is the one secret `id:secret`.

    It is read for every request, batched per tick and never cached, so that a revocation holds at once.
    """
    if not secret:
        return Unauthenticated("missing")
    try:
        caller = await services.callers.get(credential_key(kind, secret))
    except FAULTS:
        return Unavailable(1)
    return current(caller, services.clock.now())


def current(caller: Caller | None, now: datetime) -> Admitted:
    """The caller, if there is one and its time is not over."""
    if caller is None:
        return Unauthenticated("unknown")
    if caller.expires_at is not None and caller.expires_at <= now:
        return Unauthenticated("expired")
    return caller
