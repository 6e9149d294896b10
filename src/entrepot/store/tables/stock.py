"""Locations, stock levels under their law, and holds."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from entrepot.store.tables._base import belongs, big, flag, json, moment, small, table, text

locations = table(
    "locations",
    ("id",),
    big("id"),
    text("code"),
    text("name"),
    small("priority"),
    text("zone"),
    text("aisle"),
    flag("active"),
    json("data"),
    moment("created_at"),
    moment("changed_at"),
    moment("deleted_at", null=True),
    UniqueConstraint("workspace", "code", name="locations_code_key"),
)

_TERMS = ("received", "returned", "adjusted", "available", "reserved", "shipped", "scrapped", "owed")

stock = table(
    "stock",
    ("variant", "location"),
    big("variant"),
    big("location"),
    small("priority"),
    *(big(term) for term in _TERMS),
    belongs("stock", "variants", ("variant",), ("id",)),
    belongs("stock", "locations", ("location",), ("id",)),
    Index("stock_location_idx", "workspace", "location", "variant"),
    CheckConstraint(" and ".join(f"{term} >= 0" for term in _TERMS), name="stock_terms_check"),
    CheckConstraint(
        "received + returned + adjusted = available + reserved + shipped + scrapped - owed",
        name="stock_law_check",
    ),
    CheckConstraint("available = 0 or owed = 0", name="stock_owed_check"),
)

holds = table(
    "holds",
    ("order", "line", "location"),
    big("order"),
    small("line"),
    big("location"),
    big("variant"),
    big("quantity"),
    CheckConstraint("quantity > 0", name="holds_quantity_check"),
)
