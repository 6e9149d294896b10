"""Carts with their lines, and the files that belong to lines of carts and orders."""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql

from entrepot.store.tables._base import belongs, big, blob, json, moment, small, table, text, uuid

carts = table(
    "carts",
    ("id",),
    big("id"),
    uuid("uuid"),
    big("channel"),
    text("environment"),
    big("session", null=True),
    big("customer", null=True),
    text("currency"),
    text("language"),
    text("vat_country", null=True),
    json("buyer"),
    big("delivery_method", null=True),
    text("note", null=True),
    json("codes"),
    big("attempt", null=True),
    small("next_line"),
    moment("created_at"),
    moment("changed_at"),
    moment("expires_at", null=True),
    small("version"),
    json("data"),
    Index("carts_uuid_idx", "workspace", "uuid", unique=True),
    Index("carts_session_idx", "workspace", "session", postgresql_where=sql("session is not null")),
    Index("carts_expiry_idx", "workspace", "expires_at", postgresql_where=sql("expires_at is not null")),
)

cart_lines = table(
    "cart_lines",
    ("cart", "no"),
    big("cart"),
    small("no"),
    big("id"),
    uuid("product"),
    big("product_id", null=True),
    big("variant", null=True),
    big("quantity"),
    json("choices"),
    big("price", null=True),
    json("data"),
    Index("cart_lines_id_idx", "workspace", "id", unique=True),
    CheckConstraint("quantity > 0", name="cart_lines_quantity_check"),
)

files = table(
    "files",
    ("id",),
    big("id"),
    big("cart"),
    small("line"),
    big("choice"),
    text("name"),
    text("type"),
    big("size"),
    blob("digest"),
    moment("created_at"),
    Index("files_cart_idx", "workspace", "cart"),
    CheckConstraint("size <= 10000000", name="files_size_check"),
)

file_contents = table(
    "file_contents",
    ("id",),
    big("id"),
    blob("content"),
    belongs("file_contents", "files", ("id",), ("id",)),
)
