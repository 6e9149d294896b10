"""Failures of whoever carries money for a shop, after an order was placed."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class PaymentCancelRefused(Failure, frozen=True):
    """The payment provider refused to let the payment go: it collected the money, or holds none any more."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Look the charge up at the provider: what was collected is captured here too, what has lapsed is an error."
    )
    message: str


class PaymentInDoubt(Failure, frozen=True):
    """The provider did not say whether the payment was collected or let go; it is asked again by itself."""

    retry: ClassVar[Retry] = Retry.LATER
    advice: ClassVar[str] = "Wait, and read the payment: to ask once more moves the money only once."
    payment: str


class AddressLookupUnavailable(Failure, frozen=True):
    """No payment method is chosen, or the chosen one does not look addresses up."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Choose a payment method that looks addresses up, or ask the shopper for the address."
    )
    shopper: ClassVar[bool] = True


class AddressRegisterFailed(Failure, frozen=True):
    """The register of addresses gave no usable answer."""

    retry: ClassVar[Retry] = Retry.LATER
    advice: ClassVar[str] = "Try again, or ask the shopper for the address."
