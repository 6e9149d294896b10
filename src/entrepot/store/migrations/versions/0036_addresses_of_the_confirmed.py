"""An address is a customer's who has confirmed it: who has only signed up claims none, and the code says what it proves.

Revision 0036.
"""

from alembic import op

revision = "0036"
down_revision = "0035"

_PROVEN = """
update one_time_codes code set email = customer.email from customers customer
where customer.workspace = code.workspace and customer.id = code.customer and code.kind = 'signup' and code.email is null
"""

_FREE = """
delete from "references" name using customers customer
where customer.workspace = name.workspace and customer.id = name.target and customer.state <> 'confirmed'
  and name.kind = 'customer-email'
"""


def upgrade() -> None:
    """Give the codes their addresses, and free those that nobody has confirmed."""
    op.execute(_PROVEN)
    op.execute(_FREE)
