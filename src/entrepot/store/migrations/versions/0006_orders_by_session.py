"""What a buyer without an account has ordered, the shop's own carts, and parts by their uids are found by an index.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the indexes."""
    op.create_index(
        "orders_session_idx",
        "orders",
        ["workspace", sa.text("((data ->> 'session')::bigint)")],
        postgresql_where=sa.text("customer is null"),
    )
    op.create_index("order_parts_uid_idx", "order_parts", ["workspace", sa.text('("order" * 1000 + no)')])
    op.create_index(
        "carts_unowned_idx", "carts", ["workspace", "id"], postgresql_where=sa.text("session is null")
    )
