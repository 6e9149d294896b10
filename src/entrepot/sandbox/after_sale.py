"""What an integrator drives by hand in a sandbox: orders on their way out, and returns on their way back.

The same commands do it that operators and carriers have, so whatever they refuse is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.records import Shipment
from entrepot.domain.fulfilment.returns.move import AdvanceReturn, CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.receive import Inspection, InspectReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.fulfilment.ship import Acknowledge, Acknowledged, Shipped, ShipUnits
from entrepot.domain.fulfilment.track import DELIVERED, Tracked, TrackShipment
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.orders.line_counts import Units, added
from entrepot.doors.kit import Request
from entrepot.engine.money.refund import receive_return
from entrepot.failures import Failure
from entrepot.sandbox.requests import BadRequestError, NotFoundError, read_body
from entrepot.sandbox.sandbox import Sandbox
from entrepot.store.connections import Connection
from entrepot.store.queries import returns, stock
from entrepot.store.queries.orders import order_numbers
from entrepot.worlds import find_workspace

LARGEST_ID: Final = 2**53
Count = Annotated[int, Meta(ge=1, le=10**9)]
Number = Annotated[int, Meta(ge=1, le=32_767)]
Short = Annotated[str, Meta(max_length=255)]
Long = Annotated[str, Meta(max_length=1_000)]
Url = Annotated[str, Meta(max_length=2_000)]

B = TypeVar("B", bound=msgspec.Struct)


class RefusedError(Exception):
    """A command was refused; the first failure says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.title)
        self.failure = failure


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of a line, by its number."""

    line: Number
    quantity: Count


Lines = Annotated[tuple[Line, ...], Meta(max_length=1_000)]


class OnItsWay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which units of an order go on, and in which parcel; without lines all."""

    lines: Lines = ()
    carrier: Short = ""
    service: Short = ""
    tracking: Short = ""
    tracking_url: Url = ""

    @property
    def parcel(self) -> Parcel:
        """What is told of the parcel."""
        return Parcel(None, self.carrier, self.service, self.tracking, self.tracking_url)


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units that come back, of an order line or of a SKU."""

    quantity: Count
    line: Number | None = None
    sku: Short | None = None
    reason: Long = ""


class NewReturn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A return of an order, by any of its names; without items of all that was delivered."""

    order: Short
    items: Annotated[tuple[Wish, ...], Meta(max_length=1_000)] = ()


