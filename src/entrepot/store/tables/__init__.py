"""The tables, one file per area; every key starts with the workspace."""

from entrepot.store.tables import catalogue, engine, orders, stock, tenancy
from entrepot.store.tables._base import metadata

__all__ = ["catalogue", "engine", "metadata", "orders", "stock", "tenancy"]
