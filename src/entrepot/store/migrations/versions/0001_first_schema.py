"""The first schema.

Revision 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "administrators",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=True),
        sa.Column("username", sa.Text(collation="C"), nullable=False),
        sa.Column("password_hash", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="administrators_pkey"),
    )
    op.create_index("administrators_username_idx", "administrators", ["workspace", "username"], unique=True)
    op.create_table(
        "article_choices",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("description", postgresql.JSONB(), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("maximum", sa.BigInteger(), nullable=True),
        sa.Column("multiple_of", sa.BigInteger(), nullable=False),
        sa.Column("multiplies_price", sa.Boolean(), nullable=False),
        sa.Column("multiplies_weight", sa.Boolean(), nullable=False),
        sa.Column("per_unit", sa.Boolean(), nullable=False),
        sa.Column("max_size", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="article_choices_pkey"),
    )
    op.create_table(
        "article_groups",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("parent_group", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("url", postgresql.JSONB(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="article_groups_pkey"),
    )
    op.create_index(
        "article_groups_parent_idx", "article_groups", ["workspace", "parent_group"], unique=False
    )
    op.create_table(
        "assortments",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("groups", postgresql.JSONB(), nullable=False),
        sa.Column("customer_groups", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "id", name="assortments_pkey"),
    )
    op.create_table(
        "attempts",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draft", postgresql.JSONB(), nullable=False),
        sa.Column("intent", sa.Text(collation="C"), nullable=True),
        sa.Column("outcome", sa.Text(collation="C"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "id", name="attempts_pkey"),
    )
    op.create_index(
        "attempts_ended_idx",
        "attempts",
        ["ended_at", "workspace"],
        unique=False,
        postgresql_where=sa.text("ended_at is not null"),
    )
    op.create_index(
        "attempts_open_idx",
        "attempts",
        ["lease_until", "workspace"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "bank_accounts",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "account"),
    )
    op.create_table(
        "bank_cards",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Text(collation="C"), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reusable", sa.Boolean(), nullable=False),
        sa.Column("family", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("used_by", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "token_hash"),
    )
    op.create_table(
        "bank_confirmations",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("intent", sa.Text(collation="C"), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "key"),
    )
    op.create_table(
        "bank_funds",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("reserved >= 0 and reserved <= balance", name="bank_funds_never_overdrawn"),
        sa.PrimaryKeyConstraint("workspace", "account", "currency"),
    )
    op.create_table(
        "bank_intents",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("account", sa.Text(collation="C"), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("confirmations", sa.Integer(), server_default="0", nullable=False),
        sa.Column("captured", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("transferred", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("authorised_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refundable_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("captured between 0 and amount", name="bank_intents_captured"),
        sa.CheckConstraint("refunded between 0 and captured", name="bank_intents_refunded"),
        sa.CheckConstraint("transferred between 0 and captured", name="bank_intents_transferred"),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_table(
        "bank_refunds",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("intent", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_table(
        "bank_transfers",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("intent", sa.Text(collation="C"), nullable=False),
        sa.Column("account", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_table(
        "batches",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="batches_pkey"),
    )
    op.create_index("batches_at_idx", "batches", ["at", "workspace"], unique=False)
    op.create_table(
        "cart_lines",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("cart", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("product", sa.Text(collation="C"), nullable=False),
        sa.Column("variant", sa.Text(collation="C"), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name="cart_lines_quantity_check"),
        sa.PrimaryKeyConstraint("workspace", "cart", "no", name="cart_lines_pkey"),
    )
    op.create_index(
        "cart_lines_id_idx",
        "cart_lines",
        ["workspace", "id"],
        unique=True,
        postgresql_where=sa.text("id is not null"),
    )
    op.create_table(
        "carts",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=True),
        sa.Column("customer", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("language", sa.Text(collation="C"), nullable=False),
        sa.Column("vat_country", sa.Text(collation="C"), nullable=True),
        sa.Column("buyer", postgresql.JSONB(), nullable=False),
        sa.Column("delivery_method", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(collation="C"), nullable=True),
        sa.Column("codes", postgresql.JSONB(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="carts_pkey"),
        sa.UniqueConstraint("workspace", "uuid", name="carts_uuid_key"),
    )
    op.create_index("carts_expiry_idx", "carts", ["expires_at", "workspace"], unique=False)
    op.create_index(
        "carts_session_idx",
        "carts",
        ["workspace", "session"],
        unique=False,
        postgresql_where=sa.text("session is not null"),
    )
    op.create_table(
        "certificate_uses",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("certificate", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="certificate_uses_amount_check"),
        sa.PrimaryKeyConstraint("workspace", "certificate", "order", name="certificate_uses_pkey"),
    )
    op.create_index("certificate_uses_order_idx", "certificate_uses", ["workspace", "order"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("original", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=True),
        sa.Column("product", sa.BigInteger(), nullable=True),
        sa.Column("recipient", sa.Text(collation="C"), nullable=False),
        sa.Column("recipient_email", sa.Text(collation="C"), nullable=False),
        sa.Column("sender", sa.Text(collation="C"), nullable=False),
        sa.Column("sender_email", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("balance >= 0 and balance <= original", name="certificates_balance_check"),
        sa.PrimaryKeyConstraint("workspace", "id", name="certificates_pkey"),
    )
    op.create_index("certificates_code_idx", "certificates", ["workspace", "channel", "code"], unique=True)
    op.create_table(
        "channels",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("door", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="channels_pkey"),
        sa.UniqueConstraint("workspace", "door", "name", name="channels_name_key"),
    )
    op.create_table(
        "counters",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", name="counters_pkey"),
    )
    op.create_table(
        "customer_groups",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="customer_groups_pkey"),
    )
    op.create_table(
        "customers",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(collation="C"), nullable=False),
        sa.Column("email_folded", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(collation="C"), nullable=True),
        sa.Column("language", sa.Text(collation="C"), nullable=True),
        sa.Column("groups", postgresql.JSONB(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("delivery_address", postgresql.JSONB(), nullable=False),
        sa.Column("info", postgresql.JSONB(), nullable=False),
        sa.Column("custom", postgresql.JSONB(), nullable=False),
        sa.Column("search", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="customers_pkey"),
    )
    op.create_index(
        "customers_confirmed_idx",
        "customers",
        ["workspace", "channel", "email_folded"],
        unique=True,
        postgresql_where=sa.text("state = 'confirmed'"),
    )
    op.create_index(
        "customers_email_idx", "customers", ["workspace", "channel", "email_folded"], unique=False
    )
    op.create_index(
        "customers_lapsed_idx",
        "customers",
        ["secured_at", "workspace"],
        unique=False,
        postgresql_where=sa.text("state = 'unconfirmed'"),
    )
    op.create_index(
        "customers_removed_idx",
        "customers",
        ["changed_at", "workspace"],
        unique=False,
        postgresql_where=sa.text("state = 'removed'"),
    )
    op.create_table(
        "delivery_methods",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("description", postgresql.JSONB(), nullable=False),
        sa.Column("customer_groups", postgresql.JSONB(), nullable=True),
        sa.Column("free_from", postgresql.JSONB(), nullable=False),
        sa.Column("rates", postgresql.JSONB(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="delivery_methods_pkey"),
    )
    op.create_index(
        "delivery_methods_channel_idx", "delivery_methods", ["workspace", "channel"], unique=False
    )
    op.create_table(
        "directory",
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=True),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("credential", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "hash", name="directory_pkey"),
    )
    op.create_table(
        "discount_uses",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("buyer", sa.Text(collation="C"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "discount", "order", name="discount_uses_pkey"),
    )
    op.create_index(
        "discount_uses_buyer_idx", "discount_uses", ["workspace", "discount", "buyer"], unique=False
    )
    op.create_index("discount_uses_order_idx", "discount_uses", ["workspace", "order"], unique=False)
    op.create_table(
        "discounts",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.Column("amount", postgresql.JSONB(), nullable=False),
        sa.Column("free_delivery", sa.Boolean(), nullable=False),
        sa.Column("minimum_spend", postgresql.JSONB(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_uses", sa.BigInteger(), nullable=True),
        sa.Column("max_uses_per_customer", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("combinable", sa.Boolean(), nullable=False),
        sa.Column("customer_groups", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("percent between 0 and 1000000", name="discounts_percent_check"),
        sa.CheckConstraint(
            "used >= 0 and (max_uses is null or used <= max_uses)", name="discounts_used_check"
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="discounts_pkey"),
    )
    op.create_index("discounts_code_idx", "discounts", ["workspace", "channel", "code"], unique=True)
    op.create_table(
        "event_listeners",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(collation="C"), nullable=False),
        sa.Column("url", sa.Text(collation="C"), nullable=False),
        sa.Column("owner", sa.Text(collation="C"), nullable=False),
        sa.Column("secret", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("inactive_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="event_listeners_pkey"),
    )
    op.create_index(
        "event_listeners_owner_idx",
        "event_listeners",
        ["workspace", "channel", "event", "owner"],
        unique=True,
    )
    op.create_table(
        "files",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("cart", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("choice", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.Text(collation="C"), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size <= 10000000", name="files_size_check"),
        sa.PrimaryKeyConstraint("workspace", "id", name="files_pkey"),
    )
    op.create_index("files_cart_idx", "files", ["workspace", "cart"], unique=False)
    op.create_table(
        "holds",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("location", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="holds_quantity_check"),
        sa.PrimaryKeyConstraint("workspace", "order", "line", "location", name="holds_pkey"),
    )
    op.create_table(
        "invoice_lines",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", name="invoice_lines_pkey"),
    )
    op.create_table(
        "languages",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("default_currency", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "channel", "code", name="languages_pkey"),
    )
    op.create_table(
        "locations",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="locations_pkey"),
        sa.UniqueConstraint("workspace", "code", name="locations_code_key"),
    )
    op.create_table(
        "mailbox",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("recipient", sa.Text(collation="C"), nullable=False),
        sa.Column("sender", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("text", sa.Text(collation="C"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name="mailbox_pkey"),
    )
    op.create_index("mailbox_sent_idx", "mailbox", ["workspace", "sent_at"], unique=False)
    op.create_table(
        "merchants",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("country", sa.Text(collation="C"), nullable=False),
        sa.Column("integration", sa.Text(collation="C"), nullable=False),
        sa.Column("payout_account", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "ref", name="merchants_pkey"),
        sa.UniqueConstraint("workspace", "id", name="merchants_id_key"),
    )
    op.create_table(
        "order_events",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "seq", name="order_events_pkey"),
    )
    op.create_table(
        "order_lines",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("product", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("duties", sa.BigInteger(), nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("return_initiated", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "new + acknowledged + shipped + delivered + cancelled + return_initiated + returned = quantity",
            name="order_lines_counters_check",
        ),
        sa.CheckConstraint(
            "new >= 0 and acknowledged >= 0 and shipped >= 0 and delivered >= 0 and cancelled >= 0 and return_initiated >= 0 and returned >= 0",
            name="order_lines_terms_check",
        ),
        sa.PrimaryKeyConstraint("workspace", "order", "no", name="order_lines_pkey"),
    )
    op.create_index("order_lines_id_idx", "order_lines", ["workspace", "id"], unique=False)
    op.create_table(
        "order_parts",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=True),
        sa.Column("merchant_name", sa.Text(collation="C"), nullable=False),
        sa.Column("merchant_order_id", sa.Text(collation="C"), nullable=True),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.Column("shipping_tax", sa.BigInteger(), nullable=False),
        sa.Column("shipping_label", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "no", name="order_parts_pkey"),
    )
    op.create_table(
        "orders",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.Text(collation="C"), nullable=False),
        sa.Column("payment_state", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("person", postgresql.JSONB(), nullable=False),
        sa.Column("ship_to", postgresql.JSONB(), nullable=True),
        sa.Column("goods", sa.BigInteger(), nullable=False),
        sa.Column("goods_tax", sa.BigInteger(), nullable=False),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.Column("shipping_tax", sa.BigInteger(), nullable=False),
        sa.Column("duties", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=True),
        sa.Column("payment_method", sa.Text(collation="C"), nullable=False),
        sa.Column("payment_description", sa.Text(collation="C"), nullable=True),
        sa.Column("note", sa.Text(collation="C"), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("customer", sa.BigInteger(), nullable=True),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("fee_tax", sa.BigInteger(), nullable=False),
        sa.Column("rounding", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="orders_pkey"),
        sa.UniqueConstraint("workspace", "uuid", name="orders_uuid_key"),
    )
    op.create_index(
        "orders_customer_idx",
        "orders",
        ["workspace", "customer"],
        unique=False,
        postgresql_where=sa.text("customer is not null"),
    )
    op.create_index(
        "orders_pending_idx",
        "orders",
        ["workspace", "placed_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "outbox",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("listener", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "subject", "listener", "seq", name="outbox_pkey"),
    )
    op.create_index(
        "outbox_done_idx",
        "outbox",
        ["state", "due_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'waiting'"),
    )
    op.create_index(
        "outbox_due_idx",
        "outbox",
        ["workspace", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "partner_tokens",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "token_hash"),
    )
    op.create_table(
        "payment_methods",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("description", postgresql.JSONB(), nullable=False),
        sa.Column("type", sa.Text(collation="C"), nullable=False),
        sa.Column("provider", sa.Text(collation="C"), nullable=False),
        sa.Column("capture", sa.Text(collation="C"), nullable=False),
        sa.Column("fee", postgresql.JSONB(), nullable=False),
        sa.Column("fee_vat_rate", sa.BigInteger(), nullable=False),
        sa.Column("currencies", postgresql.JSONB(), nullable=True),
        sa.Column("customer_groups", postgresql.JSONB(), nullable=True),
        sa.Column("cost_mode", sa.Text(collation="C"), nullable=False),
        sa.Column("cost_intervals", postgresql.JSONB(), nullable=False),
        sa.Column("with_certificate", sa.Boolean(), nullable=False),
        sa.Column("address_lookup", sa.Boolean(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="payment_methods_pkey"),
    )
    op.create_index("payment_methods_channel_idx", "payment_methods", ["workspace", "channel"], unique=False)
    op.create_table(
        "payments",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("method", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(collation="C"), nullable=True),
        sa.Column("reported", postgresql.JSONB(), nullable=True),
        sa.Column("method_id", sa.BigInteger(), nullable=True),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("external_data", postgresql.JSONB(), nullable=False),
        sa.Column("asking", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("refunded >= 0 and refunded <= amount", name="payments_refunded_check"),
        sa.PrimaryKeyConstraint("workspace", "order", "no", name="payments_pkey"),
    )
    op.create_index("payments_id_idx", "payments", ["workspace", "id"], unique=False)
    op.create_table(
        "products",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("merchant", sa.Text(collation="C"), nullable=True),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("free_shipping", sa.Boolean(), nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.Column("excluded_methods", postgresql.JSONB(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("display_only", sa.Boolean(), nullable=False),
        sa.Column("vat_rate", sa.BigInteger(), nullable=False),
        sa.Column("search", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "id", name="products_pkey"),
        sa.UniqueConstraint("workspace", "uuid", name="products_uuid_key"),
    )
    op.create_index(
        "products_short_link_idx",
        "products",
        ["workspace", sa.literal_column("(data ->> 'short_link') collate \"C\"")],
        unique=False,
    )
    op.create_table(
        "references",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "workspace", "channel", "environment", "kind", "value", name="references_pkey"
        ),
    )
    op.create_table(
        "refunds",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("payment", sa.Integer(), nullable=False),
        sa.Column("key_uuid", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(collation="C"), nullable=False),
        sa.Column("breakdown", postgresql.JSONB(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("reference", sa.Text(collation="C"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="refunds_amount_check"),
        sa.PrimaryKeyConstraint("workspace", "order", "id", name="refunds_pkey"),
    )
    op.create_table(
        "remembered_prices",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace", "channel", "environment", "variant", "currency", name="remembered_prices_pkey"
        ),
    )
    op.create_table(
        "residents",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(collation="C"), nullable=False),
        sa.Column("identity", sa.Text(collation="C"), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "country", "identity", name="residents_pkey"),
    )
    op.create_table(
        "sandbox_worlds",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "seq", name="sandbox_worlds_pkey"),
    )
    op.create_table(
        "sessions",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("customer", sa.BigInteger(), nullable=True),
        sa.Column("cart", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("language", sa.Text(collation="C"), nullable=False),
        sa.Column("vat_country", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="sessions_pkey"),
    )
    op.create_index("sessions_expiry_idx", "sessions", ["expires_at", "workspace"], unique=False)
    op.create_index("sessions_hash_idx", "sessions", ["workspace", "hash"], unique=True)
    op.create_table(
        "shipping_rates",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.Text(collation="C"), nullable=False),
        sa.Column("country", sa.Text(collation="C"), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("free_from", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "merchant", "country", "currency", name="shipping_rates_pkey"),
    )
    op.create_table(
        "tax_companies",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "code", name="tax_companies_pkey"),
    )
    op.create_table(
        "tax_rates",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(collation="C"), nullable=False),
        sa.Column("province", sa.Text(collation="C"), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("shipping_taxed", sa.Boolean(), nullable=False),
        sa.Column("duty_rate", sa.BigInteger(), nullable=False),
        sa.Column("duty_threshold", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "country", "province", name="tax_rates_pkey"),
    )
    op.create_table(
        "tries",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "subject", name="tries_pkey"),
    )
    op.create_index("tries_since_idx", "tries", ["since", "workspace"], unique=False)
    op.create_table(
        "urls",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(collation="C"), nullable=False),
        sa.Column("moved_to", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "channel", "path", name="urls_pkey"),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="workspaces_pkey"),
    )
    op.create_table(
        "admin_tokens",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("administrator", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "administrator"],
            ["administrators.workspace", "administrators.id"],
            name="admin_tokens_administrators_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "hash", name="admin_tokens_pkey"),
    )
    op.create_index(
        "admin_tokens_administrator_idx", "admin_tokens", ["workspace", "administrator"], unique=False
    )
    op.create_index("admin_tokens_expiry_idx", "admin_tokens", ["expires_at", "workspace"], unique=False)
    op.create_table(
        "article_choice_options",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("choice", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", postgresql.JSONB(), nullable=False),
        sa.Column("prices", postgresql.JSONB(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "choice"],
            ["article_choices.workspace", "article_choices.id"],
            name="article_choice_options_article_choices_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="article_choice_options_pkey"),
    )
    op.create_index(
        "article_choice_options_choice_idx", "article_choice_options", ["workspace", "choice"], unique=False
    )
    op.create_table(
        "credentials",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(collation="C"), nullable=False),
        sa.Column("hint", sa.Text(collation="C"), nullable=False),
        sa.Column("scopes", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "channel"],
            ["channels.workspace", "channels.id"],
            name="credentials_channels_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="credentials_pkey"),
    )
    op.create_index("credentials_channel_idx", "credentials", ["workspace", "channel"], unique=False)
    op.create_table(
        "event_listener_log",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("listener", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "listener"],
            ["event_listeners.workspace", "event_listeners.id"],
            name="event_listener_log_event_listeners_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "listener", "id", name="event_listener_log_pkey"),
    )
    op.create_table(
        "file_contents",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "id"],
            ["files.workspace", "files.id"],
            name="file_contents_files_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="file_contents_pkey"),
    )
    op.create_table(
        "one_time_codes",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "customer"],
            ["customers.workspace", "customers.id"],
            name="one_time_codes_customers_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "hash", name="one_time_codes_pkey"),
    )
    op.create_index("one_time_codes_customer_idx", "one_time_codes", ["workspace", "customer"], unique=False)
    op.create_index("one_time_codes_expiry_idx", "one_time_codes", ["expires_at", "workspace"], unique=False)
    op.create_table(
        "product_choices",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.BigInteger(), nullable=False),
        sa.Column("choice", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=True),
        sa.Column("prices", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "choice"],
            ["article_choices.workspace", "article_choices.id"],
            name="product_choices_article_choices_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "product"],
            ["products.workspace", "products.id"],
            name="product_choices_products_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "product", "choice", name="product_choices_pkey"),
    )
    op.create_index("product_choices_choice_idx", "product_choices", ["workspace", "choice"], unique=False)
    op.create_table(
        "variants",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("divisible_by", sa.BigInteger(), nullable=False),
        sa.Column("chosen_by", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "product"],
            ["products.workspace", "products.id"],
            name="variants_products_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="variants_pkey"),
        sa.UniqueConstraint("workspace", "sku", name="variants_sku_key"),
    )
    op.create_index("variants_product_idx", "variants", ["workspace", "product"], unique=False)
    op.create_table(
        "prices",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("compare_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "variant"],
            ["variants.workspace", "variants.id"],
            name="prices_variants_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "variant", "currency", name="prices_pkey"),
    )
    op.create_table(
        "stock",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("adjusted", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("scrapped", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("available = 0 or owed = 0", name="stock_owed_check"),
        sa.CheckConstraint(
            "received + returned + adjusted = available + reserved + shipped + scrapped - owed",
            name="stock_law_check",
        ),
        sa.CheckConstraint(
            "received >= 0 and returned >= 0 and adjusted >= 0 and available >= 0 and reserved >= 0 and shipped >= 0 and scrapped >= 0 and owed >= 0",
            name="stock_terms_check",
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "location"],
            ["locations.workspace", "locations.id"],
            name="stock_locations_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace", "variant"],
            ["variants.workspace", "variants.id"],
            name="stock_variants_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "variant", "location", name="stock_pkey"),
    )
