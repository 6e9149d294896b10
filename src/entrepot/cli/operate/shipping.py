"""`entrepot orders acknowledge`, `ship` and `deliver`: an order on its way to the buyer, by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.operate.orders import OrderName, app, find, units_of
from entrepot.cli.operate.session import Key, Session, operator_command

if TYPE_CHECKING:
    from entrepot.domain.fulfilment.parcels import Parcel
    from entrepot.domain.fulfilment.ship import Acknowledged
    from entrepot.domain.orders.line_counts import Units
    from entrepot.domain.orders.whole_units import Scales

LONGEST = 255

Lines = Annotated[
    list[str] | None,
    typer.Option("--line", metavar="NO=UNITS", help="Only so many units of a line; may be repeated."),
]
Carrier = Annotated[str, typer.Option(help="Who carries it.")]
Service = Annotated[str, typer.Option(help="The carrier's kind of service.")]
Tracking = Annotated[
    str, typer.Option(help="The carrier's number; the same number again is the same shipment.")
]
TrackingUrl = Annotated[str, typer.Option("--tracking-url", help="Where it can be followed.")]


@app.command("acknowledge")
@operator_command
async def acknowledge(
    session: Session,
    order: OrderName,
    line: Annotated[
        list[str] | None,
        typer.Option(metavar="NO=UNITS", help="Only so many units of a line in all; may be repeated."),
    ] = None,
) -> None:
    """Note that work on an order has begun; its units can still be cancelled."""
    from entrepot.domain.fulfilment.ship import Acknowledge

    number, lines, scales = await _units(session, order, line)
    command = Acknowledge(order=number, lines=lines)
    outcome: Acknowledged = await session.execute(command, scales.context)
    session.tell(outcome, lambda: _said(outcome.order.id, scales.total(outcome.lines), "acknowledged"))


@app.command("ship")
@operator_command
async def ship(
    session: Session,
    order: OrderName,
    line: Lines = None,
    carrier: Carrier = "",
    service: Service = "",
    tracking: Tracking = "",
    tracking_url: TrackingUrl = "",
    key: Key = None,
) -> None:
    """Send all that is there to be sent, or units of some lines: they leave their locations."""
    from entrepot.domain.fulfilment.ship import Shipped, ShipUnits

    number, lines, scales = await _units(session, order, line)
    parcel = _parcel(carrier, service, tracking, tracking_url)
    command = ShipUnits(order=number, lines=lines, parcel=parcel)
    outcome: Shipped = await session.execute(session.once(key, command, Shipped), scales.context)
    left = "" if lines else scales.total(outcome.left)
    owed = f" {left} are owed and not there: they stay." if left else ""
    session.tell(outcome, lambda: _said(outcome.order.id, scales.total(outcome.lines), "shipped") + owed)


@app.command("deliver")
@operator_command
async def deliver(
    session: Session,
    order: OrderName,
    line: Lines = None,
    carrier: Carrier = "",
    service: Service = "",
    tracking: Tracking = "",
    tracking_url: TrackingUrl = "",
    key: Key = None,
) -> None:
    """Note that units have arrived: all, those of one shipment, or of some lines. What was not shipped is, first."""
    from entrepot.domain.fulfilment.track import DELIVERED, Tracked, TrackShipment

    number, lines, scales = await _units(session, order, line)
    parcel = _parcel(carrier, service, tracking, tracking_url)
    command = TrackShipment(order=number, status=DELIVERED, lines=lines, parcel=parcel)
    outcome: Tracked = await session.execute(session.once(key, command, Tracked), scales.context)
    session.tell(outcome, lambda: _said(outcome.order.id, scales.total(outcome.lines), "delivered"))


async def _units(
    session: Session, order: str, line: list[str] | None
) -> "tuple[int, tuple[Units, ...], Scales]":
    """The order's number, the units of its lines that are meant, and how these are counted."""
    from entrepot.domain.orders.whole_units import of_order

    found = await find(session, order)
    scales = of_order(found.lines)
    return found.order.id, units_of(line, scales), scales


def _parcel(carrier: str, service: str, tracking: str, tracking_url: str) -> "Parcel":
    from entrepot.domain.fulfilment.parcels import Parcel

    return Parcel(None, carrier[:LONGEST], service[:LONGEST], tracking[:LONGEST], tracking_url[:2_000])


def _said(order: int, units: str, word: str) -> str:
    return f"Order {order}: {units} units are {word}." if units else f"Order {order}: nothing was left to do."
