"""Failures of carts."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry, TemporaryFailure
from entrepot.failures.orders import LineFailure


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


class LineUnknown(Failure, frozen=True):
    """The cart or order has no such line, or the caller may not see it."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the cart's lines and use one of their identifiers."
    line: str


class CurrencyInactive(Failure, frozen=True):
    """The shop does not sell in this currency."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Use one of the shop's active currencies."
    shopper: ClassVar[bool] = True
    currency: str


class ChoiceMissing(LineFailure, frozen=True):
    """A choice that the product demands was not made."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper to make the choice."
    shopper: ClassVar[bool] = True
    choice: int


class ChoiceUnknown(LineFailure, frozen=True):
    """The product has no such choice, or the choice no such option."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the product's choices; they may have changed."
    shopper: ClassVar[bool] = True
    choice: int


class ChosenNumberInvalid(LineFailure, frozen=True):
    """A chosen number is no number, out of its range, or no multiple of its step; all as decimals in text."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for a number that the choice allows."
    shopper: ClassVar[bool] = True
    choice: int
    minimum: str
    maximum: str
    step: str


class ChosenTextTooLong(LineFailure, frozen=True):
    """A chosen text is no text, or longer than the choice allows."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for a shorter text."
    shopper: ClassVar[bool] = True
    choice: int
    longest: int


class CombinationUnavailable(LineFailure, frozen=True):
    """The product does not exist in this combination of choices."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for another combination."
    shopper: ClassVar[bool] = True


class QuantityNotSold(LineFailure, frozen=True):
    """The product is not sold in this quantity."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for a positive multiple of the product's step."
    shopper: ClassVar[bool] = True
    quantity: str


class FileRefused(LineFailure, frozen=True):
    """The file is missing, empty, or larger than the choice allows."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for a smaller file."
    shopper: ClassVar[bool] = True
    choice: int
    largest: int
    """In bytes."""


class BuyerEmailMissing(Failure, frozen=True):
    """The cart says nowhere how its buyer can be written to."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Ask the shopper for an e-mail address, and set it as that of the cart's customer."
    )
    shopper: ClassVar[bool] = True


class PurchaseTooSmall(Failure, frozen=True):
    """The shop accepts orders only from a certain purchase amount."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper to add something to the cart."
    shopper: ClassVar[bool] = True
    amount: int
    minimum: int
    """In minor units of the cart's currency, as the other."""


class DeliveryMethodUnknown(Failure, frozen=True):
    """The shop has no active delivery method with this identifier."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the shop's delivery methods."
    method: str


class DeliveryNotConfigured(Failure, frozen=True):
    """No delivery method that is on offer has been chosen."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Choose one of the delivery methods on offer."
    shopper: ClassVar[bool] = True


class DeliveryUnavailable(Failure, frozen=True):
    """The order needs delivery, but no delivery method is on offer for it."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for another address."
    shopper: ClassVar[bool] = True
    country: str


class AddressLookupUnavailable(Failure, frozen=True):
    """No payment method is chosen, or the chosen one does not look addresses up."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Choose a payment method that looks addresses up, or ask the shopper for the address."
    )
    shopper: ClassVar[bool] = True


class AddressRegisterFailed(TemporaryFailure, frozen=True):
    """The register of addresses gave no usable answer."""

    advice: ClassVar[str] = "Try again, or ask the shopper for the address."
