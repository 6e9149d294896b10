"""Snapshots of a sandbox, kept by name beside what stands there.

Revision 0030.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0025"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "sandbox_snapshots",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("of", sa.Text(collation="C"), nullable=True),
        sa.Column("release", sa.Text(collation="C"), nullable=False),
        sa.Column("schema", sa.Text(collation="C"), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_offset", sa.BigInteger(), nullable=False),
        sa.Column("clock_stands", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "name", name="sandbox_snapshots_pkey"),
    )
