"""What products are called in languages stands in a column of its own; it stood among a door's data.

Revision 0035.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0030"

_NAMED = """
update products set names = jsonb_strip_nulls(data #> '{article,name}'), data = data #- '{article,name}'
where jsonb_typeof(data #> '{article,name}') = 'object'
"""


def upgrade() -> None:
    """Add the column, and move the names into it."""
    op.add_column("products", sa.Column("names", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.execute(_NAMED)
    op.alter_column("products", "names", server_default=None)
