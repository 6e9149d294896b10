"""Sessions and log-ins know the password that they were got for, and end with it.

Revision 0005. Those that there are belong to the passwords of now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OF_NOW = """
update {table} t set proof = sha256(convert_to(coalesce(p.password_hash, ''), 'UTF8'))
from {people} p where p.workspace = t.workspace and p.id = t.{person}
"""


def upgrade() -> None:
    """Add both proofs."""
    op.add_column("sessions", sa.Column("proof", sa.LargeBinary(), nullable=True))
    op.add_column("admin_tokens", sa.Column("proof", sa.LargeBinary(), nullable=True))
    op.execute(_OF_NOW.format(table="sessions", people="customers", person="customer"))
    op.execute(_OF_NOW.format(table="admin_tokens", people="administrators", person="administrator"))
    op.alter_column("admin_tokens", "proof", nullable=False)
