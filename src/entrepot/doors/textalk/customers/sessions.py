"""Session: a buyer's visit (decision textalk Session)."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import Caller, ClassDecl
from entrepot.store.tables.carts import carts
from entrepot.store.tables.customers import sessions
from entrepot.store.tables.tenancy import channels

_OWN: Final[dict[str, Any]] = {"write": Audience.BUYER}
_cart: Final = sessions.outerjoin(
    carts, sa.and_(carts.c.workspace == sessions.c.workspace, carts.c.id == sessions.c.cart)
).join(channels, sa.and_(channels.c.workspace == sessions.c.workspace, channels.c.id == sessions.c.channel))
_with_vat: Final = sa.func.coalesce(
    sa.cast(channels.c.settings["shop"]["shows_prices_with_vat"].astext, sa.Boolean), sa.true()
)

SESSION: Final = ClassDecl(
    name="Session",
    summary="A buyer's visit",
    rows=_cart,
    workspace=sessions.c.workspace,
    uid=sessions.c.id,
    operations={},
    visible=lambda _: sessions.c.id == Caller.SESSION,
    fields=(
        f.uid(sessions.c.id),
        f.settable("currency", shapes.string(3, pattern="^[A-Z]{3}$"), sessions.c.currency, **_OWN),
        f.settable("language", shapes.string(2, pattern="^[a-z]{2}$"), sessions.c.language, **_OWN),
        f.settable(
            "vatCountry",
            shapes.country(nullable=True),
            sessions.c.vat_country,
            **_OWN,
        ),
        f.shown("customer", shapes.reference("Customer", nullable=True), sessions.c.customer),
        f.shown("order", shapes.reference("Order", nullable=True), carts.c.id),
        f.shown("showPricesIncludingVat", shapes.boolean(), _with_vat),
    ),
)
