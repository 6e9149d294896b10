"""The simulated carrier: a state machine with books of its own (`carrier_consignments`), in the same database.

What is announced to it takes its steps as business time passes: each falls due so long after the order was placed or
the return opened, or at once where its name begins with a prefix that says so. It knows no rule: it tells what it
does, as every carrier does, and whoever is told may refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
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

_FORGET = 'delete from carrier_consignments where workspace = $1 and "order" = any($2::bigint[])'

_STATUSES: Final[dict[Kind, tuple[str, ...]]] = {
    "order": ("acknowledged", "shipped", "delivered"),
    "return": ("in_transit", "at_center", "received"),
}
_PREFIXES: Final[dict[Kind, dict[str, int]]] = {
    "order": {"ACK": 1, "SHP": 2, "DLV": 3},
    "return": {"RIT": 1, "DRC": 2, "RRC": 3},
}
"""By how a name begins: how many of the steps are taken at once. The others are never taken."""
_BY_PARCEL: Final = ("shipped", "delivered")
"""The steps that are taken with a parcel, of each part of an order by itself."""
CANCELS: Final = "CAN"
"""An order whose name begins so is cancelled at once."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What the carrier does next, and when that falls due.

    It does it with the how-manieth parcel, of these parts of the order (none named: of all).
    """

    status: str
    at: datetime
    parcel: int = 1
    parts: tuple[int, ...] = ()


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

    @property
    def told_of(self) -> tuple[int | None, ...]:
        """The parts of which the next step is, each with an event of its own; None where it is of the whole."""
        step = self.steps[self.next_step]
        in_parts = step.status in _BY_PARCEL and self.parts
        return (step.parts or self.parts) if in_parts else (None,)

    def events(self) -> list[CarrierEvent]:
        """What the carrier tells of its next step: one event of a return, one for each part of an order."""
        return [self._event(self.steps[self.next_step], part) for part in self.told_of]

    def done(self) -> Carried | Finished:
        """The step is taken: the next one falls due when it does."""
        return self._then(self.steps[self.next_step + 1 :])

    def split(self, gone: Collection[int], left: Collection[int], until: datetime) -> Carried | Finished:
        """The parcel left, of the parts `gone` only; what is `left` goes then, in one that arrives as much later."""
        step, after = self.steps[self.next_step], self.steps[self.next_step + 1 :]
        own = [each for each in after if each.parcel == step.parcel]
        others = [each for each in after if each.parcel != step.parcel]
        with_it = [msgspec.structs.replace(each, parts=tuple(sorted(gone))) for each in own]
        again = [
            Step(each.status, until + (each.at - step.at), step.parcel + 1, tuple(sorted(left)))
            for each in (step, *own)
        ]
        return self._then([*others, *with_it, *again])

    def later(self, until: datetime) -> Carried | Finished:
        """The step could not be taken: it is due again then, and what follows with its parcel is as much later."""
        step, by = self.steps[self.next_step], until - self.due_at
        moved = [
            msgspec.structs.replace(each, at=each.at + by) if each.parcel == step.parcel else each
            for each in self.steps[self.next_step :]
        ]
        return self._then(moved, taken=0)

    def over(self) -> Finished:
        """There is nothing left to carry."""
        return Finished(self.key, self.steps, self.next_step)

    def _then(self, steps: Sequence[Step], *, taken: int = 1) -> Carried | Finished:
        """The consignment with these steps before it, the earliest first."""
        before = self.next_step + taken
        whole = (*self.steps[:before], *sorted(steps, key=lambda step: step.at))
        if before == len(whole):
            return Finished(self.key, whole, before)
        return msgspec.structs.replace(self, steps=whole, next_step=before, due_at=whole[before].at)

    def _event(self, step: Step, part: int | None) -> CarrierEvent:
        tracked, parcel = step.status in _BY_PARCEL, "" if step.parcel == 1 else f"-{step.parcel}"
        return CarrierEvent(
            f"{step.status}-{self.number}" + ("" if part is None else f"-{part}") + parcel,
            self.kind,
            self.number,
            step.status,
            self.due_at,
            part,
            carrier=NAME if tracked else "",
            tracking=tracking_number(self.number, part or 1) + parcel if tracked else "",
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


async def forget_orders(connection: Connection, workspace: int, orders: Sequence[int]) -> None:
    """Let the carrier forget what was to be carried of these orders, and back from them."""
    await connection.execute(_FORGET, workspace, orders)


_parts = msgspec.json.Decoder(tuple[int, ...]).decode
_steps = msgspec.json.Decoder(tuple[Step, ...]).decode


def _carried(row: Any) -> Carried:
    key, kind, number, order, channel, parts, steps, next_step, due_at = row
    return Carried(key, kind, number, order, channel, _parts(parts), _steps(steps), next_step, due_at)
