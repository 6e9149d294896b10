"""The tables, one file per area; every key starts with the workspace."""

from entrepot.store.tables import bank, catalogue, engine, orders, partner, sandbox, stock, tenancy
from entrepot.store.tables._base import metadata

__all__ = ["bank", "catalogue", "engine", "metadata", "orders", "partner", "sandbox", "stock", "tenancy"]
