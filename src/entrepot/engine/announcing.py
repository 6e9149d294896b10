"""Events for those who listen: what happened to orders and customers in a batch is queued with the batch itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.customers import Customer
from entrepot.domain.orders import Order, OrderEvent
from entrepot.domain.outbox import Delivery
from entrepot.domain.state import Changes, View
from entrepot.store.reading import Listener

_PAID = frozenset({"placed", "payment-captured", "payment-set"})


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
    for _, _, record, stored in view.dirty():
        if isinstance(record, OrderEvent) and not stored:
            order = view.get(Order, record.order)
            if order is not None:
                for name in _names(record, order):
                    yield Event(order.channel, name, order.id, record.seq)
        elif isinstance(record, Customer) and not stored:
            yield Event(record.channel, "Customer/created", record.id, 1)


def _names(event: OrderEvent, order: Order) -> Iterator[str]:
    """The public names of one event of an order (contract: textalk, section 8, item 39)."""
    if event.kind == "placed":
        yield "Order/placed"
    elif order.reason == "discarded":
        yield "Order/discarded"
    else:
        yield "Order/changed"
    if event.kind in _PAID and order.payment_state == "paid":
        yield "Order/paid"
