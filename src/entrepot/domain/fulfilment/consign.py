"""What carriers are to be told: queued in the very batch in which an order is placed or cancelled, or a return opened.

A message does not say what there is to carry: whoever delivers it looks, so a late one tells what is so by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec

from entrepot.domain.fulfilment.records import Return, ReturnEvent
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.line_counts import unsent
from entrepot.domain.orders.records import Order, OrderEvent, OrderLine
from entrepot.domain.outbox.deliveries import Delivery

ORDER: Final = "carrier"
"""The listener that tells how an order stands: `carrier:<order>`."""
RETURN: Final = "carrier-return"
"""The listener that tells how a return stands: `carrier-return:<return>`."""

_CHANGED: Final = frozenset({"cancelled", "edited"})


class ToTell(msgspec.Struct, frozen=True):
    """That a channel's carrier is to look at an order or a return of it (`subject`); `seq` is the how-manieth event."""

    listener: str
    order: Order
    channel: int
    subject: int
    seq: int


def to_tell(view: View) -> list[ToTell]:
    """What carriers are to look at, by what the batch changed."""
    return list(_changed(view))


def messages(told: Iterable[ToTell], gateways: Mapping[int, str], now: datetime) -> Iterator[Delivery]:
    """The messages of what is to be told, given which kind of carrier each channel has.

    Test orders are told to simulated carriers only: nobody shall carry them.
    """
    for each in told:
        gateway = gateways.get(each.channel, "none")
        if gateway == "none" or (each.order.environment == "test" and gateway != "simulated"):
            continue
        payload = {"channel": each.channel, "at": now.isoformat()}
        yield Delivery(each.order.id, f"{each.listener}:{each.subject}", each.seq, payload, now)


def _changed(view: View) -> Iterator[ToTell]:
    for _, _, record, before in view.dirty():
        if isinstance(record, Order):
            was_placed = isinstance(before, Order) and before.state == "placed"
            if record.state == "placed" and not was_placed and _unsent(view, record.id):
                yield ToTell(ORDER, record, record.channel, record.id, record.events)
        elif isinstance(record, OrderEvent) and before is None:
            order = view.get(Order, record.order)
            if order is not None and (record.kind in _CHANGED or record.data.get("ended")):
                yield ToTell(ORDER, order, order.channel, order.id, record.seq)
        elif isinstance(record, ReturnEvent) and before is None and record.kind in ("opened", "cancelled"):
            order, ret = view.get(Order, record.order), view.get(Return, (record.order, record.return_id))
            if order is not None and ret is not None:
                channel = order.channel if ret.channel is None else ret.channel
                yield ToTell(RETURN, order, channel, ret.id, record.seq)


def _unsent(view: View, order: int) -> bool:
    return any(map(unsent, view.children(OrderLine, order)))
