"""Discount codes and gift certificates, and the orders in which they were used."""

from sqlalchemy import CheckConstraint, Index

from entrepot.store.tables._base import big, flag, json, moment, table, text

discounts = table(
    "discounts",
    ("id",),
    big("id"),
    big("channel"),
    text("code"),
    json("name"),
    flag("active"),
    text("kind"),
    big("percent"),
    json("amount"),
    flag("free_delivery"),
    json("minimum_spend"),
    moment("valid_from", null=True),
    moment("valid_until", null=True),
    big("max_uses", null=True),
    big("max_uses_per_customer", null=True),
    big("used"),
    flag("combinable"),
    json("customer_groups", null=True),
    moment("created_at"),
    moment("changed_at"),
    json("data"),
    Index("discounts_code_idx", "workspace", "channel", "code", unique=True),
    CheckConstraint("percent between 0 and 1000000", name="discounts_percent_check"),
    CheckConstraint("used >= 0 and (max_uses is null or used <= max_uses)", name="discounts_used_check"),
)

discount_uses = table(
    "discount_uses",
    ("discount", "order", "buyer"),
    big("discount"),
    big("order"),
    text("buyer"),
    moment("at"),
    Index("discount_uses_buyer_idx", "workspace", "discount", "buyer"),
    Index("discount_uses_order_idx", "workspace", "order"),
)

certificates = table(
    "certificates",
    ("id",),
    big("id"),
    big("channel"),
    text("code"),
    text("currency"),
    big("original"),
    big("balance"),
    moment("expires_at", null=True),
    flag("cancelled"),
    big("order", null=True),
    big("product", null=True),
    text("recipient"),
    text("recipient_email"),
    text("sender"),
    text("sender_email"),
    moment("created_at"),
    moment("changed_at"),
    json("data"),
    Index("certificates_code_idx", "workspace", "channel", "code", unique=True),
    CheckConstraint("balance >= 0 and balance <= original", name="certificates_balance_check"),
)

certificate_uses = table(
    "certificate_uses",
    ("certificate", "order"),
    big("certificate"),
    big("order"),
    big("amount"),
    moment("at"),
    Index("certificate_uses_order_idx", "workspace", "order"),
    CheckConstraint("amount > 0", name="certificate_uses_amount_check"),
)
