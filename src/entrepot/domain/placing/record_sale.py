"""Taking an order that was sold elsewhere: by SKU, without merchant, rates, taxes or payment of ours.

It is the second and last way in. The channel's setting says what such an order does to stock: `reserve` refuses what
is short, `backorder` takes what is there and owes the rest, `record` looks at no stock and enters as delivered.

Where others must be asked before the order may exist, it begins as an attempt, which holds its names and its stock.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

import msgspec

from entrepot.domain.catalogue.products import Goods
from entrepot.domain.channels.accounts import Channel, Environment, Reference
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.fulfilment.records import Shipment, ShipmentLine
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.line_counts import LARGEST_QUANTITY, counted
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Address, Order, OrderEvent, OrderLine, OrderPart, Person
from entrepot.domain.placing.attempts import Draft, Errands, Reserved, begun, held_names
from entrepot.domain.placing.basket import EXTERNAL, EXTERNAL_ID, NameKey, OutsideName
from entrepot.domain.placing.place import Placed, claims, in_flight
from entrepot.domain.placing.promise import Wish, promises, sku_fault
from entrepot.domain.stock.holds import Promise, hold
from entrepot.failures import Failure
from entrepot.failures.orders import (
    DuplicateExternalOrder,
    LineRef,
    OrderSourceUnrecognized,
    OrderTooLarge,
    StorefrontInactive,
    StorefrontUnknown,
)

MOST_LINES: Final = 1_000
LARGEST_TOTAL: Final = 10**15
"""In minor units: sums of a million such orders stay within 64 bits."""


class SoldLine(msgspec.Struct, frozen=True):
    """Whole units of a SKU. `ref` is the caller's id of the line, `price` a unit's in minor units, where it was told.

    `ship_to` is where the line goes, None for where the order goes. `data` is the placing door's alone.
    """

    ref: str
    sku: str
    quantity: int
    price: int | None = None
    name: str = ""
    ship_to: Address | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class TakeOrder(Command, frozen=True, kw_only=True):
    """Take an order that was sold elsewhere. The result is `Placed`; its payment is None where no prices were told.

    `currency` is by default the channel's, `external_id` (what the channel calls the order) the name of that kind.
    With `errands` the result is `Reserved`: an attempt that somebody drives until `lease_until`. A name that an open
    attempt holds is waited for: the result is `InFlight`. `storefront` is the public id of where it was sold, None
    where the door knows no such place.
    """

    stages: ClassVar[frozenset[Stage]] = frozenset(
        {Stage.CHANNEL, Stage.REFERENCE, Stage.STOREFRONT, Stage.GOODS, Stage.STOCK}
    )

    channel: int
    environment: Environment
    lines: tuple[SoldLine, ...]
    person: Person
    ship_to: Address | None = None
    names: tuple[OutsideName, ...] = ()
    external_id: str | None = None
    currency: str | None = None
    storefront: UUID | None = None
    note: str | None = None
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    errands: Errands | None = None
    lease_until: datetime | None = None

    @property
    def ids(self) -> int:
        """The order's, its payment's, its attempt's, and one per line."""
        return 2 + len(self.lines) + (self.errands is not None)

    @property
    def weight(self) -> int:
        """Order, part, event, payment and names; three rows per line."""
        return 5 + len(self.names) + 3 * len(self.lines)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Account and names first, then what the SKUs stand for, then its stock."""
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.REFERENCE:
                return [self._key(name) for name in self.names]
            case Stage.STOREFRONT:
                return (self.storefront,) if self.storefront else ()
            case Stage.GOODS:
                return {line.sku for line in self.lines}
            case Stage.STOCK:
                found = (view.get(Goods, line.sku) for line in self.lines)
                return {goods.variant for goods in found if goods and goods.tracked}
            case _:
                return ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse by the first check that fails, or take it.

        Account, storefront, names, SKUs (all of them), stock (all of it).
        """
        channel = view.get(Channel, self.channel)
        if channel is None:
            raise LookupError(f"channel {self.channel} was not loaded")
        if waiting := in_flight(map(self._key, self.names), view):
            return Decided(waiting, Changes())
        for check in (self._source, self._place, self._names, self._sizes, self._skus, self._stock):
            failures = tuple(check(channel, view))
            if failures:
                return refused(*failures)
        return self._taken(_Taking(self, channel, view, now), now, ids)

    def _taken(self, taking: _Taking, now: datetime, ids: Ids) -> Decided:
        drafted = taking.drafted(ids)
        changes = Changes(taking.holds(drafted))
        if self.errands is None:
            return Decided(exist(drafted, now, changes), changes)
        if self.lease_until is None:
            raise LookupError("an order with errands needs somebody who drives its attempt")
        attempt = begun(drafted, "take", self.lease_until, now, ids)
        changes.put(attempt, *held_names(attempt))
        return Decided(Reserved(attempt), changes)

    def _key(self, name: OutsideName) -> NameKey:
        return (self.channel, self.environment, name.kind, name.value)

    def _source(self, channel: Channel, view: View) -> Iterator[Failure]:
        del view
        if channel.settings.source not in channel.known_sources:
            yield OrderSourceUnrecognized()

    def _place(self, channel: Channel, view: View) -> Iterator[Failure]:
        if self.storefront is None:
            return
        places = view.children(Storefront, self.storefront)
        own = next((place for place in places if place.channel == channel.id), None)
        if own is None:
            yield StorefrontUnknown(str(self.storefront))
        elif not own.active:
            yield StorefrontInactive(str(self.storefront))

    def _names(self, channel: Channel, view: View) -> Iterator[Failure]:
        del channel
        for name in self.names:
            if view.get(Reference, self._key(name)) is not None:
                yield DuplicateExternalOrder(name.value, name.kind)

    def _sizes(self, channel: Channel, view: View) -> Iterator[Failure]:
        del channel, view
        if len(self.lines) > MOST_LINES:
            yield OrderTooLarge("lines", MOST_LINES)
        elif not all(1 <= line.quantity <= LARGEST_QUANTITY for line in self.lines):
            yield OrderTooLarge("quantity", LARGEST_QUANTITY)
        elif any((line.price or 0) < 0 for line in self.lines) or self.goods > LARGEST_TOTAL:
            yield OrderTooLarge("total", LARGEST_TOTAL)

    def _skus(self, channel: Channel, view: View) -> Iterator[Failure]:
        for line in self.lines:
            ref = LineRef("", line.sku, line.ref)
            if fault := sku_fault(channel.settings.stock, view.get(Goods, line.sku), ref):
                yield fault

    def _stock(self, channel: Channel, view: View) -> Iterator[Failure]:
        # What a promise of these lines would say: each line that does not fit any more after those before it.
        wishes = [Wish(line.ref, line.sku, line.quantity) for line in self.lines]
        for each in promises(channel.settings.stock, wishes, view):
            if each.failure:
                yield each.failure

    @property
    def goods(self) -> int:
        """What the lines cost together, in minor units."""
        return sum((line.price or 0) * line.quantity for line in self.lines)


