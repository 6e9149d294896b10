"""What happens that somebody outside may want to hear of, in words of our own; each door says it in its way.

An order that was sent has also changed: what happened answers to several names, and who listens to any is told once.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

Name = Literal[
    "order.placed",
    "order.changed",
    "order.paid",
    "order.cancelled",
    "order.discarded",
    "order.shipped",
    "order.delivered",
    "return.opened",
    "return.changed",
    "return.received",
    "return.cancelled",
    "customer.created",
    "stock.changed",
    "return.advanced",
    "return.refundable",
]

_RANK: Final = {name: rank for rank, name in enumerate(get_args(Name))}
_NAMES_AT_MOST: Final = 32


def place_of(name: Name, seq: int) -> int:
    """Where something stands among all that happens to its subject: by its number, then as the names stand above."""
    return seq * _NAMES_AT_MOST + _RANK[name]


CHANGED: Final[Name] = "order.changed"

_OF_ORDERS: Final[dict[str, tuple[Name, ...]]] = {
    "placed": ("order.placed",),
    "recorded": ("order.placed",),
    "cancelled": ("order.cancelled", CHANGED),
    "sent": ("order.shipped", CHANGED),
    "delivered": ("order.delivered", CHANGED),
}
_OF_RETURNS: Final[dict[str, tuple[Name, ...]]] = {
    "return-opened": ("return.opened", "return.advanced"),
    "return-received": ("return.received", "return.changed", "return.advanced", "return.refundable"),
    "return-cancelled": ("return.cancelled", "return.changed"),
    "return-in_transit": ("return.changed", "return.advanced", "return.refundable"),
    "return-at_center": ("return.changed", "return.advanced", "return.refundable"),
    "return-inspected": ("return.changed",),
    "return-labelled": ("return.changed",),
}
DISCARDED: Final[tuple[Name, ...]] = ("order.discarded", "order.cancelled")


class Happening(msgspec.Struct, frozen=True):
    """Something that happened to an object of a channel, as a listener is told of it.

    `event` is the name under which it listens, `subject` the object's id, and `seq` says the how-manieth of all that
    happened to it this was.
    """

    event: Name
    channel: int
    subject: int
    seq: int = 0

    @property
    def of_return(self) -> bool:
        """Whether the subject is a return."""
        return self.event.startswith("return.")


def names_of(kind: str) -> tuple[Name, ...]:
    """To which names an order's event of this kind answers."""
    return _OF_ORDERS.get(kind, (CHANGED,))


def names_of_return(kind: str) -> tuple[Name, ...]:
    """To which names of its return an order's event of this kind answers; most are of no return."""
    return _OF_RETURNS.get(kind, ())
