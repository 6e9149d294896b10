"""The tables, one file per area; every key starts with the workspace."""

from entrepot.store.tables import (
    access,
    articles,
    bank,
    carts,
    catalogue,
    customers,
    discounts,
    engine,
    fulfilment,
    mailbox,
    orders,
    partner,
    residents,
    sandbox,
    shops,
    stock,
    tenancy,
)
from entrepot.store.tables._base import metadata

__all__ = [
    "access",
    "articles",
    "bank",
    "carts",
    "catalogue",
    "customers",
    "discounts",
    "engine",
    "fulfilment",
    "mailbox",
    "metadata",
    "orders",
    "partner",
    "residents",
    "sandbox",
    "shops",
    "stock",
    "tenancy",
]