def exist(drafted: Draft, now: datetime, changes: Changes) -> Placed:
    """Make a sale elsewhere an order that exists: its records, and the names that it takes, put into `changes`."""
    order = drafted.order
    changes.put(order, *drafted.parts, *drafted.lines, *drafted.payments, *claims(drafted))
    changes.put(OrderEvent(order.id, order.events, now, "placed", {}), *_shipments(drafted))
    return Placed(order, drafted.parts, drafted.lines, drafted.payment)


def _shipments(drafted: Draft) -> Iterator[Record]:
    """What is recorded has arrived, on a way that nobody told."""
    number, at = drafted.order.id, drafted.order.placed_at
    for part in drafted.parts:
        own = [line for line in drafted.lines if line.part == part.no and line.delivered]
        if own:
            yield Shipment(number, part.no, part.no, None, "", "", "", "", at, at)
        for line in own:
            yield ShipmentLine(number, part.no, line.no, line.quantity, line.quantity)


class _Taking:
    """An order that passed every check, on its way to exist."""

    def __init__(self, command: TakeOrder, channel: Channel, view: View, now: datetime) -> None:
        self._command = command
        self._channel = channel
        self._view = view
        self._now = now
        self._recorded = channel.settings.stock == "record"

    def drafted(self, ids: Ids) -> Draft:
        """The order with all that hangs on it."""
        command, number = self._command, ids.next()
        parts, part_of = self._parts(number)
        lines = tuple(
            self._line(number, no, ids.next(), part_of[no - 1], line)
            for no, line in enumerate(command.lines, 1)
        )
        order = counted(self._order(number, ids), lines)
        payments = (self._payment(order, ids.next()),) if self._priced else ()
        return Draft(order, parts, lines, payments, command.names, errands=command.errands)

    @property
    def _priced(self) -> bool:
        return any(line.price is not None for line in self._command.lines)

    def _parts(self, number: int) -> tuple[tuple[OrderPart, ...], list[int]]:
        """One part per distinct destination, in the order in which they first appear; an order has one at least."""
        own = self._command.ship_to
        places: dict[Address | None, int] = {}
        part_of: list[int] = []
        for line in self._command.lines:
            place = None if line.ship_to == own else line.ship_to
            part_of.append(places.setdefault(place, len(places) + 1))
        if not places:
            places[None] = 1
        return tuple(
            OrderPart(number, no, None, "", None, 0, 0, "", ship_to=place) for place, no in places.items()
        ), part_of

    def _line(self, number: int, no: int, line_id: int, part: int, line: SoldLine) -> OrderLine:
        goods = self._view.get(Goods, line.sku)
        if goods is not None and goods.scale:
            goods = None  # whole units are none of what is kept by smaller ones
        stage: Literal["delivered", "new"] = "delivered" if self._recorded else "new"
        counts: Mapping[str, int] = {"new": 0, stage: line.quantity}
        return OrderLine(
            order=number,
            no=no,
            id=line_id,
            part=part,
            product=goods.product if goods else None,
            product_id=goods.product_id if goods else None,
            variant=goods.variant if goods else None,
            sku=line.sku,
            name=line.name or (goods.name if goods else ""),
            price=line.price or 0,
            quantity=line.quantity,
            tax=0,
            duties=0,
            requires_shipping=goods.requires_shipping if goods else True,
            tracked=goods.tracked if goods and not self._recorded else False,
            data={"ref": line.ref, **line.data},
            **counts,
        )

    def _order(self, number: int, ids: Ids) -> Order:
        command, goods = self._command, self._command.goods
        external = (name.value for name in command.names if name.kind == EXTERNAL_ID)
        return Order(
            id=number,
            uuid=ids.uuid(),
            channel=command.channel,
            environment=command.environment,
            state="placed",
            reason="",
            payment_state="paid",
            currency=command.currency or self._channel.settings.currency,
            person=command.person,
            ship_to=command.ship_to,
            goods=goods,
            goods_tax=0,
            shipping=0,
            shipping_tax=0,
            duties=0,
            total=goods,
            external_id=command.external_id or next(external, None),
            payment_method=EXTERNAL if self._priced else "",
            payment_description=None,
            note=command.note,
            placed_at=self._now,
            changed_at=self._now,
            version=1,
            events=1,
            data=command.data,
        )

    def _payment(self, order: Order, number: int) -> Payment:
        return Payment(
            order=order.id,
            no=1,
            id=number,
            kind="external",
            method=EXTERNAL,
            state="paid",
            amount=order.total,
            currency=order.currency,
            refunded=0,
            reference=None,
            reported=None,
        )

    def holds(self, drafted: Draft) -> Sequence[Record]:
        """What the order takes from stock: nothing if it is a test, or was recorded."""
        if self._recorded or self._command.environment != "live":
            return []
        promises = [
            Promise(line.no, line.variant, line.quantity)
            for line in drafted.lines
            if line.tracked and line.variant is not None
        ]
        backorder = self._channel.settings.stock == "backorder"
        return hold(drafted.order.id, promises, self._view, backorder=backorder)
