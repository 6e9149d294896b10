"""Keys can be suspended, and orders deleted.

Revision 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the two moments; nothing is suspended or deleted yet."""
    op.add_column("credentials", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
