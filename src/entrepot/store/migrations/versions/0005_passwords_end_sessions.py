"""Sessions and log-ins end with their password; what was sold is counted; who is no company is an individual.

Revision 0005. Sessions and log-ins that there are belong to the passwords of now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OF_NOW = """
update {table} t set proof = sha256(convert_to(coalesce(p.password_hash, ''), 'UTF8'))
from {people} p where p.workspace = t.workspace and p.id = t.{person}
"""

_INDIVIDUALS = """
update {table} set {column} = jsonb_set({column}, '{path}', '"individual"') where {column} #>> '{path}' = 'private'
"""


def upgrade() -> None:
    """Add both proofs."""
    op.add_column("sessions", sa.Column("proof", sa.LargeBinary(), nullable=True))
    op.add_column("admin_tokens", sa.Column("proof", sa.LargeBinary(), nullable=True))
    op.execute(_OF_NOW.format(table="sessions", people="customers", person="customer"))
    op.execute(_OF_NOW.format(table="admin_tokens", people="administrators", person="administrator"))
    op.alter_column("admin_tokens", "proof", nullable=False)
    op.create_index("order_lines_product_idx", "order_lines", ["workspace", "product_id"], unique=False)
    op.execute(_INDIVIDUALS.format(table="customers", column="info", path="{type}"))
    op.execute(_INDIVIDUALS.format(table="carts", column="buyer", path="{info,type}"))
    op.execute(_INDIVIDUALS.format(table="orders", column="data", path="{buyer,info,type}"))
