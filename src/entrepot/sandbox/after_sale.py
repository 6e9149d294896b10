"""What an integrator drives by hand in a sandbox: orders on their way out, and returns on their way back.

The same commands do it that operators and carriers have, so whatever they refuse is refused here. Quantities are as a
merchant counts them: of goods that are sold by decimals, 1 is a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from entrepot.domain.channels.repeats import KEY_HEADER, Once, named
from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.records import RETURN_STAGES, Return, ReturnLine, Shipment
from entrepot.domain.fulfilment.returns.move import AdvanceReturn, CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.receive import InspectReturn, inspections
from entrepot.domain.fulfilment.returns.work import ReturnState, of_return
from entrepot.domain.fulfilment.ship import Acknowledge, Acknowledged, Shipped, ShipUnits
from entrepot.domain.fulfilment.track import DELIVERED, Tracked, TrackShipment
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.kernel.quantity import in_whole
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import LONGEST_KEY, is_key
from entrepot.domain.orders.whole_units import Scales, of_order
from entrepot.doors.kit import Request
from entrepot.engine.money.refund import receive_return
from entrepot.failures import Failure
from entrepot.sandbox.requests import BadRequestError, NotFoundError, read_body, workspace_of
from entrepot.sandbox.sandbox import Sandbox
from entrepot.store.connections import Connection
from entrepot.store.queries import returns, stock
from entrepot.store.queries.orders import order_numbers, show_order

LARGEST_ID: Final = 2**53
Count = Annotated[float, Meta(gt=0, le=10**9)]
Number = Annotated[int, Meta(ge=1, le=32_767)]
Short = Annotated[str, Meta(max_length=255)]
Long = Annotated[str, Meta(max_length=1_000)]
Url = Annotated[str, Meta(max_length=2_000)]

B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T", Units, int)


class RefusedError(Exception):
    """A command was refused; the first failure says why, its context in the units in which the lines are counted."""

    def __init__(self, failure: Failure, context: Mapping[str, object]) -> None:
        super().__init__(failure.title)
        self.failure = failure
        self.context = context


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
            workspace = await workspace_of(connection, request)
            number, scales = await _order(connection, workspace, request.params["order"])
        make, tells = _COMMANDS[step]
        command = _once(request, make(number, body, _units(body.lines, scales, "lines")), tells)
        return _moved(await self._run(workspace, command, scales), scales)

    async def open(self, request: Request) -> dict[str, Any]:
        """POST /sandbox/returns."""
        body = _body(request, NewReturn)
        async with self._sandbox.acquire() as connection:
            workspace = await workspace_of(connection, request)
            number, scales = await _order(connection, workspace, body.order)
        wishes = tuple(_wish(place, each, scales) for place, each in enumerate(body.items))
        command = _once(request, OpenReturn(order=number, wishes=wishes), ReturnState)
        return _state(await self._run(workspace, command, scales), scales)

    async def on(self, step: str, request: Request) -> dict[str, Any]:
        """POST /sandbox/returns/{id}/advance, receive, inspect or cancel."""
        async with self._sandbox.acquire() as connection:
            workspace = await workspace_of(connection, request)
            number: int = request.params["id"]
            found = await returns.show_return(connection, workspace, number) if number < LARGEST_ID else None
            if found is None:
                raise NotFoundError("the workspace has no such return")
            of_lines = Scales(found.scales)
            scales = of_return(found.lines, of_lines)
            command = await _of_return(connection, workspace, request, step, found.ret, scales)
        done = await self._run(workspace, _once(request, command, ReturnState), scales)
        return _state(done, of_lines)

    async def _run(self, workspace: int, command: Command, scales: Scales) -> Any:
        outcome = await self._sandbox.execute(workspace, command)
        if isinstance(outcome, Refused):
            raise RefusedError(outcome.failures[0], scales.context(outcome.failures[0]))
        return outcome


def _once(request: Request, command: Command, tells: type[msgspec.Struct]) -> Command:
    """The command, to be done once under the caller's key, if he sent one."""
    key = request.header(KEY_HEADER)
    if key is None:
        return command
    if not is_key(key):
        raise BadRequestError(f"{KEY_HEADER}: expected 1 to {LONGEST_KEY} printable ASCII characters")
    return Once(command, named(key, "sandbox", (request.path, request.body.decode())), tells)


def _body(request: Request, kind: type[B]) -> B:
    return read_body(request.body or b"{}", kind)


async def _order(connection: Connection, workspace: int, name: str) -> tuple[int, Scales]:
    """The order's number, and how its lines are counted."""
    numbers = await order_numbers(connection, workspace, name)
    if len(numbers) > 1:
        raise BadRequestError("several orders go by this name; name one by its number")
    found = await show_order(connection, workspace, numbers[0]) if numbers else None
    if found is None:
        raise NotFoundError("the workspace has no such order")
    return found.order.id, of_order(found.lines)


