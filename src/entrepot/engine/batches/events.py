"""Events for those who listen: what happened to orders and customers in a batch is queued with the batch itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.customers.records import Customer
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.orders.records import Order, OrderEvent
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.store.batches.readers import Listener

_NEW = frozenset({"placed", "recorded"})


class Event(msgspec.Struct, frozen=True):
    """Something that a channel's listeners may want to know: its name, and of which object it is the how-manieth."""

    channel: int
    name: str
    subject: int
    seq: int


def announce(view: View, listeners: Iterable[Listener], now: datetime) -> None:
    """Queue a message to each of the workspace's listeners of what the batch made happen."""
    by_event: dict[tuple[int, str], list[Listener]] = {}
    for listener in listeners:
        by_event.setdefault((listener.channel, listener.event), []).append(listener)
    if by_event:
        view.apply(Changes(_deliveries(_events(view), by_event, now)))


def _deliveries(
    events: Iterable[Event], listeners: dict[tuple[int, str], list[Listener]], now: datetime
) -> Iterator[Delivery]:
    for event in events:
        for listener in listeners.get((event.channel, event.name), ()):
            shop = int(listener.shop) if listener.shop and listener.shop.isdigit() else None
            payload = {"event": event.name, "webshop": shop, "uid": event.subject}
            yield Delivery(event.subject, f"event:{listener.id}", event.seq, payload, now)


def _events(view: View) -> Iterator[Event]:
    """What happened, by its public name (contract: textalk, section 8, item 39)."""
    for _, _, record, before in view.dirty():
        if isinstance(record, OrderEvent) and before is None:
            order = view.get(Order, record.order)
            if order is not None:
                yield Event(order.channel, _name(record), order.id, record.seq)
        elif isinstance(record, Order) and record.payment_state == "paid" != _payment_state(before):
            yield Event(record.channel, "Order/paid", record.id, record.events)
        elif isinstance(record, Customer) and record.state == "confirmed" != _state(before):
            # Somebody who only signed up is nobody's customer yet, and gives way to the next who does.
            yield Event(record.channel, "Customer/created", record.id, 1)


def _name(event: OrderEvent) -> str:
    """However an order ends, for those who listen it was discarded."""
    if event.kind in _NEW:
        return "Order/placed"
    return "Order/discarded" if event.data.get("ended") else "Order/changed"


def _payment_state(before: Record | None) -> str:
    return before.payment_state if isinstance(before, Order) else ""


def _state(before: Record | None) -> str:
    return before.state if isinstance(before, Customer) else ""
