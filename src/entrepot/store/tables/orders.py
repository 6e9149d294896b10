"""Orders with their parts, lines, events, payments and refunds; the names given from outside; invoice lines.

An order's children carry no foreign key: they are written by the engine alone, in the transaction that writes or locks
their order, and checking each row again took more of a batch's time than writing it. `entrepot check` looks instead.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql

from entrepot.store.tables._base import big, flag, json, moment, small, table, text, uuid

_OVER = (
    "cancelled",
    "shipped",
    "partially_shipped",
    "delivered",
    "partially_delivered",
    "returned",
    "partially_returned",
)
"""How far orders are of which nothing may be left to do."""

orders = table(
    "orders",
    ("id",),
    big("id"),
    uuid("uuid"),
    big("channel"),
    text("environment"),
    text("state"),
    text("reason"),
    text("payment_state"),
    text("currency"),
    json("person"),
    json("ship_to", null=True),
    big("goods"),
    big("goods_tax"),
    big("shipping"),
    big("shipping_tax"),
    big("duties"),
    big("total"),
    text("external_id", null=True),
    text("payment_method"),
    text("payment_description", null=True),
    text("note", null=True),
    moment("placed_at"),
    moment("changed_at"),
    small("version"),
    small("events"),
    json("data"),
    big("customer", null=True),
    big("fee"),
    big("fee_tax"),
    big("rounding"),
    text("progress"),
    moment("deleted_at", null=True),
    UniqueConstraint("workspace", "uuid", name="orders_uuid_key"),
    Index("orders_channel_idx", "workspace", "channel", "environment", "placed_at", "id"),
    Index("orders_placed_idx", "workspace", "placed_at"),
    Index("orders_customer_idx", "workspace", "customer", postgresql_where=sql("customer is not null")),
    Index(
        "orders_session_idx",
        "workspace",
        sql("((data ->> 'session')::bigint)"),
        postgresql_where=sql("customer is null"),
    ),
    Index(
        "orders_external_idx",
        "workspace",
        "external_id",
        "channel",
        "environment",
        "id",
        postgresql_where=sql("external_id is not null"),
    ),
    Index("orders_over_idx", "changed_at", postgresql_where=sql(f"progress in {_OVER}")),
    Index("orders_pending_idx", "workspace", "placed_at", postgresql_where=sql("state = 'pending'")),
)

order_parts = table(
    "order_parts",
    ("order", "no"),
    big("order"),
    small("no"),
    big("merchant", null=True),
    text("merchant_name"),
    text("merchant_order_id", null=True),
    big("shipping"),
    big("shipping_tax"),
    text("shipping_label"),
    json("payout", null=True),
    json("ship_to", null=True),
    Index("order_parts_number_idx", "workspace", sql('("order" * 1000 + no)')),
)

_COUNTERS = ("new", "acknowledged", "shipped", "delivered", "cancelled", "return_initiated", "returned")

order_lines = table(
    "order_lines",
    ("order", "no"),
    big("order"),
    small("no"),
    big("id"),
    small("part"),
    uuid("product", null=True),
    big("product_id", null=True),
    big("variant", null=True),
    text("sku"),
    text("name"),
    big("price"),
    big("quantity"),
    big("tax"),
    big("duties"),
    flag("requires_shipping"),
    flag("tracked"),
    *(big(counter) for counter in _COUNTERS),
    big("refunded"),
    small("scale"),
    big("amount", null=True),
    json("data"),
    Index("order_lines_id_idx", "workspace", "id"),
    Index("order_lines_product_idx", "workspace", "product_id"),
    CheckConstraint(f"{' + '.join(_COUNTERS)} = quantity", name="order_lines_counters_check"),
    CheckConstraint(" and ".join(f"{counter} >= 0" for counter in _COUNTERS), name="order_lines_terms_check"),
)

order_events = table(
    "order_events",
    ("order", "seq"),
    big("order"),
    small("seq"),
    moment("at"),
    text("kind"),
    json("data"),
)

payments = table(
    "payments",
    ("order", "no"),
    big("order"),
    small("no"),
    big("id"),
    text("kind"),
    text("method"),
    text("state"),
    big("amount"),
    text("currency"),
    big("refunded"),
    text("reference", null=True),
    json("reported", null=True),
    big("method_id", null=True),
    json("params"),
    json("external_data"),
    json("asking", null=True),
    Index("payments_id_idx", "workspace", "id"),
    CheckConstraint("refunded >= 0 and refunded <= amount", name="payments_refunded_check"),
)

refunds = table(
    "refunds",
    ("order", "id"),
    big("order"),
    big("id"),
    small("payment"),
    uuid("key_uuid"),
    text("state"),
    big("amount"),
    text("reason"),
    json("breakdown"),
    json("lines"),
    text("reference", null=True),
    moment("at"),
    big("return_id", null=True),
    json("asked", null=True),
    CheckConstraint("amount > 0", name="refunds_amount_check"),
)

references = table(
    "references",
    ("channel", "environment", "kind", "value"),
    big("channel"),
    text("environment"),
    text("kind"),
    text("value"),
    big("target"),
    big("attempt", null=True),
    Index("references_target_idx", "workspace", "target"),
)

invoice_lines = table(
    "invoice_lines",
    ("order",),
    big("order"),
    big("channel"),
    text("currency"),
    big("amount"),
    big("reported"),
    moment("at"),
    flag("order_gone"),
)
