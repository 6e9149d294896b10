"""The tables, one file per area; every key starts with the workspace."""

from entrepot.store.tables import (
    access,
    articles,
    carts,
    catalogue,
    customers,
    discounts,
    engine,
    fulfilment,
    mappings,
    operations,
    orders,
    shops,
    simulated,
    stock,
    tenancy,
)
from entrepot.store.tables._base import metadata

__all__ = [
    "access",
    "articles",
    "carts",
    "catalogue",
    "customers",
    "discounts",
    "engine",
    "fulfilment",
    "mappings",
    "metadata",
    "operations",
    "orders",
    "shops",
    "simulated",
    "stock",
    "tenancy",
]
