"""Orders by SKU, how far an order is, shipments and returns.

Revision 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

_STAGES = ("new", "cancelled", "acknowledged", "shipped", "delivered", "return_initiated", "returned")
_REACHED = " ".join(f"when sum({stage}) > 0 then '{stage}'" for stage in reversed(_STAGES))
_SEVERAL = " + ".join(f"(sum({stage}) > 0)::integer" for stage in _STAGES)

_PROGRESS = f"""
update orders o set progress = l.progress from (
  select workspace, "order",
    case when {_SEVERAL} > 1 then 'partially_' else '' end || case {_REACHED} else 'new' end as progress
  from order_lines group by workspace, "order"
) l where l.workspace = o.workspace and l."order" = o.id and l.progress <> 'new'
"""  # noqa: S608  (our own names)

# What was sent before shipments were kept is one shipment per part, of which nobody knows the way.
_SENT = "l.shipped + l.delivered + l.return_initiated + l.returned"
_SHIPMENTS = f"""
insert into shipments (workspace, "order", no, part, name, carrier, service, tracking, tracking_url, shipped_at,
  delivered_at, events)
select o.workspace, o.id, l.part, l.part, null, '', '', '', '', o.changed_at, null, 0
from orders o join order_lines l on l.workspace = o.workspace and l."order" = o.id
where {_SENT} > 0 group by o.workspace, o.id, l.part, o.changed_at
"""  # noqa: S608
_SHIPMENT_LINES = f"""
insert into shipment_lines (workspace, "order", shipment, line, quantity, delivered)
select l.workspace, l."order", l.part, l.no, {_SENT}, l.delivered + l.return_initiated + l.returned
from order_lines l where {_SENT} > 0
"""  # noqa: S608


def upgrade() -> None:
    """Change orders and variants, fill in what follows from the lines, and make the tables of shipments and returns."""
    op.add_column(
        "orders", sa.Column("progress", sa.Text(collation="C"), nullable=False, server_default="new")
    )
    op.alter_column("orders", "progress", server_default=None)
    op.create_index(
        "orders_channel_idx", "orders", ["workspace", "channel", "environment", "placed_at", "id"]
    )
    op.add_column("order_parts", sa.Column("ship_to", postgresql.JSONB(), nullable=True))
    for column in ("product", "product_id", "variant"):
        op.alter_column("order_lines", column, nullable=True)
    op.add_column("variants", sa.Column("available", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.alter_column("variants", "available", server_default=None)
    op.add_column("refunds", sa.Column("return_id", sa.BigInteger(), nullable=True))
    _create_shipments()
    _create_returns()
    for statement in (_PROGRESS, _SHIPMENTS, _SHIPMENT_LINES):
        op.execute(statement)


def _create_shipments() -> None:
    op.create_table(
        "shipments",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=True),
        sa.Column("carrier", sa.Text(collation="C"), nullable=False),
        sa.Column("service", sa.Text(collation="C"), nullable=False),
        sa.Column("tracking", sa.Text(collation="C"), nullable=False),
        sa.Column("tracking_url", sa.Text(collation="C"), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "no", name="shipments_pkey"),
    )
    op.create_table(
        "shipment_lines",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("shipment", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "shipment", "line", name="shipment_lines_pkey"),
        sa.CheckConstraint(
            "quantity > 0 and delivered between 0 and quantity", name="shipment_lines_delivered_check"
        ),
    )
    op.create_table(
        "shipment_events",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("shipment", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(collation="C"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(collation="C"), nullable=False),
        sa.Column("note", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "shipment", "seq", name="shipment_events_pkey"),
        sa.UniqueConstraint(
            "workspace", "order", "shipment", "event_id", name="shipment_events_event_id_key"
        ),
    )


def _create_returns() -> None:
    op.create_table(
        "returns",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(collation="C"), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "id", name="returns_pkey"),
    )
    op.create_index("returns_id_idx", "returns", ["workspace", "id"])
    stages = ("initiated", "in_transit", "at_center", "received", "cancelled")
    terms = (*stages, "restocked", "scrapped")
    op.create_table(
        "return_lines",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.Text(collation="C"), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        *(sa.Column(term, sa.BigInteger(), nullable=False) for term in terms),
        sa.PrimaryKeyConstraint("workspace", "order", "return_id", "no", name="return_lines_pkey"),
        sa.CheckConstraint(f"{' + '.join(stages)} = quantity", name="return_lines_stages_check"),
        sa.CheckConstraint(" and ".join(f"{term} >= 0" for term in terms), name="return_lines_terms_check"),
        sa.CheckConstraint("restocked + scrapped <= received", name="return_lines_inspected_check"),
    )
    op.create_table(
        "return_events",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(collation="C"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "order", "return_id", "seq", name="return_events_pkey"),
        sa.UniqueConstraint("workspace", "order", "return_id", "event_id", name="return_events_event_id_key"),
    )
