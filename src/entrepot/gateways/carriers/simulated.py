"""The simulated carrier: a state machine with books of its own (`carrier_consignments`), in the same database.

What is announced to it takes its steps as business time passes: each falls due so long after the order was placed or
the return opened, or at once where its name begins with a prefix that says so. It knows no rule: it tells what it
does, as every carrier does, and whoever is told may refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from entrepot.domain.channels.accounts import CarrierSettings
from entrepot.gateways.carriers.port import (
    Announced,
    CarrierEvent,
    CarrierFailed,
    Consignment,
    Kind,
    Withdrawn,
)
from entrepot.store.connections import FAULTS, Connection, Pool

LIMIT_SECONDS: Final = 10.0
NAME: Final = "Simulated Carrier"
AGAIN_AFTER: Final = timedelta(minutes=1)
"""Business time after which a step is taken again that was refused."""

_CANNOT: Final = "the simulated carrier cannot use its books"

_ENTER = """
insert into carrier_consignments
  (workspace, key, kind, number, "order", channel, parts, steps, next_step, due_at, announced_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10) on conflict (workspace, key) do nothing
"""
_WITHDRAW = """
update carrier_consignments set due_at = null where workspace = $1 and key = $2
"""
_DUE = "select workspace from carrier_consignments where due_at <= $1 group by workspace"
_TAKE = """
select key, kind, number, "order", channel, parts, steps, next_step, due_at from carrier_consignments
where workspace = $1 and due_at <= $2 order by due_at, key limit $3 for no key update skip locked
"""
_STEP = """
update carrier_consignments c set steps = u.steps, next_step = u.next_step, due_at = u.due_at
from json_to_recordset($2) u(key text, steps jsonb, next_step integer, due_at timestamptz)
where c.workspace = $1 and c.key = u.key
"""

_STATUSES: Final[dict[Kind, tuple[str, ...]]] = {
    "order": ("acknowledged", "shipped", "delivered"),
    "return": ("in_transit", "at_center", "received"),
}
_PREFIXES: Final[dict[Kind, dict[str, int]]] = {
    "order": {"ACK": 1, "SHP": 2, "DLV": 3},
    "return": {"RIT": 1, "DRC": 2, "RRC": 3},
}
"""By how a name begins: how many of the steps are taken at once. The others are never taken."""
CANCELS: Final = "CAN"
"""An order whose name begins so is cancelled at once."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What the carrier does next, and when that falls due."""

    status: str
    at: datetime


class Carried(msgspec.Struct, frozen=True):
    """A consignment whose next step is due."""

    key: str
    kind: Kind
    number: int
    order: int
    channel: int
    parts: tuple[int, ...]
    steps: tuple[Step, ...]
    next_step: int
    due_at: datetime

    def events(self) -> list[CarrierEvent]:
        """What the carrier tells of its next step: one event of a return, one for each part of an order."""
        status = self.steps[self.next_step].status
        return [self._event(status, part) for part in (self.parts if self._in_parts(status) else (None,))]

    def done(self) -> Carried | Finished:
        """The step is taken: the next one falls due when it does."""
        after = self.next_step + 1
        if after == len(self.steps):
            return Finished(self.key, self.steps, after)
        return msgspec.structs.replace(self, next_step=after, due_at=self.steps[after].at)

    def later(self, until: datetime) -> Carried:
        """The step could not be taken: it is due again then, and those after it are as much later."""
        by = until - self.due_at
        moved = tuple(
            Step(step.status, step.at + by) if place >= self.next_step else step
            for place, step in enumerate(self.steps)
        )
        return msgspec.structs.replace(self, steps=moved, due_at=until)

    def over(self) -> Finished:
        """There is nothing left to carry."""
        return Finished(self.key, self.steps, self.next_step)

    def _in_parts(self, status: str) -> bool:
        return status in ("shipped", "delivered") and bool(self.parts)

    def _event(self, status: str, part: int | None) -> CarrierEvent:
        tracked = status in ("shipped", "delivered")
        return CarrierEvent(
            f"{status}-{self.number}" + ("" if part is None else f"-{part}"),
            self.kind,
            self.number,
            status,
            self.due_at,
            part,
            carrier=NAME if tracked else "",
            tracking=tracking_number(self.number, part or 1) if tracked else "",
        )


