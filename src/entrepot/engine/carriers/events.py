"""What carriers tell, as commands: one way for those that call us and for the simulated one.

Each event answers for itself. All go through the engine as everything does, in their order and in chunks, so that
orders between them wait milliseconds. To tell the same again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.returns.move import AdvanceReturn
from entrepot.domain.fulfilment.ship import Acknowledge, ShipUnits
from entrepot.domain.fulfilment.track import TrackShipment
from entrepot.domain.kernel.commands import Command, Refused, refused
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.whole_units import Scales
from entrepot.engine.batches.bulk import run_all
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.money.refund import receive_return
from entrepot.failures.fulfilment import ReturnUnknown
from entrepot.gateways.carriers.port import CarrierEvent
from entrepot.store.connections import Pool
from entrepot.store.queries.after_sale.consignments import orders_of_returns, scales_of

_WHOLE = Scales({})
REASON = "the carrier cancelled it"


class Told(msgspec.Struct, frozen=True):
    """What a channel's carrier tells."""

    channel: int
    event: CarrierEvent


class NotRead(msgspec.Struct, frozen=True):
    """An event whose units are none of what its order has; `reason` says why."""

    reason: str


class Known(msgspec.Struct, frozen=True):
    """What must be known to read events: of which orders returns are, and how many decimals units have."""

    orders: Mapping[int, int]
    out: Mapping[int, Scales]
    back: Mapping[int, Scales]


class CarrierEvents:
    """Makes what carriers tell so, for all workspaces."""

    def __init__(self, engine: Engine, reads: Pool) -> None:
        self._engine = engine
        self._reads = reads

    async def take(self, workspace: int, told: Sequence[Told]) -> list[Outcome | NotRead]:
        """One outcome per event, in their order. Raises what a plain read raises; then nothing was done."""
        known = await self._known(workspace, told)
        commands = [command_of(each, known) for each in told]
        good = [command for command in commands if isinstance(command, Command)]
        outcomes = iter(await run_all(self._engine, workspace, good))
        return [next(outcomes) if isinstance(command, Command) else command for command in commands]

    async def _known(self, workspace: int, told: Sequence[Told]) -> Known:
        returns = sorted({each.event.number for each in told if each.event.kind == "return"})
        counted = [each.event for each in told if each.event.lines]
        if not (returns or counted):
            return Known({}, {}, {})
        async with self._reads.acquire() as connection:
            orders = await orders_of_returns(connection, workspace, returns)
            if not counted:
                return Known(orders, {}, {})
            sent = sorted({each.number for each in counted if each.kind == "order"})
            return Known(orders, *await scales_of(connection, workspace, sent, orders))


def command_of(told: Told, known: Known) -> Command | Refused | NotRead:
    """The command that an event is, or why it is none."""
    event, asks = told.event, Asker(told.channel, None)
    scales = (known.out if event.kind == "order" else known.back).get(event.number, _WHOLE)
    read = [scales.read(no, written) for no, written in event.lines]
    if wrong := next((each for each in read if isinstance(each, str)), None):
        return NotRead(wrong)
    lines = tuple(each for each in read if isinstance(each, Units))
    if event.kind == "return":
        order = known.orders.get(event.number)
        if order is None:
            return refused(ReturnUnknown(str(event.number)))
        return _of_return(event, order, asks, lines)
    return _OF_ORDERS.get(event.status, _tracked)(event, asks, lines)


def _of_return(event: CarrierEvent, order: int, asks: Asker, lines: tuple[Units, ...]) -> Command:
    if event.status == "received":
        return receive_return(order, event.number, lines, asks=asks, event_id=event.id, at=event.at)
    return AdvanceReturn(
        order=order,
        return_id=event.number,
        asks=asks,
        lines=lines,
        event_id=event.id,
        at=event.at,
        stage="at_center" if event.status == "at_center" else "in_transit",
    )


def _acknowledged(event: CarrierEvent, asks: Asker, lines: tuple[Units, ...]) -> Command:
    return Acknowledge(order=event.number, asks=asks, lines=lines, at=event.at)


def _cancelled(event: CarrierEvent, asks: Asker, lines: tuple[Units, ...]) -> Command:
    return CancelOrder(event.number, lines, event.note or REASON, asks)


def _shipped(event: CarrierEvent, asks: Asker, lines: tuple[Units, ...]) -> Command:
    # Without the number of a parcel the event's own name is what a repeat is known by.
    parcel = _parcel(event, None if event.tracking else event.id)
    return ShipUnits(order=event.number, asks=asks, lines=lines, part=event.part, parcel=parcel, at=event.at)


def _tracked(event: CarrierEvent, asks: Asker, lines: tuple[Units, ...]) -> Command:
    return TrackShipment(
        order=event.number,
        asks=asks,
        lines=lines,
        part=event.part,
        parcel=_parcel(event, None),
        status=event.status,
        event_id=event.id,
        note=event.note,
        at=event.at,
    )


def _parcel(event: CarrierEvent, name: str | None) -> Parcel:
    return Parcel(name, event.carrier, event.service, event.tracking, event.tracking_url)


_OF_ORDERS: Mapping[str, Callable[[CarrierEvent, Asker, tuple[Units, ...]], Command]] = {
    "acknowledged": _acknowledged,
    "cancelled": _cancelled,
    "shipped": _shipped,
}
