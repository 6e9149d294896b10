"""Who may see an order, and so may act on it: the one rule for every command and every read.

A channel sees its own orders, and with `sees = "workspace"` the live ones of all channels. A test order is its own
channel's alone. To everybody else an order does not exist, and one that the operator deleted exists for no channel.
"""

from __future__ import annotations

import msgspec

from entrepot.domain.channels.accounts import Channel, ChannelSettings, Environment
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.records import Order
from entrepot.failures.orders import OrderUnknown


class Asker(msgspec.Struct, frozen=True):
    """In whose name something is asked; without an `environment` for both, as some credentials stand for both."""

    channel: int
    environment: Environment | None


def sees_others(settings: ChannelSettings, environment: Environment | None) -> bool:
    """Whether a channel, asking in this environment, sees orders of other channels."""
    return settings.sees == "workspace" and environment != "test"


def may_see(asker: Asker, settings: ChannelSettings, order: Order) -> bool:
    """Whether the order exists for a channel with these settings."""
    if asker.environment not in (None, order.environment) or order.deleted_at is not None:
        return False
    if order.channel == asker.channel:
        return True
    return order.environment == "live" and sees_others(settings, asker.environment)


def seen_order(view: View, number: int, asker: Asker | None) -> Order | OrderUnknown:
    """The order, if it is there for whoever asks; None is the operator, who sees all.

    The channel that asks and the order must have been loaded.
    """
    order = view.get(Order, number)
    if order is None or asker is None:
        return order or OrderUnknown(str(number))
    channel = view.get(Channel, asker.channel)
    seen = channel is not None and may_see(asker, channel.settings, order)
    return order if seen else OrderUnknown(str(number))
