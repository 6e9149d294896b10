"""The simulated bank's own books. Only `entrepot.gateways.cards.bank` reads or writes them.

No card number is stored, and of a token only its SHA-256. The platform's orders refer to nothing in here: the
bank is somebody else's system that happens to live in the same database.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.sql.schema import SchemaItem

from entrepot.store.tables._base import metadata


def _key(name: str) -> Column[str]:
    return Column(name, Text(collation="C"), primary_key=True)


def _books(name: str, *columns: SchemaItem) -> Table:
    """A table of workspaces' rows, whose text sorts as the database does where it is no key."""
    workspace = Column("workspace", BigInteger, primary_key=True, autoincrement=False)
    return Table(name, metadata, workspace, *columns)


bank_accounts = _books(
    "bank_accounts",
    _key("account"),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
)
"""Who has money at the bank; `kind` is `cardholder`, or `payout` for a merchant who is paid from orders."""

bank_funds = _books(
    "bank_funds",
    _key("account"),
    _key("currency"),
    Column("balance", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("reserved >= 0 and reserved <= balance", name="bank_funds_never_overdrawn"),
)
"""One account's money in one currency, minor units. `reserved` is held by intents awaiting capture."""

bank_cards = _books(
    "bank_cards",
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account", Text(collation="C"), nullable=False),
    Column("brand", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reusable", Boolean, nullable=False),
    Column("family", Boolean, nullable=False, server_default="false"),
    Column("used_by", Text(collation="C")),
)
"""A card by the hash of its token; for a `family` every token that goes on with `_` stands for it too.
`used_by` is the intent for which a single-use token pays or paid."""

bank_intents = _books(
    "bank_intents",
    _key("id"),
    Column("status", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("client_secret", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("token_hash", LargeBinary),
    Column("account", Text(collation="C")),
    Column("description", Text),
    Column("confirmations", Integer, nullable=False, server_default="0"),
    Column("captured", BigInteger, nullable=False, server_default="0"),
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    Column("transferred", BigInteger, nullable=False, server_default="0"),
    Column("authorised_until", DateTime(timezone=True)),
    Column("refundable_until", DateTime(timezone=True)),
    CheckConstraint("captured between 0 and amount", name="bank_intents_captured"),
    CheckConstraint("refunded between 0 and captured", name="bank_intents_refunded"),
    CheckConstraint("transferred between 0 and captured", name="bank_intents_transferred"),
)
"""Charges in the making. The id derives from the caller's key, so that a repeated create finds its intent.
The platform's own money at the bank is the sum of captured - refunded - transferred, over intents whose account is one
of the bank's: behind the built-in cards of test orders there is none."""

bank_confirmations = _books(
    "bank_confirmations",
    _key("key"),
    Column("intent", Text(collation="C"), nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("code", Text),
    Column("message", Text),
)
"""What each confirm came to, by the caller's key: a reused key gets its first answer, declines included."""

bank_refunds = _books(
    "bank_refunds",
    _key("id"),
    Column("intent", Text(collation="C"), nullable=False),
    Column("amount", BigInteger, nullable=False),
)
"""Money given back; the id derives from the caller's key."""

bank_transfers = _books(
    "bank_transfers",
    _key("id"),
    Column("intent", Text(collation="C"), nullable=False),
    Column("account", Text(collation="C"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)
"""Money of an intent handed on to a payout account; the id derives from the caller's key."""

bank_reversals = _books(
    "bank_reversals",
    _key("id"),
    Column("transfer", Text(collation="C"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("bank_reversals_transfer_idx", "workspace", "transfer"),
)
"""Money of a transfer taken back; the id derives from the caller's key."""
