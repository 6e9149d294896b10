"""What integrations use: tokens and listeners to events (decision textalk AuthToken, EventListener)."""

from __future__ import annotations

from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.channels.shops import EventListener
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.caller.tokens import AUTH
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import (
    READ,
    WRITE,
    Caller,
    ClassDecl,
    Field,
    Stored,
)
from entrepot.doors.textalk.declare.shapes import Kind
from entrepot.doors.textalk.shop import events
from entrepot.store.tables.shops import event_listeners as listeners
from entrepot.store.tables.tenancy import credentials

REACHABLE: Final[dict[str, Any]] = {"active": True, "inactive_since": None, "failures": 0}
"""The status of a listener of which nothing bad is known."""

_ADMIN: Final = dict.fromkeys((*READ, *WRITE), Audience.ADMIN)
_handle: Final = sa.cast(credentials.c.id, sa.Text)

AUTH_TOKEN: Final = ClassDecl(
    name="AuthToken",
    summary="A token for an integration; the token itself is shown only when it is made, later its handle is",
    rows=credentials,
    workspace=credentials.c.workspace,
    uid=_handle,
    uid_kind=Kind.STRING,
    operations=_ADMIN,
    visible=lambda _: sa.and_(credentials.c.channel == Caller.CHANNEL, credentials.c.kind == AUTH),
    fields=(
        f.uid(_handle, Kind.STRING),
        f.settable("name", shapes.string(255), credentials.c.label, required=True),
        f.settable("active", shapes.boolean(), credentials.c.revoked_at.is_(None)),
        f.created(credentials.c.created_at),
    ),
)

_STATUS: Final = shapes.Record(
    properties={"active": shapes.boolean(), "inactiveSince": shapes.moment(nullable=True)}
)
_SINCE: Final = sa.func.to_char(
    sa.func.timezone("UTC", listeners.c.inactive_since), sa.literal('YYYY-MM-DD"T"HH24:MI:SS"Z"', sa.Text)
)

EVENT_LISTENER: Final = ClassDecl(
    name="EventListener",
    summary="Who is told of an event by HTTP",
    rows=listeners,
    workspace=listeners.c.workspace,
    uid=listeners.c.id,
    operations=_ADMIN,
    visible=lambda _: listeners.c.channel == Caller.CHANNEL,
    stored=Stored(
        kind=EventListener,
        unique="eventName",
        blank=REACHABLE | {"tries": 0},
    ),
    fields=(
        f.uid(listeners.c.id),
        f.settable(
            "eventName",
            shapes.option(*events.NAMES.values()),
            events.public_name(listeners.c.event),
            required=True,
            put=lambda name: {"event": events.to_ours(cast("str", name))},
        ),
        f.settable("url", shapes.string(2000, pattern=r"^https?://[^\s/]+"), listeners.c.url, required=True),
        Field(
            name="status",
            shape=_STATUS,
            source=sa.func.jsonb_build_object(
                "active", listeners.c.active, "inactiveSince", _SINCE, type_=JSONB
            ),
        ),
        f.settable("authToken", shapes.string(256), listeners.c.owner, put=None),
        f.shown(
            "secret",
            shapes.string(64),
            listeners.c.secret,
            filterable=False,
            read=Audience.NOBODY,
            once=True,
        ),
        f.created(listeners.c.created_at),
        f.created(listeners.c.changed_at, "changed"),
    ),
)
