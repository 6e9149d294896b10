"""Events for those who listen: what happened to orders and customers in a batch is queued with the batch itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.customers.records import Customer
from entrepot.domain.fulfilment.records import Return, ReturnEvent
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.records import Order, OrderEvent
from entrepot.domain.outbox import events
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.outbox.events import Happening, Name
from entrepot.store.batches.readers import Listener


class Event(msgspec.Struct, frozen=True):
    """Something that happened to an object of a channel: the names to which it answers, and the how-manieth it is.

    What is `shared` is told to all channels that see the workspace; `opener` is told in any case.
    """

    channel: int
    names: tuple[Name, ...]
    subject: int
    seq: int
    shared: bool = False
    opener: int | None = None


def queue_events(view: View, listeners: Iterable[Listener], now: datetime) -> None:
    """Queue a message to each of the workspace's listeners of what the batch made happen."""
    by_event: dict[str, list[Listener]] = {}
    for listener in listeners:
        by_event.setdefault(listener.event, []).append(listener)
    if by_event:
        view.apply(Changes(_deliveries(_events(view), by_event, now)))


def tells(view: View) -> bool:
    """Whether the batch leaves messages in the outbox."""
    return any(delivery is not None for _, delivery, _ in view.changed(Delivery))


def _deliveries(
    happened: Iterable[Event], listeners: dict[str, list[Listener]], now: datetime
) -> Iterator[Delivery]:
    for event in happened:
        for name in event.names:
            payload = msgspec.to_builtins(Happening(name, event.channel, event.subject, event.seq))
            place = events.place_of(name, event.seq)
            for listener in listeners.get(name, ()):
                if not _hears(listener, event):
                    continue
                to = f"event:{listener.id}"
                yield Delivery(
                    event.subject, to, event.seq, payload, now, stream=listener.stream, place=place
                )


def _hears(listener: Listener, event: Event) -> bool:
    concerned = listener.channel in (event.channel, event.opener)
    return concerned or (event.shared and listener.sees_others)


def _events(view: View) -> Iterator[Event]:
    """What happened to orders and customers."""
    for event in view.made(OrderEvent):
        order = view.get(Order, event.order)
        if order is not None:
            yield Event(order.channel, _names(event), order.id, event.seq)
    for event in view.made(ReturnEvent):
        order = view.get(Order, event.order)
        names = events.names_of_return(f"return-{event.kind}")
        if order is not None and names:
            ret = view.get(Return, (event.order, event.return_id))
            opener, shared = ret.channel if ret else None, order.environment == "live"
            yield Event(order.channel, names, event.return_id, event.seq, shared, opener)
    for _, order, before in view.changed(Order):
        if order is not None and order.payment_state == "paid" != (before.payment_state if before else ""):
            yield Event(order.channel, ("order.paid",), order.id, order.events)
    for _, customer, before in view.changed(Customer):
        # Somebody who only signed up is nobody's customer yet, and gives way to the next who does.
        if customer is not None and customer.state == "confirmed" != (before.state if before else ""):
            yield Event(customer.channel, ("customer.created",), customer.id, 1)


def _names(event: OrderEvent) -> tuple[Name, ...]:
    """However an order ends, for those who listen it was discarded."""
    return events.DISCARDED if event.data.get("ended") else events.names_of(event.kind)
