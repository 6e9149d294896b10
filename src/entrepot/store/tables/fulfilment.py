"""Shipments and returns of orders, each with its lines and its history.

They are children of the order, guarded by its lock, and written by the engine alone: as with the order's other
children `entrepot check` looks after them, and not a foreign key.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql

from entrepot.store.tables._base import big, json, moment, small, table, text, uuid

shipments = table(
    "shipments",
    ("order", "no"),
    big("order"),
    small("no"),
    small("part"),
    text("name", null=True),
    text("carrier"),
    text("service"),
    text("tracking"),
    text("tracking_url"),
    moment("shipped_at"),
    moment("delivered_at", null=True),
    small("events"),
    Index("shipments_tracking_idx", "workspace", "tracking", postgresql_where=sql("tracking <> ''")),
)

shipment_lines = table(
    "shipment_lines",
    ("order", "shipment", "line"),
    big("order"),
    small("shipment"),
    small("line"),
    big("quantity"),
    big("delivered"),
    CheckConstraint(
        "quantity > 0 and delivered between 0 and quantity", name="shipment_lines_delivered_check"
    ),
)

shipment_events = table(
    "shipment_events",
    ("order", "shipment", "seq"),
    big("order"),
    small("shipment"),
    small("seq"),
    text("event_id", null=True),
    moment("at"),
    text("status"),
    text("note"),
    UniqueConstraint("workspace", "order", "shipment", "event_id", name="shipment_events_event_id_key"),
)

returns = table(
    "returns",
    ("order", "id"),
    big("order"),
    big("id"),
    uuid("uuid"),
    big("channel", null=True),
    text("name", null=True),
    json("data"),
    moment("opened_at"),
    moment("changed_at"),
    small("events"),
    uuid("label_key", null=True),
    json("label", null=True),
    Index("returns_id_idx", "workspace", "id"),
    Index("returns_label_key_idx", "workspace", "label_key", postgresql_where=sql("label_key is not null")),
)

_STAGES = ("initiated", "in_transit", "at_center", "received", "cancelled")

return_lines = table(
    "return_lines",
    ("order", "return_id", "no"),
    big("order"),
    big("return_id"),
    small("no"),
    small("line"),
    text("sku"),
    text("reason"),
    big("quantity"),
    *(big(stage) for stage in _STAGES),
    big("restocked"),
    big("scrapped"),
    CheckConstraint(f"{' + '.join(_STAGES)} = quantity", name="return_lines_stages_check"),
    CheckConstraint(
        " and ".join(f"{term} >= 0" for term in (*_STAGES, "restocked", "scrapped")),
        name="return_lines_terms_check",
    ),
    CheckConstraint("restocked + scrapped <= received", name="return_lines_inspected_check"),
)

return_events = table(
    "return_events",
    ("order", "return_id", "seq"),
    big("order"),
    big("return_id"),
    small("seq"),
    text("event_id", null=True),
    moment("at"),
    text("kind"),
    json("data"),
    UniqueConstraint("workspace", "order", "return_id", "event_id", name="return_events_event_id_key"),
)
