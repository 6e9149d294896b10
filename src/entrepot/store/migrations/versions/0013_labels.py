"""Labels: the simulated service's books, and what a return knows of its own.

Returns that stand have none, and ask for none.

Revision 0013.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the books, and the two columns."""
    op.create_table(
        "labels",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("tracking", sa.Text(collation="C"), nullable=False),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "key", name="labels_pkey"),
    )
    op.add_column("returns", sa.Column("label_key", sa.Uuid(), nullable=True))
    op.add_column("returns", sa.Column("label", postgresql.JSONB(none_as_null=True), nullable=True))
    op.create_index(
        "returns_label_key_idx",
        "returns",
        ["workspace", "label_key"],
        postgresql_where=sa.text("label_key is not null"),
    )
