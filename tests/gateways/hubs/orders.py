"""An order as hubs are handed it."""

from decimal import Decimal

from entrepot.domain.orders.records import Address, Person
from entrepot.gateways.hubs.port import HubLine, HubOrder


def hub_order(key: str = "k1", client: str = "shop", order_id: str = "A-1") -> HubOrder:
    lines = (HubLine("L1", "TEA", 2, Decimal("5.25")), HubLine("L2", "MUG", 1))
    to = Address("Ann", "Lee", "1 Front Street", "Toronto", "CA", "M5J 2N1")
    return HubOrder(key, client, "live", order_id, "CAD", Person("ann@example.com"), to, lines)
