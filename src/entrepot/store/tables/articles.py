"""Choices that buyers have of products, groups of products, and assortments."""

from sqlalchemy import Index

from entrepot.store.tables._base import belongs, big, flag, json, moment, small, table, text

article_choices = table(
    "article_choices",
    ("id",),
    big("id"),
    text("kind"),
    json("name"),
    json("description"),
    flag("mandatory"),
    big("minimum"),
    big("maximum", null=True),
    big("multiple_of"),
    flag("multiplies_price"),
    flag("multiplies_weight"),
    flag("per_unit"),
    big("max_size", null=True),
    moment("created_at"),
    moment("changed_at"),
    json("data"),
)

article_choice_options = table(
    "article_choice_options",
    ("id",),
    big("id"),
    big("choice"),
    small("position"),
    json("name"),
    json("prices"),
    json("data"),
    belongs("article_choice_options", "article_choices", ("choice",), ("id",)),
    Index("article_choice_options_choice_idx", "workspace", "choice"),
)

product_choices = table(
    "product_choices",
    ("product", "choice"),
    big("product"),
    big("choice"),
    small("position"),
    json("options", null=True),
    json("prices"),
    belongs("product_choices", "products", ("product",), ("id",)),
    belongs("product_choices", "article_choices", ("choice",), ("id",)),
    Index("product_choices_choice_idx", "workspace", "choice"),
)

article_groups = table(
    "article_groups",
    ("id",),
    big("id"),
    big("parent_group", null=True),
    small("position"),
    flag("hidden"),
    json("name"),
    json("url"),
    json("data"),
    moment("created_at"),
    moment("changed_at"),
    Index("article_groups_parent_idx", "workspace", "parent_group"),
)

assortments = table(
    "assortments",
    ("id",),
    big("id"),
    big("channel"),
    json("name"),
    json("groups"),
    json("customer_groups", null=True),
)
