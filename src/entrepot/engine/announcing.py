"""Events for those who listen: what happened to orders and customers in a batch is queued with the batch itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.customers import Customer
from entrepot.domain.discarding import DISCARDED
from entrepot.domain.orders import Order, OrderEvent
from entrepot.domain.outbox import Delivery
from entrepot.domain.state import Changes, Record, View
from entrepot.store.connections import Connection

_LISTENERS = """
select l.channel, l.event, l.id, c.settings -> 'door' ->> 'uid'
from unnest($2::bigint[]) k(channel)
join event_listeners l on l.workspace = $1 and l.channel = k.channel
join channels c on c.workspace = $1 and c.id = l.channel
"""
_NEW = frozenset({"placed", "recorded"})


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
    """What happened, by its public name (contract: textalk, section 8, item 39)."""
    for _, _, record, before in view.dirty():
        if isinstance(record, OrderEvent) and before is None:
            order = view.get(Order, record.order)
            if order is not None:
                yield Event(order.channel, _name(record, order), order.id, record.seq)
        elif isinstance(record, Order) and record.payment_state == "paid" != _payment_state(before):
            yield Event(record.channel, "Order/paid", record.id, record.events)
        elif isinstance(record, Customer) and record.state == "confirmed" != _state(before):
            # Somebody who only signed up is nobody's customer yet, and gives way to the next who does.
            yield Event(record.channel, "Customer/created", record.id, 1)


def _name(event: OrderEvent, order: Order) -> str:
    if event.kind in _NEW:
        return "Order/placed"
    discarded = event.data.get("reason") == order.reason == DISCARDED
    return "Order/discarded" if discarded else "Order/changed"


def _payment_state(before: Record | None) -> str:
    return before.payment_state if isinstance(before, Order) else ""


def _state(before: Record | None) -> str:
    return before.state if isinstance(before, Customer) else ""
