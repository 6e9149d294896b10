"""A code may prove a new e-mail address, which counts only then.

Revision 0026. Codes that there are prove none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the address."""
    op.add_column("one_time_codes", sa.Column("email", sa.Text(collation="C"), nullable=True))
