"""Carts and their lines, and the files that belong to lines of carts and orders.

Like an order's children, lines carry no foreign key: the engine alone writes them.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql

from entrepot.store.tables._base import belongs, big, blob, flag, json, moment, small, table, text, uuid

carts = table(
    "carts",
    ("id",),
    big("id"),
    uuid("uuid"),
    big("channel"),
    text("environment"),
    moment("created_at"),
    moment("changed_at"),
    moment("expires_at"),
    json("data"),
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
    small("version"),
    json("shown", null=True),
    UniqueConstraint("workspace", "uuid", name="carts_uuid_key"),
    Index("carts_expiry_idx", "expires_at", "workspace"),
    Index("carts_unowned_idx", "workspace", "id", postgresql_where=sql("session is null")),
    Index("carts_session_idx", "workspace", "session", postgresql_where=sql("session is not null")),
)

cart_lines = table(
    "cart_lines",
    ("cart", "no"),
    big("cart"),
    small("no"),
    text("product"),
    text("variant"),
    big("quantity"),
    json("data"),
    big("id", null=True),
    big("product_id", null=True),
    big("variant_id", null=True),
    json("choices"),
    big("price", null=True),
    Index("cart_lines_id_idx", "workspace", "id", unique=True, postgresql_where=sql("id is not null")),
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
    flag("bought"),
    Index("files_cart_idx", "workspace", "cart"),
    Index("files_unbought_idx", "created_at", "workspace", postgresql_where=sql("not bought")),
    CheckConstraint("size <= 10000000", name="files_size_check"),
)

file_contents = table(
    "file_contents",
    ("id",),
    big("id"),
    blob("content"),
    belongs("file_contents", "files", ("id",), ("id",)),
)
