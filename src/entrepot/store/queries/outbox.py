"""Reading what waits to be delivered, and what was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from entrepot.store.connections import Connection

DeliveryState = Literal["waiting", "parked", "delivered"]

_LIST = """
select subject, listener, seq, state, tries, created_at, due_at, error from outbox
where workspace = $1 and state = $2
  and ($3::text is null or listener = $3 or split_part(listener, ':', 1) = $3)
order by created_at, subject, listener collate "C", seq limit $4
"""


class DeliveryRow(msgspec.Struct, frozen=True):
    """What is known of a message but what it says, which may be a code or an address.

    `due_at` is when it is tried next, was given up, or arrived; `error` says what the last try came to.
    """

    subject: int
    listener: str
    seq: int
    state: DeliveryState
    tries: int
    created_at: datetime
    due_at: datetime
    error: str


async def list_deliveries(
    connection: Connection, workspace: int, state: DeliveryState, listener: str | None = None, *, limit: int
) -> list[DeliveryRow]:
    """The messages in a state, oldest first: to a listener, to all listeners of a kind, or with None to all."""
    return [DeliveryRow(*row) for row in await connection.fetch(_LIST, workspace, state, listener, limit)]
