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
    for _, order, before in view.changed(Order):
        was_placed = before is not None and before.state == "placed"
        if order is not None and order.state == "placed" and not was_placed and _unsent(view, order.id):
            yield ToTell(ORDER, order, order.channel, order.id, order.events)
    for event in view.made(OrderEvent):
        order = view.get(Order, event.order)
        if order is not None and (event.kind in _CHANGED or event.data.get("ended")):
            yield ToTell(ORDER, order, order.channel, order.id, event.seq)
    for event in view.made(ReturnEvent):
        if event.kind in ("opened", "cancelled"):
            order, ret = view.get(Order, event.order), view.get(Return, (event.order, event.return_id))
            if order is not None and ret is not None:
                channel = order.channel if ret.channel is None else ret.channel
                yield ToTell(RETURN, order, channel, ret.id, event.seq)


def _unsent(view: View, order: int) -> bool:
    return any(map(unsent, view.children(OrderLine, order)))
