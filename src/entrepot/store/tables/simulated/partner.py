"""The simulated partner's own list. Only `entrepot.gateways.tokens.simulated` reads or writes it.

The partner is somebody else's system that happens to live in the same database: nothing refers to its rows.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from entrepot.store.tables._base import metadata

partner_tokens = Table(
    "partner_tokens",
    metadata,
    Column("workspace", BigInteger, primary_key=True, autoincrement=False),
    Column("token_hash", LargeBinary, primary_key=True),
)
"""The tokens that the partner vouches for, as SHA-256."""
