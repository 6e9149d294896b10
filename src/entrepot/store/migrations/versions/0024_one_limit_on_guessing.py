"""One limit on guessing: operators' tries are counted where all others are.

Revision 0024. Counts of operators' tries, which last for minutes, begin anew.
"""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Drop what counted operators' tries."""
    op.execute("drop table operator_tries")
