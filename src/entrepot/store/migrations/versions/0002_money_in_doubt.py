"""Attempts name their request and tell whether their caller heard of the order; parts know their merchants' payouts.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    op.add_column("order_parts", sa.Column("payout", postgresql.JSONB(), nullable=True))
    # What was handed on before, as far as the attempts are kept that did so.
    op.execute(
        """
        update order_parts t set payout = jsonb_build_object(
          'merchant', p.payout ->> 'merchant', 'account', p.payout ->> 'account',
          'amount', (p.payout ->> 'amount')::bigint, 'key', replace(a.uuid::text, '-', ''))
        from attempts a
        cross join lateral jsonb_array_elements(a.draft -> 'payouts') p(payout)
        join merchants m on m.workspace = a.workspace and m.ref = p.payout ->> 'merchant'
        where a.state = 'done' and a.environment = 'live'
          and t.workspace = a.workspace and t."order" = a."order" and t.merchant = m.id
        """
    )
    op.create_table(
        "bank_reversals",
        sa.Column("workspace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("transfer", sa.Text(collation="C"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id"),
    )
    op.create_index("bank_reversals_transfer_idx", "bank_reversals", ["workspace", "transfer"])
