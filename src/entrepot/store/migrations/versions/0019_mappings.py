"""Mappings of partners' words, in versions, and which one is in use.

Revision 0019.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "mappings",
        *_of_resource(),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of_channel("mappings"),
        sa.PrimaryKeyConstraint("workspace", "channel", "resource", "version", name="mappings_pkey"),
    )
    op.create_table(
        "mapping_heads",
        *_of_resource(),
        sa.Column("active", sa.BigInteger(), nullable=True),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        _of_channel("mapping_heads"),
        sa.PrimaryKeyConstraint("workspace", "channel", "resource", name="mapping_heads_pkey"),
    )


def _of_resource() -> list[sa.Column[object]]:
    return [
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.BigInteger(), nullable=False),
        sa.Column("resource", sa.Text(collation="C"), nullable=False),
    ]


def _of_channel(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace", "channel"],
        ["channels.workspace", "channels.id"],
        name=f"{table}_channels_fkey",
        ondelete="CASCADE",
    )
