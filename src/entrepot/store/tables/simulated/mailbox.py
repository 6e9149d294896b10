"""The simulated mail server's mailbox. Only `entrepot.gateways.mail.simulated` reads or writes it."""

from sqlalchemy import Index

from entrepot.store.tables._base import moment, table, text

mailbox = table(
    "mailbox",
    ("key",),
    text("key"),
    text("recipient"),
    text("sender"),
    text("subject"),
    text("text"),
    moment("sent_at"),
    Index("mailbox_sent_idx", "workspace", "sent_at"),
)
"""Letters by the key under which they were sent, so that a repeat lands once."""
