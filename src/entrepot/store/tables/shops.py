"""Where accounts sell, and what a shop offers and says: languages, methods, addresses of pages, listeners to events."""

from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint
from sqlalchemy.sql.schema import Column

from entrepot.store.tables._base import belongs, big, flag, json, moment, small, table, text, uuid


def _offered() -> tuple[Column[Any], ...]:
    """What every method has that a shop offers to buyers."""
    return (
        big("id"),
        big("channel"),
        small("position"),
        flag("active"),
        json("name"),
        json("description"),
    )


languages = table(
    "languages",
    ("channel", "code"),
    big("channel"),
    text("code"),
    flag("active"),
    small("position"),
    text("default_currency"),
)

delivery_methods = table(
    "delivery_methods",
    ("id",),
    *_offered(),
    json("customer_groups", null=True),
    json("free_from"),
    json("rates"),
    json("data"),
    Index("delivery_methods_channel_idx", "workspace", "channel"),
)

payment_methods = table(
    "payment_methods",
    ("id",),
    *_offered(),
    text("type"),
    text("provider"),
    text("capture"),
    json("fee"),
    big("fee_vat_rate"),
    json("currencies", null=True),
    json("customer_groups", null=True),
    text("cost_mode"),
    json("cost_intervals"),
    flag("with_certificate"),
    flag("address_lookup"),
    json("params"),
    json("data"),
    Index("payment_methods_channel_idx", "workspace", "channel"),
)

urls = table(
    "urls",
    ("channel", "path"),
    big("channel"),
    text("path"),
    text("kind"),
    big("target", null=True),
    text("language"),
    text("moved_to", null=True),
)

event_listeners = table(
    "event_listeners",
    ("id",),
    big("id"),
    big("channel"),
    text("event"),
    text("url"),
    text("owner"),
    text("secret"),
    flag("active"),
    moment("inactive_since", null=True),
    big("tries"),
    big("failures"),
    moment("created_at"),
    moment("changed_at"),
    Index("event_listeners_owner_idx", "workspace", "channel", "event", "owner", unique=True),
)

event_listener_log = table(
    "event_listener_log",
    ("listener", "id"),
    big("listener"),
    big("id"),
    moment("at"),
    big("subject"),
    Column("status", Integer),
    text("error"),
    belongs("event_listener_log", "event_listeners", ("listener",), ("id",)),
)

storefronts = table(
    "storefronts",
    ("id",),
    big("id"),
    big("channel"),
    uuid("uuid"),
    text("name"),
    json("return_address"),
    flag("active"),
    json("data"),
    moment("created_at"),
    moment("changed_at"),
    UniqueConstraint("workspace", "uuid", name="storefronts_uuid_key"),
    Index("storefronts_channel_idx", "workspace", "channel", "id"),
)
