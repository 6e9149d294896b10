"""Events have names of our own; each door says them in its way when a message is delivered.

Revision 0010.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_RENAME = """
update event_listeners l set event = n.name from
  (values ('Order/placed', 'order.placed'), ('Order/changed', 'order.changed'), ('Order/paid', 'order.paid'),
          ('Order/discarded', 'order.discarded'), ('Customer/created', 'customer.created')) n(was, name)
where l.event = n.was
"""
_WAITING = """
update outbox o set payload = jsonb_build_object('event', l.event, 'channel', l.channel, 'subject', o.subject)
from event_listeners l
where l.workspace = o.workspace and o.listener = 'event:' || l.id
"""


def upgrade() -> None:
    """Rename what listeners listen to, and what waits to be told to them."""
    op.execute(_RENAME)
    op.execute(_WAITING)
