"""Access tokens, which callers get for their credentials.

Revision 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    """Create the table of access tokens."""
    op.create_table(
        "access_tokens",
        sa.Column("workspace", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("credential", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "credential"],
            ["credentials.workspace", "credentials.id"],
            name="access_tokens_credentials_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace", "hash", name="access_tokens_pkey"),
    )
    op.create_index(
        "access_tokens_credential_idx", "access_tokens", ["workspace", "credential"], unique=False
    )
    op.create_index("access_tokens_expiry_idx", "access_tokens", ["expires_at", "workspace"], unique=False)
