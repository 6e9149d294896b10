"""What the platform's operators have: the integration log, and themselves. A workspace of 0 is that of none."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from entrepot.store.tables._base import big, blob, metadata, moment, small, table, text, uuid

request_log = Table(
    "request_log",
    metadata,
    big("workspace"),
    moment("at"),
    uuid("id"),
    big("channel", null=True),
    text("door"),
    text("operation"),
    text("outcome"),
    small("status"),
    text("request_id"),
    Column("orders", ARRAY(BigInteger), nullable=False),
    big("micros"),
    text("entry"),
    PrimaryKeyConstraint("workspace", "at", "id", name="request_log_pkey"),
    Index("request_log_channel_idx", "workspace", "channel", "at", "id"),
    Index("request_log_door_idx", "workspace", "door", "at", "id"),
    Index(
        "request_log_outcome_idx", "workspace", "outcome", "at", "id", postgresql_where=sql("outcome <> 'ok'")
    ),
    Index("request_log_failed_idx", "workspace", "at", "id", postgresql_where=sql("outcome <> 'ok'")),
    Index("request_log_request_idx", "workspace", "request_id"),
    Index("request_log_orders_idx", "orders", postgresql_using="gin"),
    postgresql_partition_by="RANGE (at)",
)

operators = table(
    "operators",
    ("id",),
    uuid("id"),
    text("name"),
    text("password", null=True),
    moment("created_at"),
    UniqueConstraint("workspace", "name", name="operators_name_key"),
)

operator_proofs = table(
    "operator_proofs",
    ("hash",),
    blob("hash"),
    text("kind"),
    uuid("operator"),
    text("csrf"),
    moment("expires_at"),
    ForeignKeyConstraint(
        ["workspace", "operator"],
        ["operators.workspace", "operators.id"],
        name="operator_proofs_operators_fkey",
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
    Index("operator_proofs_operator_idx", "workspace", "operator"),
)
