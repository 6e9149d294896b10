"""Events as this API names and tells them (decision textalk item 39)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.outbox.events import Happening, Name
from entrepot.doors.textalk.wire.settings import webshop_settings

NAMES: Final[Mapping[Name, str]] = {
    "order.placed": "Order/placed",
    "order.changed": "Order/changed",
    "order.discarded": "Order/discarded",
    "order.paid": "Order/paid",
    "customer.created": "Customer/created",
}
_OURS: Final[Mapping[str, Name]] = {name: ours for ours, name in NAMES.items()}


def to_wire(event: Name) -> str:
    """An event's public name."""
    return NAMES[event]


def to_ours(name: str) -> Name:
    """The event that has this public name."""
    return _OURS[name]


def public_name(event: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The public name of a stored event: what filters and orders of listeners look at, whatever they ask for."""
    names = {ours: sa.literal(name, sa.Text) for ours, name in NAMES.items()}
    return sa.case(names, value=event)


def body(happening: Happening, settings: ChannelSettings) -> Mapping[str, Any]:
    """The message to a listener: the event, the shop's number and the object's."""
    shop = webshop_settings(settings)
    return {
        "event": to_wire(happening.event),
        "webshop": None if shop is None else shop.uid,
        "uid": happening.subject,
    }
