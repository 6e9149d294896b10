"""Failures of carts."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class CartUnknown(Failure, frozen=True):
    """No cart that the caller may see has this identifier.

    It never existed, belongs to somebody else, was deleted, or has expired.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Create a new cart."
    cart: str


class CartFull(Failure, frozen=True):
    """The cart would hold more different items than it may."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Remove items, or put the rest into another cart."
    shopper: ClassVar[bool] = True
    limit: int


class FilesFull(Failure, frozen=True):
    """The cart would hold more files than it may, or more bytes of them."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for smaller files, or put the rest into another cart."
    shopper: ClassVar[bool] = True
    limit: int
    largest: int
    """In bytes, of all files together."""


class CartQuantityTooLarge(Failure, frozen=True):
    """The cart would hold more units of one item than it may."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask for fewer units."
    shopper: ClassVar[bool] = True
    limit: int
    """How many more units of the item fit."""
    asked: int
    """How many more were asked for."""
    index: int | None
    """Which of the items that were asked for it is, from 0; None where only one was."""


class TotalRaised(Failure, frozen=True):
    """More would be charged than the buyer was last shown.

    A price, the delivery, a fee or a code has changed since, or the cart itself.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the cart's total again and let the shopper accept it."
    shopper: ClassVar[bool] = True
    shown: int
    total: int
    """In minor units, as the other."""
