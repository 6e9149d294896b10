"""Refunds have the key under which their caller may ask for them again.

Revision 0025. Those that there are have none.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the key."""
    op.add_column("refunds", sa.Column("asked", JSONB(none_as_null=True), nullable=True))
