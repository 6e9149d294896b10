"""The simulated carrier's books. Only `entrepot.gateways.carriers.simulated` reads or writes them."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from entrepot.store.tables._base import big, json, moment, small, table, text

carrier_consignments = table(
    "carrier_consignments",
    ("key",),
    text("key"),
    text("kind"),
    big("number"),
    big("order"),
    big("channel"),
    json("parts"),
    json("steps"),
    small("next_step"),
    moment("due_at", null=True),
    moment("announced_at"),
    Index("carrier_consignments_due_idx", "due_at", "workspace", postgresql_where=sql("due_at is not null")),
    Index("carrier_consignments_order_idx", "workspace", "order"),
)
"""What was announced, by its key. `steps` are what the carrier does and when that falls due (business time), of which
`next_step` were taken; `due_at` is when the next one does, null once it is over or withdrawn."""