class Back(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which units of a return go on; without lines all that can. `to` is for `advance`."""

    lines: Lines = ()
    to: Literal["in_transit", "at_center"] = "in_transit"


class Looked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of received units, and where they are put: by default where orders take from first."""

    restock: Lines = ()
    scrap: Lines = ()
    location: Short | None = None


class AfterSale:
    """The operations, each on the workspace that the query names."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def order(self, step: str, request: Request) -> dict[str, Any]:
        """POST /sandbox/orders/{order}/acknowledge, ship or deliver."""
        body = _body(request, OnItsWay)
        async with self._sandbox.acquire() as connection:
            workspace = await _workspace(connection, request)
            number = await _order(connection, workspace, request.params["order"])
        command = _COMMANDS[step](number, body)
        return _moved(await self._run(workspace, command))

    async def open(self, request: Request) -> dict[str, Any]:
        """POST /sandbox/returns."""
        body = _body(request, NewReturn)
        wishes = tuple(ReturnWish(each.quantity, each.reason, each.line, each.sku) for each in body.items)
        async with self._sandbox.acquire() as connection:
            workspace = await _workspace(connection, request)
            number = await _order(connection, workspace, body.order)
        return _state(await self._run(workspace, OpenReturn(order=number, wishes=wishes)))

    async def on(self, step: str, request: Request) -> dict[str, Any]:
        """POST /sandbox/returns/{id}/advance, receive, inspect or cancel."""
        async with self._sandbox.acquire() as connection:
            workspace = await _workspace(connection, request)
            number: int = request.params["id"]
            found = await returns.show_return(connection, workspace, number) if number < LARGEST_ID else None
            if found is None:
                raise NotFoundError("the workspace has no such return")
            command = await _of_return(connection, workspace, request, step, found.ret.order, number)
        return _state(await self._run(workspace, command))

    async def _run(self, workspace: int, command: Command) -> Any:
        outcome = await self._sandbox.execute(workspace, command)
        if isinstance(outcome, Refused):
            raise RefusedError(outcome.failures[0])
        return outcome


def _body(request: Request, kind: type[B]) -> B:
    return read_body(request.body or b"{}", kind)


async def _workspace(connection: Connection, request: Request) -> int:
    name = request.query.get("workspace")
    if not name:
        raise BadRequestError("?workspace: its name is needed")
    number = await find_workspace(connection, name)
    if number is None:
        raise NotFoundError("there is no workspace of this name")
    return number


async def _order(connection: Connection, workspace: int, name: str) -> int:
    numbers = await order_numbers(connection, workspace, name)
    if len(numbers) > 1:
        raise BadRequestError("several orders go by this name; name one by its number")
    if not numbers:
        raise NotFoundError("the workspace has no such order")
    return numbers[0]


def _units(lines: Sequence[Line]) -> tuple[Units, ...]:
    return tuple(Units(each.line, each.quantity) for each in lines)


def _acknowledge(order: int, body: OnItsWay) -> Command:
    return Acknowledge(order=order, lines=_units(body.lines))


def _ship(order: int, body: OnItsWay) -> Command:
    return ShipUnits(order=order, lines=_units(body.lines), parcel=body.parcel)


def _deliver(order: int, body: OnItsWay) -> Command:
    return TrackShipment(order=order, status=DELIVERED, lines=_units(body.lines), parcel=body.parcel)


_COMMANDS: Final = {"acknowledge": _acknowledge, "ship": _ship, "deliver": _deliver}
ORDER_STEPS: Final = tuple(_COMMANDS)
RETURN_STEPS: Final = ("advance", "receive", "inspect", "cancel")


async def _of_return(
    connection: Connection, workspace: int, request: Request, step: str, order: int, number: int
) -> Command:
    if step == "inspect":
        looked = _body(request, Looked)
        place = await _place(connection, workspace, looked.location)
        return InspectReturn(order=order, return_id=number, location=place, inspections=_inspections(looked))
    body = _body(request, Back)
    lines = _units(body.lines)
    match step:
        case "advance":
            return AdvanceReturn(order=order, return_id=number, stage=body.to, lines=lines)
        case "receive":
            return receive_return(order, number, lines)
        case _:
            return CancelReturn(order=order, return_id=number, lines=lines)


async def _place(connection: Connection, workspace: int, code: str | None) -> int:
    places = await stock.locations(connection, workspace)
    found = [place.id for place in places if code in (None, place.code)]
    if not found:
        raise BadRequestError("/location: the workspace has none of this code")
    return found[0]


def _inspections(looked: Looked) -> tuple[Inspection, ...]:
    kept, thrown = added(_units(looked.restock)), added(_units(looked.scrap))
    return tuple(Inspection(no, kept.get(no, 0), thrown.get(no, 0)) for no in sorted({**kept, **thrown}))


def _moved(outcome: Acknowledged | Shipped | Tracked) -> dict[str, Any]:
    shipments: Sequence[Shipment] = () if isinstance(outcome, Acknowledged) else outcome.shipments
    return {
        "order": outcome.order.id,
        "progress": outcome.order.progress,
        "moved": _told(outcome.lines),
        "shipments": [
            {"shipment": each.no, "carrier": each.carrier, "tracking": each.tracking} for each in shipments
        ],
    }


def _state(outcome: ReturnState) -> dict[str, Any]:
    return {
        "return": outcome.ret.id,
        "order": outcome.order.id,
        "progress": outcome.order.progress,
        "moved": _told(outcome.moved),
        "lines": [_line(each) for each in outcome.lines],
        "refunds": [
            {"refund": each.id, "amount": each.amount, "state": each.state} for each in outcome.refunds
        ],
    }


def _line(line: msgspec.Struct) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(line)
    return {name: value for name, value in told.items() if name not in ("order", "return_id")}


def _told(units: Sequence[Units]) -> list[dict[str, int]]:
    return [{"line": each.no, "quantity": each.quantity} for each in units]
