"""Events as this API names and tells them (decision textalk item 39)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from entrepot.domain.outbox.events import Name
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.settings import webshop_settings
from entrepot.engine.deliveries.events import Told

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


def put(name: Json) -> dict[str, Any]:
    """What a listener to the event of this public name keeps; the schema lets no other name pass."""
    return {"event": _OURS[str(name)]}


def public_name(event: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The public name of a stored event: what filters and orders of listeners look at, whatever they ask for."""
    names = {ours: sa.literal(name, sa.Text) for ours, name in NAMES.items()}
    return sa.case(names, value=event)


def body(told: Told) -> Mapping[str, Any]:
    """The message to a listener: the event, the shop's number and the object's."""
    shop = webshop_settings(told.settings)
    return {
        "event": to_wire(told.happening.event),
        "webshop": None if shop is None else shop.uid,
        "uid": told.happening.subject,
    }
