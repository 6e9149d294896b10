"""Drafts of attempts are kept as they are: to compress one took longer than all that an order writes besides.

Revision 0038.
"""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Let rows grow to a page before PostgreSQL compresses them."""
    op.execute("alter table attempts set (toast_tuple_target = 8160)")
