"""Attempts name their request, and tell whether their caller heard of the order.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what tells a repeated request from another one."""
    op.add_column("attempts", sa.Column("request", sa.Text(collation="C"), nullable=True))
    op.add_column("attempts", sa.Column("untold", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("attempts", "untold", server_default=None)
    op.create_index(
        "attempts_untold_idx",
        "attempts",
        ["workspace", "channel", "request"],
        postgresql_where=sa.text("untold"),
    )
    # An order that was given up keeps no external id: what expired before is freed as well.
    op.execute(
        """
        delete from "references" r using orders o
        where o.workspace = r.workspace and o.id = r.target and r.kind = 'external-order' and r.attempt is null
          and o.state = 'cancelled' and o.reason = 'payment'
        """
    )
