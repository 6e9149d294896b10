"""Storefronts, and the way to shipments by the carrier's number.

Revision 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the table of storefronts and the index of tracking numbers."""
    op.create_table(
        "storefronts",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("return_address", postgresql.JSONB(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="storefronts_pkey"),
        sa.UniqueConstraint("workspace", "uuid", name="storefronts_uuid_key"),
    )
    op.create_index("storefronts_channel_idx", "storefronts", ["workspace", "channel", "id"])
    op.create_index(
        "shipments_tracking_idx",
        "shipments",
        ["workspace", "tracking"],
        postgresql_where=sa.text("tracking <> ''"),
    )