class Finished(msgspec.Struct, frozen=True):
    """A consignment that is over."""

    key: str
    steps: tuple[Step, ...]
    next_step: int
    due_at: None = None


class SimulatedCarrier:
    """The carrier as an account of a workspace sees it, with the times that its settings name."""

    def __init__(self, pool: Pool, workspace: int, channel: int, settings: CarrierSettings) -> None:
        self._pool = pool
        self._workspace = workspace
        self._channel = channel
        self._settings = settings

    async def announce(self, consignment: Consignment, at: datetime) -> Announced | CarrierFailed:
        """See `Carrier.announce`. What is known already goes on as it does."""
        steps = planned(consignment, self._settings)
        parts = [each.part for each in consignment.destinations] if consignment.kind == "order" else []
        number = consignment.order if consignment.number is None else consignment.number
        entry = (consignment.key, consignment.kind, number, consignment.order, self._channel)
        written = msgspec.json.encode(parts).decode(), msgspec.json.encode(steps).decode()
        due = steps[0].at if steps else None
        try:
            async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
                await connection.execute(_ENTER, self._workspace, *entry, *written, due, at)
        except FAULTS:
            return CarrierFailed(_CANNOT)
        return Announced()

    async def withdraw(self, key: str, at: datetime) -> Withdrawn | CarrierFailed:
        """See `Carrier.withdraw`."""
        del at
        try:
            async with asyncio.timeout(LIMIT_SECONDS), self._pool.acquire() as connection:
                await connection.execute(_WITHDRAW, self._workspace, key)
        except FAULTS:
            return CarrierFailed(_CANNOT)
        return Withdrawn()


def planned(consignment: Consignment, settings: CarrierSettings) -> tuple[Step, ...]:
    """The steps that a consignment will take, each with the time at which it falls due."""
    kind, begun = consignment.kind, consignment.at
    if settings.prefixes:
        if kind == "order" and consignment.name.startswith(CANCELS):
            return (Step("cancelled", begun),)
        forced = next((n for p, n in _PREFIXES[kind].items() if consignment.name.startswith(p)), 0)
        if forced:
            return tuple(Step(status, begun) for status in _STATUSES[kind][:forced])
    after = (
        (settings.acknowledge_after, settings.ship_after, settings.deliver_after)
        if kind == "order"
        else (settings.in_transit_after, settings.at_center_after, settings.received_after)
    )
    return tuple(
        Step(status, begun + timedelta(seconds=seconds))
        for status, seconds in zip(_STATUSES[kind], after, strict=True)
    )


def tracking_number(order: int, part: int) -> str:
    """The carrier's number of a parcel, the same whenever it is told."""
    return f"SIM{order:016d}{part:02d}"


async def due_workspaces(connection: Connection, now: datetime) -> list[int]:
    """The workspaces in which a step is due: one read, without locks."""
    return [row[0] for row in await connection.fetch(_DUE, now)]


async def take_due(connection: Connection, workspace: int, now: datetime, limit: int) -> list[Carried]:
    """Up to `limit` consignments of which a step is due; nobody else gets them before the transaction ends."""
    rows = await connection.fetch(_TAKE, workspace, now, limit)
    return [_carried(row) for row in rows]


async def write_steps(connection: Connection, workspace: int, rows: Sequence[Carried | Finished]) -> None:
    """Write down how these consignments now stand."""
    written = [
        {"key": row.key, "steps": row.steps, "next_step": row.next_step, "due_at": row.due_at} for row in rows
    ]
    await connection.execute(_STEP, workspace, msgspec.json.encode(written).decode())


_parts = msgspec.json.Decoder(tuple[int, ...]).decode
_steps = msgspec.json.Decoder(tuple[Step, ...]).decode


def _carried(row: Any) -> Carried:
    key, kind, number, order, channel, parts, steps, next_step, due_at = row
    return Carried(key, kind, number, order, channel, _parts(parts), _steps(steps), next_step, due_at)
