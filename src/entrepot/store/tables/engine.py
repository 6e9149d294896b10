"""What the engine keeps for itself: batches that committed, attempts in flight, and the outbox."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from entrepot.store.tables._base import big, flag, json, moment, small, table, text, uuid

batches = table("batches", ("id",), uuid("id"), moment("at"), Index("batches_at_idx", "at", "workspace"))

attempts = table(
    "attempts",
    ("id",),
    big("id"),
    uuid("uuid"),
    big("order"),
    text("kind"),
    big("channel"),
    text("environment"),
    text("state"),
    small("version"),
    moment("lease_until"),
    json("draft"),
    text("intent", null=True),
    text("outcome"),
    moment("started_at"),
    moment("ended_at", null=True),
    text("request", null=True),
    flag("untold"),
    Index("attempts_open_idx", "lease_until", "workspace", postgresql_where=sql("state = 'open'")),
    Index("attempts_ended_idx", "ended_at", "workspace", postgresql_where=sql("ended_at is not null")),
    Index("attempts_untold_idx", "workspace", "channel", "request", postgresql_where=sql("untold")),
)

"""Attempts keep a draft uncompressed as far as a page has room (0038): to compress one took longer than to write an
order."""

outbox = table(
    "outbox",
    ("subject", "listener", "seq"),
    big("subject"),
    text("listener"),
    small("seq"),
    json("payload"),
    moment("created_at"),
    moment("due_at"),
    small("tries"),
    text("state"),
    moment("give_up_at", null=True),
    text("error"),
    text("stream"),
    big("place"),
    Index("outbox_due_idx", "workspace", "due_at", postgresql_where=sql("state = 'waiting'")),
    Index("outbox_done_idx", "state", "due_at", postgresql_where=sql("state <> 'waiting'")),
)
"""The first index answers both who has rows that are due and which these are: a second one, for the first question,
would be taken for the other too, and read every workspace's due rows for those of one."""
