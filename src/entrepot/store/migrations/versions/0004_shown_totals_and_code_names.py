"""What buyers were shown, by which names they used codes, one namespace of codes, and orders by their outside id.

Revision 0004.
"""

import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_CODES = sa.text("""
select workspace, channel, id, code, created_at, 'discounts' as kind from discounts
union all
select workspace, channel, id, code, created_at, 'certificates' from certificates
order by workspace, created_at, id
""")
_CLAIM = sa.text("""
insert into "references" (workspace, channel, environment, kind, value, target)
values (:workspace, :channel, 'live', 'code', :value, :target) on conflict do nothing
""")


def upgrade() -> None:
    """Make room for what is new, and give the codes that are there their names."""
    op.add_column("carts", sa.Column("shown", postgresql.JSONB(), nullable=True))
    op.create_index(
        "orders_external_idx",
        "orders",
        ["workspace", "external_id", "channel", "environment", "id"],
        unique=False,
        postgresql_where=sa.text("external_id is not null"),
    )
    op.drop_constraint("discount_uses_pkey", "discount_uses", type_="primary")
    op.create_primary_key("discount_uses_pkey", "discount_uses", ["workspace", "discount", "order", "buyer"])
    _claim_codes(op.get_bind())


def _claim_codes(connection: sa.Connection) -> None:
    """Of several codes that are the same to a buyer the oldest has the name; the others stay and name nothing."""
    for code in connection.execute(_CODES).mappings().all():
        claim = {name: code[name] for name in ("workspace", "channel")}
        value = _name(code["code"])
        connection.execute(_CLAIM, {**claim, "value": value, "target": code["id"]})
        if (trimmed := code["code"].strip()) not in ("", code["code"]):
            _trim(connection, code["kind"], code["workspace"], code["channel"], code["id"], trimmed)


def _trim(connection: sa.Connection, table: str, *values: object) -> None:
    """Take the blanks off a code, unless another one is called so already."""
    statement = sa.text(f"""
        update "{table}" t set code = :code where workspace = :workspace and id = :id and not exists (
          select from "{table}" o where o.workspace = :workspace and o.channel = :channel and o.code = :code
        )
    """)  # noqa: S608  (our own names)
    names: Iterable[str] = ("workspace", "channel", "id", "code")
    connection.execute(statement, dict(zip(names, values, strict=True)))


def _name(code: str) -> str:
    """The code without blanks, in one case: as it was folded when this revision was written."""
    return "".join(unicodedata.normalize("NFKC", code).casefold().split())
