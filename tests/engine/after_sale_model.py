"""What orders, returns and stock come to, said again as simply as possible: one line per order, one location."""

from __future__ import annotations

from dataclasses import dataclass, field

RANK = ("new", "cancelled", "acknowledged", "shipped", "delivered", "return_initiated", "returned")


@dataclass
class Units:
    """Units by where they stand."""

    at: dict[str, int] = field(default_factory=dict[str, int])

    def __getitem__(self, stage: str) -> int:
        return self.at.get(stage, 0)

    def move(self, quantity: int, to: str, *stages: str) -> None:
        """Out of these stages, in this order, to another; None of them is where new units come from."""
        for stage in stages:
            part = min(self[stage], quantity)
            self.at[stage], quantity = self[stage] - part, quantity - part
            self.at[to] = self[to] + part

    def among(self, *stages: str) -> int:
        return sum(self[stage] for stage in stages)

    def progress(self) -> str:
        reached = [stage for stage in RANK if self[stage]]
        return ("partially_" if len(reached) > 1 else "") + reached[-1]


class Model:
    """Each action says whether it is allowed, and if so does it."""

    def __init__(self) -> None:
        self.on_hand = self.reserved = 0
        self.orders: list[Units] = []
        self.refunded: list[int] = []
        self.returns: list[tuple[int, Units]] = []

    def count(self, on_hand: int) -> bool:
        self.on_hand = on_hand
        return True

    def take(self, quantity: int) -> bool:
        if quantity > self.on_hand - self.reserved:
            return False
        self.reserved += quantity
        self.orders.append(Units({"new": quantity}))
        self.refunded.append(0)
        return True

    def cancel(self, order: int, quantity: int) -> bool:
        units = self.orders[order]
        if quantity > units.among("new", "acknowledged"):
            return False
        units.move(quantity, "cancelled", "new", "acknowledged")
        self.reserved -= quantity
        return True

    def acknowledge(self, order: int, quantity: int) -> bool:
        units = self.orders[order]
        begun = units.among(*RANK[2:])
        if quantity > begun + units["new"]:
            return False
        units.move(max(quantity - begun, 0), "acknowledged", "new")
        return True

    def ship(self, order: int, quantity: int) -> bool:
        units = self.orders[order]
        if quantity > min(units.among("new", "acknowledged"), self.on_hand):
            return False
        units.move(quantity, "shipped", "acknowledged", "new")
        self.on_hand, self.reserved = self.on_hand - quantity, self.reserved - quantity
        return True

    def deliver(self, order: int, quantity: int) -> bool:
        units = self.orders[order]
        missing = max(quantity - units["shipped"], 0)
        if missing and not self.ship(order, missing):
            return False
        units.move(quantity, "delivered", "shipped")
        return True

    def refund(self, order: int, quantity: int) -> bool:
        if quantity > self.orders[order].among(*RANK) - self.refunded[order]:
            return False
        self.refunded[order] += quantity
        return True

    def open(self, order: int, quantity: int) -> bool:
        if quantity > self.orders[order]["delivered"]:
            return False
        self.orders[order].move(quantity, "return_initiated", "delivered")
        self.returns.append((order, Units({"initiated": quantity})))
        return True

    def keep(self, number: int, quantity: int) -> bool:
        order, units = self.returns[number]
        if quantity > units["initiated"]:
            return False
        units.move(quantity, "cancelled", "initiated")
        self.orders[order].move(quantity, "delivered", "return_initiated")
        return True

    def advance(self, number: int, quantity: int) -> bool:
        _, units = self.returns[number]
        if quantity > units["initiated"]:
            return False
        units.move(quantity, "in_transit", "initiated")
        return True

    def receive(self, number: int, quantity: int) -> bool:
        order, units = self.returns[number]
        if quantity > units.among("initiated", "in_transit"):
            return False
        units.move(quantity, "received", "in_transit", "initiated")
        self.orders[order].move(quantity, "returned", "return_initiated")
        unpaid = self.orders[order].among("returned", "cancelled") - self.refunded[order]
        self.refunded[order] += max(min(quantity, unpaid), 0)
        return True

    def inspect(self, number: int, restock: int, scrap: int) -> bool:
        _, units = self.returns[number]
        if not 1 <= restock + scrap <= units["received"] - units.among("restocked", "scrapped"):
            return False
        for stage, quantity in (("restocked", restock), ("scrapped", scrap)):
            units.at[stage] = units[stage] + quantity
        self.on_hand += restock
        return True
