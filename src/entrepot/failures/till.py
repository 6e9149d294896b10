"""Failures of whoever carries money for a shop, after an order was placed."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class PaymentCancelFailed(Failure, frozen=True):
    """The payment provider did not let the payment go."""

    retry: ClassVar[Retry] = Retry.LATER
    advice: ClassVar[str] = "Try again; if the money was collected meanwhile, refund it."
    message: str


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
