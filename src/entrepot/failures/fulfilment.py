"""Failures of what comes after the sale: shipping, and sending back."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class TooManyUnits(Failure, frozen=True):
    """More units of an order line are named than can go that way, or the order has no such line."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the order; its lines tell how many units stand where."
    units: ClassVar[frozenset[str]] = frozenset({"requested", "possible"})
    order: str
    line: int
    requested: int
    possible: int


class UnitsOwed(Failure, frozen=True):
    """Units that are owed and not there cannot be shipped."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ship the units that are there, and the others once they have been received."
    units: ClassVar[frozenset[str]] = frozenset({"requested", "there"})
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


class ReturnItemUnknown(Failure, frozen=True):
    """The order has no line of this number or SKU."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the order and name its lines."
    order: str
    item: str
    wish: int | None = None
    """Which of the wishes it was, counted from 0; None where there was none."""


class NothingDelivered(Failure, frozen=True):
    """No unit of the line has reached the buyer, so none can come back."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Wait until it is delivered; until it is shipped it can be cancelled."
    order: str
    item: str
    wish: int | None = None
    """Which of the wishes it was, counted from 0; None where there was none."""


class TooManyToReturn(Failure, frozen=True):
    """More units are to be returned than stand delivered, or fewer than one."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Return at most what is delivered and not on its way back already."
    units: ClassVar[frozenset[str]] = frozenset({"requested", "left"})
    order: str
    item: str
    requested: int
    left: int
    wish: int | None = None
    """Which of the wishes it was, counted from 0; None where there was none."""


class ReturnUnknown(Failure, frozen=True):
    """No return that the caller may see has this identifier."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Check the identifier, and that the credentials may see the order."
    identifier: str


class DuplicateReturn(Failure, frozen=True):
    """The account has already opened another return under this name: of another order, or of other units."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Give every return a name of its own."
    identifier: str


class ReturnNotCancellable(Failure, frozen=True):
    """No unit of the return is still with the buyer."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the return; what is on its way will arrive."
    identifier: str