def _units(lines: Sequence[Line], scales: Scales, member: str) -> tuple[Units, ...]:
    return tuple(
        _read(scales.read(each.line, _written(each.quantity)), f"/{member}/{place}")
        for place, each in enumerate(lines)
    )


def _wish(place: int, wish: Wish, scales: Scales) -> ReturnWish:
    where, written = f"/items/{place}", _written(wish.quantity)
    if wish.line is not None:
        quantity = _read(scales.read(wish.line, written), where).quantity
    else:
        quantity = _read(scales.read_sku(wish.sku or "", written), where)
    return ReturnWish(quantity, wish.reason, wish.line, wish.sku)


def _read(read: T | str, where: str) -> T:
    if isinstance(read, str):
        raise BadRequestError(f"{where}/quantity: {read}")
    return read


def _written(quantity: float) -> str:
    """The number as it was sent: what `Count` allows has fewer digits than a binary fraction keeps."""
    return format(Decimal(str(quantity)), "f")


def _acknowledge(order: int, body: OnItsWay, lines: tuple[Units, ...]) -> Command:
    del body
    return Acknowledge(order=order, lines=lines)


def _ship(order: int, body: OnItsWay, lines: tuple[Units, ...]) -> Command:
    return ShipUnits(order=order, lines=lines, parcel=body.parcel)


def _deliver(order: int, body: OnItsWay, lines: tuple[Units, ...]) -> Command:
    return TrackShipment(order=order, status=DELIVERED, lines=lines, parcel=body.parcel)


_COMMANDS: Final[
    Mapping[str, tuple[Callable[[int, OnItsWay, tuple[Units, ...]], Command], type[msgspec.Struct]]]
] = {
    "acknowledge": (_acknowledge, Acknowledged),
    "ship": (_ship, Shipped),
    "deliver": (_deliver, Tracked),
}
ORDER_STEPS: Final = tuple(_COMMANDS)
RETURN_STEPS: Final = ("advance", "receive", "inspect", "cancel")


async def _of_return(
    connection: Connection, workspace: int, request: Request, step: str, ret: Return, scales: Scales
) -> Command:
    if step == "inspect":
        looked = _body(request, Looked)
        place = await _place(connection, workspace, looked.location)
        kept, thrown = _units(looked.restock, scales, "restock"), _units(looked.scrap, scales, "scrap")
        told = inspections(kept, thrown)
        return InspectReturn(order=ret.order, return_id=ret.id, location=place, inspections=told)
    body = _body(request, Back)
    lines = _units(body.lines, scales, "lines")
    match step:
        case "advance":
            return AdvanceReturn(order=ret.order, return_id=ret.id, stage=body.to, lines=lines)
        case "receive":
            return receive_return(ret.order, ret.id, lines)
        case _:
            return CancelReturn(order=ret.order, return_id=ret.id, lines=lines)


async def _place(connection: Connection, workspace: int, code: str | None) -> int:
    places = await stock.locations(connection, workspace)
    found = [place.id for place in places if code in (None, place.code)]
    if not found:
        raise BadRequestError("/location: the workspace has none of this code")
    return found[0]


def _moved(outcome: Acknowledged | Shipped | Tracked, scales: Scales) -> dict[str, Any]:
    shipments: Sequence[Shipment] = () if isinstance(outcome, Acknowledged) else outcome.shipments
    return {
        "order": outcome.order.id,
        "progress": outcome.order.progress,
        "moved": _told(outcome.lines, scales),
        "shipments": [
            {"shipment": each.no, "carrier": each.carrier, "tracking": each.tracking} for each in shipments
        ],
    }


def _state(outcome: ReturnState, of_lines: Scales) -> dict[str, Any]:
    return {
        "return": outcome.ret.id,
        "order": outcome.order.id,
        "progress": outcome.order.progress,
        "moved": _told(outcome.moved, of_return(outcome.lines, of_lines)),
        "lines": [_line(each, of_lines.of(each.line)) for each in outcome.lines],
        "refunds": [
            {"refund": each.id, "amount": each.amount, "state": each.state} for each in outcome.refunds
        ],
    }


def _line(line: ReturnLine, scale: int) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.structs.asdict(line)
    counted = {name: in_whole(told[name], scale) for name in ("quantity", *RETURN_STAGES)}
    return {name: value for name, value in (told | counted).items() if name not in ("order", "return_id")}


def _told(units: Sequence[Units], scales: Scales) -> list[dict[str, Any]]:
    return [{"line": each.no, "quantity": in_whole(each.quantity, scales.of(each.no))} for each in units]
