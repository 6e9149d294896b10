"""Failures of changing products and their variants, and the locations that keep them."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class ScaleFixed(Failure, frozen=True):
    """The number of decimals that a variant's quantities have never changes."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Make another variant with its own SKU."
    scale: int


class StepUneven(Failure, frozen=True):
    """A variant would be sold in steps of which its quantities are no multiples."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Choose a step with at most as many decimals as the variant's quantities have."
    step: str
    scale: int


class QuantityUneven(Failure, frozen=True):
    """A quantity has more decimals than the variant is counted in."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a quantity with at most as many decimals as the variant has."
    quantity: str
    scale: int


class LocationInUse(Failure, frozen=True):
    """The location keeps units, or units are promised there."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Move what is there to another location, and ship or cancel what is promised; then delete it."
    )
    location: str
