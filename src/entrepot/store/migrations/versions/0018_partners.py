"""Keys can be suspended, and orders deleted; each workspace has a secret by which it knows what it gave out.

Revision 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the two moments and the secret; nothing is suspended or deleted yet."""
    op.add_column("credentials", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "workspaces",
        sa.Column("secret", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")),
    )
    op.add_column("orders", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
