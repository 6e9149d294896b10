"""Carts and their lines. Like an order's children, lines carry no foreign key: the engine alone writes them."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from entrepot.store.tables._base import big, json, moment, small, table, text, uuid

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
    UniqueConstraint("workspace", "uuid", name="carts_uuid_key"),
    Index("carts_expiry_idx", "expires_at", "workspace"),
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
    CheckConstraint("quantity > 0", name="cart_lines_quantity_check"),
)
