"""Deleting what is over, a few rows at a time, so that orders between them wait milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import timedelta
from functools import partial

import msgspec
import structlog

from entrepot.domain.channels.access_tokens import AccessToken
from entrepot.domain.channels.admin_tokens import AdminToken
from entrepot.domain.channels.guessing import Tries
from entrepot.domain.channels.repeats import DoneCommand
from entrepot.domain.channels.retention import Retention
from entrepot.domain.customers.email_claims import SIGNUP_LIFETIME
from entrepot.domain.customers.records import OneTimeCode
from entrepot.domain.placing.attempts import Attempt
from entrepot.domain.upkeep.purge import (
    Purge,
    PurgeCarts,
    PurgeCustomers,
    PurgeEnded,
    PurgeFiles,
    PurgeSessions,
)
from entrepot.domain.upkeep.purge_orders import PurgeOrders
from entrepot.engine.batches.engine import Engine
from entrepot.store.connections import Pool
from entrepot.store.queries.ended import ENDED_ORDERS, Ended, ended_rows

CHUNK = 100
ORDERS = 20
"""Orders go fewer at a time: much hangs on each."""
ROUNDS = 50
"""How many chunks of a kind one look deletes at most; the next look goes on."""

_log = structlog.stdlib.get_logger("entrepot.purging")


class Kind(msgspec.Struct, frozen=True):
    """A kind of rows that are deleted some time after their end.

    `end` says where to find them, `keep` how long they stay (None: for good), `command` what deletes them: of these
    keys those that ended so long ago. A row is over `after` the moment that it tells. `chunk` go at a time.
    What takes long to find is looked for `seldom`.
    """

    name: str
    end: Ended
    keep: Callable[[Retention], timedelta | None]
    command: Callable[[tuple[Hashable, ...], timedelta], Purge]
    after: timedelta = timedelta()
    chunk: int = CHUNK
    seldom: bool = False


def _of_kind(
    kind: type[Tries | DoneCommand | OneTimeCode | AccessToken | AdminToken | Attempt],
) -> Callable[..., Purge]:
    return partial(PurgeEnded, kind=kind)


KINDS = (
    Kind("sessions", Ended("sessions", "id", "expires_at"), lambda keep: keep.sessions, PurgeSessions),
    Kind("files", Ended("files", "cart", "created_at", "not bought"), lambda keep: keep.files, PurgeFiles),
    Kind("carts", Ended("carts", "id", "expires_at"), lambda keep: keep.carts, PurgeCarts),
    Kind(
        "codes", Ended("one_time_codes", "hash", "expires_at"), lambda keep: keep.codes, _of_kind(OneTimeCode)
    ),
    Kind(
        "tokens", Ended("admin_tokens", "hash", "expires_at"), lambda keep: keep.tokens, _of_kind(AdminToken)
    ),
    Kind(
        "access tokens",
        Ended("access_tokens", "hash", "expires_at"),
        lambda keep: keep.tokens,
        _of_kind(AccessToken),
    ),
    Kind("tries", Ended("tries", "subject", "since"), lambda keep: keep.tries, _of_kind(Tries)),
    Kind("repeats", Ended("done_commands", "name", "at"), lambda keep: keep.repeats, _of_kind(DoneCommand)),
    Kind("attempts", Ended("attempts", "id", "ended_at"), lambda keep: keep.attempts, _of_kind(Attempt)),
    Kind(
        "lapsed customers",
        Ended("customers", "id", "secured_at", "state = 'unconfirmed'"),
        lambda keep: keep.customers,
        PurgeCustomers,
        SIGNUP_LIFETIME,
    ),
    Kind(
        "removed customers",
        Ended("customers", "id", "changed_at", "state = 'removed'"),
        lambda keep: keep.customers,
        PurgeCustomers,
    ),
    Kind("orders", ENDED_ORDERS, lambda keep: keep.orders, PurgeOrders, chunk=ORDERS, seldom=True),
)
"""In the order in which they are deleted: a session takes its cart along."""


async def purge(engine: Engine, reads: Pool, retention: Retention, *, seldom: bool = True) -> dict[str, int]:
    """Delete what is over in all workspaces; how many rows of each kind went. Raises what a plain read raises.

    Without `seldom` what takes long to find is left to another look.
    """
    kinds = [kind for kind in KINDS if seldom or not kind.seldom]
    gone = {kind.name: await _purge(engine, reads, kind, kind.keep(retention)) for kind in kinds}
    if any(gone.values()):
        _log.info("purged", **{name.replace(" ", "_"): count for name, count in gone.items() if count})
    return gone


async def _purge(engine: Engine, reads: Pool, kind: Kind, keep: timedelta | None) -> int:
    """A workspace in which nothing goes, such as one that refuses for the moment, is left alone until the next look."""
    purged, skipped = 0, set[int]()
    if keep is None:
        return purged
    for _ in range(ROUNDS):
        before = engine.clock.now() - keep - kind.after
        async with reads.acquire() as connection:
            found = await ended_rows(connection, kind.end, before, skipped, kind.chunk)
        if not found:
            break
        for workspace, keys in found.items():
            outcome = await engine.execute(workspace, kind.command(keys, keep))
            gone = outcome if isinstance(outcome, int) else 0
            purged += gone
            if not gone:
                skipped.add(workspace)
    return purged
