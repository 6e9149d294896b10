"""When variants and locations were made and deleted, and where in a building a location is.

Revision 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

# Deleted products had a mark in a door's data; orders name them, so they and their variants stay.
_DELETED = """
update products p set deleted_at = coalesce(p.changed_at, w.created_at), available = false,
  data = jsonb_set(p.data, '{article}', (p.data -> 'article') - 'deleted')
from workspaces w where w.id = p.workspace and coalesce(p.data -> 'article' ->> 'deleted', '') = 'true'
"""
_DATED = """
update variants v set created_at = coalesce(p.created_at, w.created_at), deleted_at = p.deleted_at,
  changed_at = coalesce(p.changed_at, p.created_at, w.created_at)
from products p, workspaces w where p.workspace = v.workspace and p.id = v.product and w.id = v.workspace
"""
_PLACES = """
update locations l set created_at = w.created_at, changed_at = w.created_at from workspaces w where w.id = l.workspace
"""


def upgrade() -> None:
    """Add the columns, fill those that must have a value, and index what is listed by age and by location.

    One index is renamed: its name was a door's word.
    """
    moment = sa.DateTime(timezone=True)
    op.add_column("products", sa.Column("deleted_at", moment, nullable=True))
    for column in ("created_at", "changed_at", "deleted_at"):
        op.add_column("variants", sa.Column(column, moment, nullable=True))
    _add_to_locations()
    for statement in (_DELETED, _DATED, _PLACES):
        op.execute(statement)
    for table in ("variants", "locations"):
        for column in ("created_at", "changed_at"):
            op.alter_column(table, column, nullable=False)
    op.create_index("variants_created_idx", "variants", ["workspace", "created_at", "id"])
    op.execute("alter index order_parts_uid_idx rename to order_parts_number_idx")
    op.create_index("stock_location_idx", "stock", ["workspace", "location", "variant"])


def _add_to_locations() -> None:
    for column, kind, default in (
        ("zone", sa.Text(collation="C"), ""),
        ("aisle", sa.Text(collation="C"), ""),
        ("active", sa.Boolean(), sa.true()),
        ("data", postgresql.JSONB(), "{}"),
    ):
        op.add_column("locations", sa.Column(column, kind, nullable=False, server_default=default))
        op.alter_column("locations", column, server_default=None)
    for column in ("created_at", "changed_at", "deleted_at"):
        op.add_column("locations", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
