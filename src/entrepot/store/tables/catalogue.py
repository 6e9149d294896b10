"""Merchants, products, variants, prices, what accounts remember of prices, shipping rates and tax rates."""

from sqlalchemy import ColumnElement, FromClause, Index, UniqueConstraint, and_, not_, or_
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import dialect

from entrepot.store.tables._base import belongs, big, flag, json, moment, small, table, text, uuid

merchants = table(
    "merchants",
    ("ref",),
    big("id"),
    text("ref"),
    text("name"),
    text("country"),
    text("integration"),
    text("payout_account", null=True),
    json("address"),
    UniqueConstraint("workspace", "id", name="merchants_id_key"),
)

products = table(
    "products",
    ("id",),
    big("id"),
    uuid("uuid"),
    text("name"),
    text("merchant", null=True),
    flag("available"),
    flag("tax_included"),
    flag("free_shipping"),
    flag("requires_shipping"),
    json("excluded_methods"),
    json("names"),
    json("data"),
    flag("hidden"),
    flag("draft"),
    flag("display_only"),
    big("vat_rate"),
    text("search"),
    moment("created_at", null=True),
    moment("changed_at", null=True),
    moment("deleted_at", null=True),
    UniqueConstraint("workspace", "uuid", name="products_uuid_key"),
    Index("products_short_link_idx", "workspace", sql("(data ->> 'short_link') collate \"C\"")),
)


def on_sale(of: FromClause) -> ColumnElement[bool]:
    """Whether a product can be bought at any door at all, as `Product.on_sale`."""
    return and_(of.c.available, not_(or_(of.c.hidden, of.c.draft, of.c.display_only)))


ON_SALE = f"({on_sale(products.alias('p')).compile(dialect=dialect())})"
"""The same in the text of a statement where `p` is a product."""


variants = table(
    "variants",
    ("id",),
    big("id"),
    big("product"),
    text("sku"),
    text("name"),
    small("scale"),
    flag("tracked"),
    big("weight"),
    small("position"),
    json("data"),
    big("divisible_by"),
    json("chosen_by"),
    flag("available"),
    moment("created_at"),
    moment("changed_at"),
    moment("deleted_at", null=True),
    UniqueConstraint("workspace", "sku", name="variants_sku_key"),
    belongs("variants", "products", ("product",), ("id",)),
    Index("variants_product_idx", "workspace", "product"),
    Index("variants_created_idx", "workspace", "created_at", "id"),
)

prices = table(
    "prices",
    ("variant", "currency"),
    big("variant"),
    text("currency"),
    big("amount", null=True),
    big("compare_at", null=True),
    belongs("prices", "variants", ("variant",), ("id",)),
)

remembered_prices = table(
    "remembered_prices",
    ("channel", "environment", "variant", "currency"),
    big("channel"),
    text("environment"),
    big("variant"),
    text("currency"),
    big("amount"),
)

shipping_rates = table(
    "shipping_rates",
    ("merchant", "country", "currency"),
    text("merchant"),
    text("country"),
    text("currency"),
    big("amount"),
    big("free_from", null=True),
)

tax_companies = table("tax_companies", ("code",), text("code"))

tax_rates = table(
    "tax_rates",
    ("country", "province"),
    text("country"),
    text("province"),
    big("rate"),
    flag("shipping_taxed"),
    big("duty_rate"),
    big("duty_threshold"),
)
