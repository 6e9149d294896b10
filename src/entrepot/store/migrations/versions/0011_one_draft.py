"""Drafts of attempts say what their order takes, whether they were made of a basket or of a cart.

Revision 0011.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

# A payment for a basket got its id when the order came to exist; now it has it from the beginning. Of attempts that
# have ended nothing is made any more, so they draw no ids.
_OF_A_BASKET = """
draft -> 'basket' is not null and jsonb_typeof(draft -> 'purchase') is distinct from 'object'
"""
_DRAW = f"""
update counters c set next = c.next + n.drawn from (
  select workspace, count(*) drawn from attempts where state = 'open' and {_OF_A_BASKET} group by workspace
) n where c.workspace = n.workspace
"""  # noqa: S608  (our own words)
_BASKETS = f"""
update attempts t set draft = jsonb_set(t.draft, '{{order,payment_state}}', '"paid"') || jsonb_build_object(
  'payments', jsonb_build_array(jsonb_build_object(
    'order', t."order", 'no', 1, 'id', n.number,
    'kind', case n.payment ->> 'method' when 'external payment' then 'external' else 'card' end,
    'method', n.payment -> 'method', 'state', 'paid', 'amount', t.draft -> 'order' -> 'total',
    'currency', t.draft -> 'order' -> 'currency', 'refunded', 0, 'reference', null,
    'reported', n.payment -> 'amounts')))
from (
  select a.workspace, a.id, a.draft -> 'basket' -> 'payment' payment, case a.state when 'open'
    then c.next - row_number() over (partition by a.workspace, a.state order by a.id desc) else 0 end number
  from attempts a left join counters c on c.workspace = a.workspace where {_OF_A_BASKET}
) n where t.workspace = n.workspace and t.id = n.id
"""  # noqa: S608
_CARTS = """
update attempts set draft = draft || jsonb_build_object(
  'payments', case jsonb_typeof(draft -> 'purchase' -> 'payment') when 'object'
    then jsonb_build_array(draft -> 'purchase' -> 'payment') else '[]' end
    || coalesce(draft -> 'purchase' -> 'certificates', '[]'),
  'discounts', coalesce(draft -> 'purchase' -> 'discounts', '[]'),
  'buyers', coalesce(draft -> 'purchase' -> 'buyers', '[]'),
  'cart', draft -> 'basket' -> 'cart')
where jsonb_typeof(draft -> 'purchase') = 'object'
"""
_NAMES = """
update attempts set draft = (draft - 'basket' - 'purchase') || jsonb_build_object('names', (
  select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'value', value) order by kind), '[]') from (values
    ('external-order', draft -> 'basket' ->> 'external_id'),
    ('payment-token', draft -> 'basket' -> 'payment' ->> 'token')) n(kind, value)
  where value is not null))
where draft -> 'basket' is not null
"""


def upgrade() -> None:
    """Write every draft anew."""
    for statement in (_DRAW, _BASKETS, _CARTS, _NAMES):
        op.execute(statement)
