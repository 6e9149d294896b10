"""Commands that were done under keys of their callers' are kept for a while with what their callers were told.

Revision 0037.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "done_commands",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "name", name="done_commands_pkey"),
    )
    op.create_index("done_commands_at_idx", "done_commands", ["at", "workspace"], unique=False)
