"""What classes of methods on offer share: delivery methods and payment methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import Audience, Caller, Field

BLANK: Final[Mapping[str, Any]] = {"position": 0, "active": True, "name": {}, "description": {}}
"""What a new one is where its patch does not say."""


def visible(methods: sa.FromClause) -> Callable[[Audience], sa.ColumnElement[bool]]:
    """The visibility of a shop's own objects that only administrators see while they are not `active`."""

    def to(audience: Audience) -> sa.ColumnElement[bool]:
        here = methods.c.channel == Caller.CHANNEL
        return here if audience is Audience.ADMIN else sa.and_(here, methods.c.active)

    return to


def head(methods: sa.Table) -> tuple[Field, ...]:
    """Their first fields."""
    c = methods.c
    return (
        f.uid(c.id),
        f.settable("active", shapes.boolean(), c.active),
        f.settable("name", shapes.localized(255), c.name, required=True),
        f.settable("description", shapes.localized(), c.description),
        f.settable("position", shapes.integer(0, 1_000_000), c.position, sortable=True),
    )
