"""Events for those who listen: what happened to orders and customers in a batch is queued with the batch itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.customers import Customer
from entrepot.domain.orders import Order, OrderEvent
from entrepot.domain.outbox import Delivery
from entrepot.domain.state import Changes, View
from entrepot.store.connections import Connection

_LISTENERS = """
select l.channel, l.event, l.id, c.settings -> 'door' ->> 'uid'
from unnest($2::bigint[]) k(channel)
join event_listeners l on l.workspace = $1 and l.channel = k.channel
join channels c on c.workspace = $1 and c.id = l.channel
"""
_PAID = frozenset({"placed", "payment-captured", "payment-set"})


class Event(msgspec.Struct, frozen=True):
    """Something that a channel's listeners may want to know: its name, and of which object it is the how-manieth."""

    channel: int
    name: str
    subject: int
    seq: int


async def announce(connection: Connection, workspace: int, view: View, now: datetime) -> None:
    """Queue a message to each listener of what the batch made happen; nothing is read where nothing did."""
    events = list(_events(view))
    channels = sorted({event.channel for event in events})
    if not channels:
        return
    rows = await connection.fetch(_LISTENERS, workspace, channels)
    listeners: dict[tuple[int, str], list[tuple[int, str | None]]] = {}
    for channel, name, number, public in rows:
        listeners.setdefault((channel, name), []).append((number, public))
    view.apply(Changes(_deliveries(events, listeners, now)))


def _deliveries(
    events: Iterable[Event], listeners: dict[tuple[int, str], list[tuple[int, str | None]]], now: datetime
) -> Iterator[Delivery]:
    for event in events:
        for number, public in listeners.get((event.channel, event.name), ()):
            shop = int(public) if public and public.isdigit() else None
            payload = {"event": event.name, "webshop": shop, "uid": event.subject}
            yield Delivery(event.subject, f"event:{number}", event.seq, payload, now)


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
