"""Events for those who listen: what happened to orders and customers in a batch is queued with the batch itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.customers.records import Customer
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.orders.records import Order, OrderEvent
from entrepot.domain.outbox import events
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.outbox.events import Happening, Name
from entrepot.store.batches.readers import Listener


class Event(msgspec.Struct, frozen=True):
    """Something that happened to an object of a channel: the names to which it answers, and the how-manieth it is."""

    channel: int
    names: tuple[Name, ...]
    subject: int
    seq: int


def queue_events(view: View, listeners: Iterable[Listener], now: datetime) -> None:
    """Queue a message to each of the workspace's listeners of what the batch made happen."""
    by_event: dict[tuple[int, str], list[Listener]] = {}
    for listener in listeners:
        by_event.setdefault((listener.channel, listener.event), []).append(listener)
    if by_event:
        view.apply(Changes(_deliveries(_events(view), by_event, now)))


def tells(view: View) -> bool:
    """Whether the batch leaves messages in the outbox."""
    return view.leaves(Delivery)


def _deliveries(
    happened: Iterable[Event], listeners: dict[tuple[int, str], list[Listener]], now: datetime
) -> Iterator[Delivery]:
    for event in happened:
        for name in event.names:
            payload = msgspec.to_builtins(Happening(name, event.channel, event.subject))
            place = events.place_of(name, event.seq)
            for listener in listeners.get((event.channel, name), ()):
                to = f"event:{listener.id}"
                yield Delivery(
                    event.subject, to, event.seq, payload, now, stream=listener.stream, place=place
                )


def _events(view: View) -> Iterator[Event]:
    """What happened to orders and customers."""
    for _, _, record, before in view.dirty():
        if isinstance(record, OrderEvent) and before is None:
            order = view.get(Order, record.order)
            if order is not None:
                yield Event(order.channel, _names(record), order.id, record.seq)
                if names := events.names_of_return(record.kind):
                    yield Event(order.channel, names, record.data["return"], record.seq)
        elif isinstance(record, Order) and record.payment_state == "paid" != _payment_state(before):
            yield Event(record.channel, ("order.paid",), record.id, record.events)
        elif isinstance(record, Customer) and record.state == "confirmed" != _state(before):
            # Somebody who only signed up is nobody's customer yet, and gives way to the next who does.
            yield Event(record.channel, ("customer.created",), record.id, 1)


def _names(event: OrderEvent) -> tuple[Name, ...]:
    """However an order ends, for those who listen it was discarded."""
    return events.DISCARDED if event.data.get("ended") else events.names_of(event.kind)


def _payment_state(before: Record | None) -> str:
    return before.payment_state if isinstance(before, Order) else ""


def _state(before: Record | None) -> str:
    return before.state if isinstance(before, Customer) else ""
