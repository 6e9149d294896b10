"""Failures of buying in a shop: of carts, choices, discounts, certificates, delivery and payments."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry
from entrepot.failures.orders import LineFailure


class SessionUnknown(Failure, frozen=True):
    """There is no such session, or it has expired."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Open a new session."


class LineUnknown(Failure, frozen=True):
    """The cart or order has no such line, or the caller may not see it."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the cart's lines and use one of their identifiers."
    line: str


class CustomerUnknown(Failure, frozen=True):
    """No customer of the shop has this identifier."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Check the customer's identifier."
    customer: str


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


class OrderLocked(Failure, frozen=True):
    """The order is in a state in which it cannot be changed."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "It was placed, paid or sent; open a new cart."
    shopper: ClassVar[bool] = True
    order: str


class DiscountCodeAlreadySpecified(Failure, frozen=True):
    """The code was added to this cart before."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Nothing is to be done: the code counts once."
    shopper: ClassVar[bool] = True
    code: str


class InvalidDiscountCode(Failure, frozen=True):
    """No valid discount or gift certificate goes by this code."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper to check the code, or remove it from the cart."
    shopper: ClassVar[bool] = True
    code: str


class DiscountNeedsBuyer(Failure, frozen=True):
    """The code is limited per customer, and it is not known who buys."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Let the shopper log in or give an e-mail address, then add the code again."
    shopper: ClassVar[bool] = True
    code: str


class NoFurtherDiscount(Failure, frozen=True):
    """The code makes the order no cheaper."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Keep the code for another order, or fill the cart first."
    shopper: ClassVar[bool] = True
    code: str


class InvalidGiftCertificate(Failure, frozen=True):
    """The gift certificate is cancelled, expired or used up."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for another code, or remove it from the cart."
    shopper: ClassVar[bool] = True
    code: str


class CertificateNotCombinable(Failure, frozen=True):
    """A gift certificate cannot be combined with the chosen payment method."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Choose another payment method, or remove the certificate."
    shopper: ClassVar[bool] = True
    code: str


class CertificateCurrencyWrong(Failure, frozen=True):
    """The gift certificate is in another currency than the order."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Change the order's currency to that of the certificate."
    shopper: ClassVar[bool] = True
    code: str
    currency: str


class BuyerEmailMissing(Failure, frozen=True):
    """The cart says nowhere how its buyer can be written to."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Ask the shopper for an e-mail address, and set it as that of the cart's customer."
    )
    shopper: ClassVar[bool] = True


class CardTokenMissing(Failure, frozen=True):
    """The cart is to be paid by card, and no token of a card came with the checkout."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Have the shopper enter a card at the payment provider, and send the token of it."


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


class PaymentMethodUnknown(Failure, frozen=True):
    """The shop has no active payment method with this identifier."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the shop's payment methods."
    method: str


class PaymentNotConfigured(Failure, frozen=True):
    """No payment with a method that is on offer has been planned."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Plan a payment with one of the methods on offer."
    shopper: ClassVar[bool] = True


class PaymentUnavailable(Failure, frozen=True):
    """The order needs to be paid, but no payment method is on offer for it."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The shop must offer a payment method for such orders."
    shopper: ClassVar[bool] = True


class PaymentUnknown(Failure, frozen=True):
    """No payment that the caller may see has this identifier."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the order's payments."
    payment: str


class PaymentNotCapturable(Failure, frozen=True):
    """The payment is in a state in which it cannot be collected."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the payment; it is paid, cancelled or only planned."
    state: str


class PaymentNotCancellable(Failure, frozen=True):
    """The payment is in a state in which it cannot be cancelled."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Refund what is paid; what is cancelled stays so."
    state: str
