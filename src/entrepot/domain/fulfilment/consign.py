"""What carriers are to be told: queued in the very batch in which an order is placed or cancelled, or a return opened.

A message does not say what there is to carry: whoever delivers it looks, so a late one tells what is so by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

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


def messages(view: View, carriers: Mapping[int, str | None], now: datetime) -> Iterator[Delivery]:
    """What the carriers of these channels are to be told of what the batch changed.

    Test orders are told to simulated carriers only: nobody shall carry them.
    """
    for _, _, record, before in list(view.dirty()):
        if isinstance(record, Order):
            was_placed = isinstance(before, Order) and before.state == "placed"
            if record.state == "placed" and not was_placed and _unsent(view, record.id):
                yield from _told(ORDER, record, record.channel, record.id, record.events, carriers, now)
        elif isinstance(record, OrderEvent) and before is None:
            order = view.get(Order, record.order)
            if order is not None and (record.kind in _CHANGED or record.data.get("ended")):
                yield from _told(ORDER, order, order.channel, order.id, record.seq, carriers, now)
        elif isinstance(record, ReturnEvent) and before is None and record.kind in ("opened", "cancelled"):
            order, ret = view.get(Order, record.order), view.get(Return, (record.order, record.return_id))
            if order is not None and ret is not None:
                channel = order.channel if ret.channel is None else ret.channel
                yield from _told(RETURN, order, channel, ret.id, record.seq, carriers, now)


def _unsent(view: View, order: int) -> bool:
    return any(map(unsent, view.children(OrderLine, order)))


def _told(
    listener: str,
    order: Order,
    channel: int,
    subject: int,
    seq: int,
    carriers: Mapping[int, str | None],
    now: datetime,
) -> Iterator[Delivery]:
    gateway = carriers.get(channel)
    if gateway in (None, "none") or (order.environment == "test" and gateway != "simulated"):
        return
    yield Delivery(order.id, f"{listener}:{subject}", seq, {"channel": channel, "at": now.isoformat()}, now)
