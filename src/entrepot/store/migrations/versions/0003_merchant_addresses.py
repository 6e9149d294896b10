"""Merchants have an address to send from.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give every merchant an address, of which nothing is known yet."""
    kind = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    op.add_column("merchants", sa.Column("address", kind, nullable=False, server_default=sa.text("'{}'")))
    op.alter_column("merchants", "address", server_default=None)
