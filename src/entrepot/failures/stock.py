"""Failures of changing stock, and of taking units out of orders."""

from __future__ import annotations

from typing import ClassVar, Literal

from entrepot.failures.base import Failure, Retry


class QuantityOutOfRange(Failure, frozen=True):
    """A stock quantity is below or above what is allowed."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a quantity within the limits."
    units: ClassVar[frozenset[str]] = frozenset({"quantity", "smallest", "largest"})
    quantity: int
    smallest: int
    largest: int
    """In the variant's smallest unit, as the others."""


class TooManyToCancel(Failure, frozen=True):
    """More units of an order line are to be cancelled than can still be, or the order has no such line."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the order; only units that are new or acknowledged can be cancelled."
    units: ClassVar[frozenset[str]] = frozenset({"requested", "cancellable"})
    order: str
    line: int
    requested: int
    cancellable: int


class StockUnknown(Failure, frozen=True):
    """No variant or location of the workspace goes by this name."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "List the workspace's stock and use one of its names."
    variant: str
    location: str
    missing: Literal["variant", "location", "both"] = "both"


class StockShort(Failure, frozen=True):
    """More units would leave a location than are free there."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Move at most what is available."
    units: ClassVar[frozenset[str]] = frozenset({"requested", "available"})
    requested: int
    available: int
