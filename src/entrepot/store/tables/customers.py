"""Customers and their groups, the sessions in which they buy, one-time codes, and administrators."""

from sqlalchemy import Index
from sqlalchemy import text as sql

from entrepot.store.tables._base import belongs, big, blob, flag, json, moment, small, table, text, uuid

customer_groups = table(
    "customer_groups",
    ("id",),
    big("id"),
    big("channel"),
    json("name"),
    json("data"),
)

customers = table(
    "customers",
    ("id",),
    big("id"),
    uuid("uuid"),
    big("channel"),
    text("email"),
    text("email_folded"),
    text("state"),
    flag("approved"),
    text("password_hash", null=True),
    text("language", null=True),
    json("groups"),
    json("address"),
    json("delivery_address"),
    json("info"),
    json("custom"),
    text("search"),
    moment("created_at"),
    moment("changed_at"),
    small("version"),
    moment("secured_at"),
    Index("customers_email_idx", "workspace", "channel", "email_folded"),
    Index(
        "customers_confirmed_idx",
        "workspace",
        "channel",
        "email_folded",
        unique=True,
        postgresql_where=sql("state = 'confirmed'"),
    ),
    Index("customers_lapsed_idx", "secured_at", "workspace", postgresql_where=sql("state = 'unconfirmed'")),
    Index("customers_removed_idx", "changed_at", "workspace", postgresql_where=sql("state = 'removed'")),
)

one_time_codes = table(
    "one_time_codes",
    ("hash",),
    blob("hash"),
    text("kind"),
    big("channel"),
    big("customer", null=True),
    moment("created_at"),
    moment("expires_at"),
    moment("used_at", null=True),
    text("email", null=True),
    belongs("one_time_codes", "customers", ("customer",), ("id",)),
    Index("one_time_codes_customer_idx", "workspace", "customer"),
    Index("one_time_codes_expiry_idx", "expires_at", "workspace"),
)

sessions = table(
    "sessions",
    ("id",),
    big("id"),
    blob("hash"),
    big("channel"),
    text("environment"),
    big("customer", null=True),
    big("cart", null=True),
    text("currency"),
    text("language"),
    text("vat_country", null=True),
    moment("created_at"),
    moment("expires_at"),
    small("version"),
    blob("proof", null=True),
    Index("sessions_hash_idx", "workspace", "hash", unique=True),
    Index("sessions_expiry_idx", "expires_at", "workspace"),
)

administrators = table(
    "administrators",
    ("id",),
    big("id"),
    big("channel", null=True),
    text("username"),
    text("password_hash"),
    text("name"),
    flag("active"),
    moment("created_at"),
    Index("administrators_username_idx", "workspace", "username", unique=True),
)
