"""The tables, one file per area; every key starts with the workspace."""

from entrepot.store.tables import (
    bank,
    carts,
    catalogue,
    engine,
    mailbox,
    orders,
    partner,
    residents,
    sandbox,
    stock,
    tenancy,
)
from entrepot.store.tables._base import metadata

__all__ = [
    "bank",
    "carts",
    "catalogue",
    "engine",
    "mailbox",
    "metadata",
    "orders",
    "partner",
    "residents",
    "sandbox",
    "stock",
    "tenancy",
]
