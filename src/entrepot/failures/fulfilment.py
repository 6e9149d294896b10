"""Failures of what comes after the sale: shipping, and sending back."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class TooManyUnits(Failure, frozen=True):
    """More units of an order line are named than can go that way, or the order has no such line."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the order; its lines tell how many units stand where."
    order: str
    line: int
    requested: int
    possible: int


class UnitsOwed(Failure, frozen=True):
    """Units that are owed and not there cannot be shipped."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ship the units that are there, and the others once they have been received."
    order: str
    line: int
    requested: int
    there: int


class ShipmentUnknown(Failure, frozen=True):
    """The order has no such shipment, and nothing is left of which it could be one."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the order's shipments and use one of their names."
    order: str
    shipment: str
