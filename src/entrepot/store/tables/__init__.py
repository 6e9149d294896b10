"""The tables, one file per area; every key starts with the workspace."""

from entrepot.store.tables import bank, carts, catalogue, engine, orders, partner, sandbox, stock, tenancy
from entrepot.store.tables._base import metadata

__all__ = [
    "bank",
    "carts",
    "catalogue",
    "engine",
    "metadata",
    "orders",
    "partner",
    "sandbox",
    "stock",
    "tenancy",
]
