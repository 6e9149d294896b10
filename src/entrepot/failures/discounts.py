"""Failures of discount codes and gift certificates."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


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
