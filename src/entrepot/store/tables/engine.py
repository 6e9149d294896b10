"""What the engine keeps for itself: batches that committed, attempts in flight, and the outbox."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from entrepot.store.tables._base import big, json, moment, small, table, text, uuid

batches = table("batches", ("id",), uuid("id"), moment("at"), Index("batches_at_idx", "workspace", "at"))

outbox = table(
    "outbox",
    ("order", "listener", "seq"),
    big("order"),
    text("listener"),
    small("seq"),
    json("payload"),
    moment("created_at"),
    moment("due_at"),
    small("tries"),
    text("state"),
    Index("outbox_due_idx", "due_at", "workspace", postgresql_where=sql("state = 'waiting'")),
)
