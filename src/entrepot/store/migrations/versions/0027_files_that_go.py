"""Files that nobody bought are known from those of orders, so that housekeeping finds them by an index.

Revision 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_BOUGHT = """
update files set bought = true
where not exists (select from carts where carts.workspace = files.workspace and carts.id = files.cart)
"""


def upgrade() -> None:
    """Add the column; the files of carts that are no more are those of orders."""
    op.add_column("files", sa.Column("bought", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(_BOUGHT)
    op.alter_column("files", "bought", server_default=None)
    op.execute("create index files_unbought_idx on files (created_at, workspace) where not bought")
