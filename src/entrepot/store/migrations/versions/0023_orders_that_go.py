"""Orders that go some time after their end: what is over is found by an index, and names by what they stand for.

Revision 0023. An invoice line may outlive its order. No batch looks for channels with a carrier any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0020"

_INDEXES = (
    """
create index orders_over_idx on orders (changed_at) where progress in (
  'cancelled', 'shipped', 'partially_shipped', 'delivered', 'partially_delivered', 'returned', 'partially_returned')
""",
    'create index references_target_idx on "references" (workspace, target)',
)


def upgrade() -> None:
    """Add the column, false for the lines that there are, and the indexes; drop the one that nothing reads by."""
    op.add_column(
        "invoice_lines", sa.Column("order_gone", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.alter_column("invoice_lines", "order_gone", server_default=None)
    op.drop_index("channels_carrier_idx", "channels")
    for statement in _INDEXES:
        op.execute(statement)
