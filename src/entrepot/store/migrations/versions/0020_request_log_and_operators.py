"""The integration log, by days of real time, and the operators who read it.

Revision 0020. The log's partitions are made by whoever writes it, since a migration has no clock.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

_TABLES = (
    """
create table request_log (
  workspace bigint not null,
  at timestamptz not null,
  id uuid not null,
  channel bigint,
  door text collate "C" not null,
  operation text collate "C" not null,
  outcome text collate "C" not null,
  status integer not null,
  request_id text collate "C" not null,
  orders bigint[] not null,
  micros bigint not null,
  entry text collate "C" not null,
  constraint request_log_pkey primary key (workspace, at, id)
) partition by range (at)
""",
    "create index request_log_channel_idx on request_log (workspace, channel, at, id)",
    "create index request_log_door_idx on request_log (workspace, door, at, id)",
    "create index request_log_outcome_idx on request_log (workspace, outcome, at, id) where outcome <> 'ok'",
    "create index request_log_failed_idx on request_log (workspace, at, id) where outcome <> 'ok'",
    "create index request_log_request_idx on request_log (workspace, request_id)",
    "create index request_log_orders_idx on request_log using gin (orders)",
    """
create table operators (
  workspace bigint not null,
  id uuid not null,
  name text collate "C" not null,
  password text collate "C",
  created_at timestamptz not null,
  constraint operators_pkey primary key (workspace, id),
  constraint operators_name_key unique (workspace, name)
)
""",
    """
create table operator_proofs (
  workspace bigint not null,
  hash bytea not null,
  kind text collate "C" not null,
  operator uuid not null,
  csrf text collate "C" not null,
  expires_at timestamptz not null,
  constraint operator_proofs_pkey primary key (workspace, hash),
  constraint operator_proofs_operators_fkey foreign key (workspace, operator)
    references operators (workspace, id) on delete cascade on update cascade
)
""",
    """
create table operator_tries (
  workspace bigint not null,
  subject bytea not null,
  since timestamptz not null,
  count integer not null,
  constraint operator_tries_pkey primary key (workspace, subject)
)
""",
    "create index operator_proofs_operator_idx on operator_proofs (workspace, operator)",
)


def upgrade() -> None:
    """Make the tables; there is nothing to move into them."""
    for statement in _TABLES:
        op.execute(statement)
