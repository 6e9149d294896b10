"""The simulated order hub: its clients, and the orders that were handed over to it.

Drafts of attempts gain a member that only new ones have, so those that stand need no change.

Revision 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the hub's books."""
    op.create_table(
        "hub_clients",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.Text(collation="C"), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("open >= 0", name="hub_clients_open_check"),
        sa.PrimaryKeyConstraint("workspace", "client", name="hub_clients_pkey"),
    )
    op.create_table(
        "hub_orders",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("client", sa.Text(collation="C"), nullable=False),
        sa.Column("environment", sa.Text(collation="C"), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name="hub_orders_pkey"),
    )
