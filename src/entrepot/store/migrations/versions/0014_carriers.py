"""Carriers: the simulated one's books, and which channels have one.

Orders that stand were announced to nobody, and are not now.

Revision 0014.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the books, and the index by which batches find channels with a carrier."""
    op.create_table(
        "carrier_consignments",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("order", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("next_step", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name="carrier_consignments_pkey"),
    )
    op.create_index(
        "carrier_consignments_due_idx",
        "carrier_consignments",
        ["due_at", "workspace"],
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_index("carrier_consignments_order_idx", "carrier_consignments", ["workspace", "order"])
    op.create_index(
        "channels_carrier_idx",
        "channels",
        ["workspace", "id"],
        postgresql_where=sa.text("settings ? 'carrier'"),
    )
