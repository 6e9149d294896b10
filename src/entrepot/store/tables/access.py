"""Tokens that were given out, counts of tries, and commands that were done under keys of their callers'."""

from sqlalchemy import Index

from entrepot.store.tables._base import belongs, big, blob, json, moment, small, table

admin_tokens = table(
    "admin_tokens",
    ("hash",),
    blob("hash"),
    big("administrator"),
    moment("created_at"),
    moment("expires_at"),
    blob("proof"),
    belongs("admin_tokens", "administrators", ("administrator",), ("id",)),
    Index("admin_tokens_administrator_idx", "workspace", "administrator"),
    Index("admin_tokens_expiry_idx", "expires_at", "workspace"),
)

access_tokens = table(
    "access_tokens",
    ("hash",),
    blob("hash"),
    big("credential"),
    moment("created_at"),
    moment("expires_at"),
    belongs("access_tokens", "credentials", ("credential",), ("id",)),
    Index("access_tokens_credential_idx", "workspace", "credential"),
    Index("access_tokens_expiry_idx", "expires_at", "workspace"),
)

tries = table(
    "tries",
    ("subject",),
    blob("subject"),
    moment("since"),
    small("count"),
    Index("tries_since_idx", "since", "workspace"),
)

done_commands = table(
    "done_commands",
    ("name",),
    blob("name"),
    blob("said"),
    moment("at"),
    json("answer"),
    Index("done_commands_at_idx", "at", "workspace"),
)
