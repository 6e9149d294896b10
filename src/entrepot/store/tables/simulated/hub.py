"""The simulated order hub's books. Only `entrepot.gateways.hubs.simulated` reads or writes them."""

from sqlalchemy import CheckConstraint

from entrepot.store.tables._base import big, table, text

hub_clients = table(
    "hub_clients",
    ("client",),
    text("client"),
    big("capacity"),
    big("open"),
    CheckConstraint("open >= 0", name="hub_clients_open_check"),
)
"""Whom the hub knows, how many orders each may have there, and how many it has."""

hub_orders = table(
    "hub_orders",
    ("key",),
    text("key"),
    text("client"),
    text("environment"),
    text("order_id"),
    text("state"),
)
"""Orders that were handed over (`open`), or taken back; a key that was withdrawn before it came has no client."""
