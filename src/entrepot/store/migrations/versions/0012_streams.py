"""Messages to several listeners of one owner at one origin go in one order; orders are listed by when they were placed.

Revision 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the stream and the place in it; what waits from before is in none. And the index."""
    op.add_column("outbox", sa.Column("stream", sa.Text(collation="C"), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("place", sa.BigInteger(), nullable=False, server_default="0"))
    for column in ("stream", "place"):
        op.alter_column("outbox", column, server_default=None)
    op.create_index("orders_placed_idx", "orders", ["workspace", "placed_at"])
