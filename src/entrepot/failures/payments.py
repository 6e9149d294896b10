"""Failures of payments, taxes and duties."""

from __future__ import annotations

from typing import ClassVar, Final

from entrepot.failures.base import Failure, Retry, TemporaryFailure

ASK_AGAIN: Final = 5
"""When to ask again after a provider's answer was lost, in seconds: a repeat asks the provider at once."""


class PaymentMethodUnsupported(Failure, frozen=True):
    """The payment method is unknown, not enabled for the account, or not allowed for one of the products."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for another payment method."
    shopper: ClassVar[bool] = True
    method: str


class PaymentAmountsMissing(Failure, frozen=True):
    """An externally paid order must say what was paid."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send the amounts for goods, shipping and taxes."


class ExternalPaymentUnsupported(Failure, frozen=True):
    """The account may not collect payments itself."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator must set up external payment for the account."


class ExternalPaymentNotImplemented(Failure, frozen=True):
    """The account's kind of external payment has no working implementation."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator must complete the account's external payment settings."
    type: str


class ExternalPaymentUndecided(TemporaryFailure, frozen=True):
    """The partner gave no verdict on the payment token."""

    advice: ClassVar[str] = (
        "Send the same request again after the number of seconds in Retry-After; if it persists, the partner's "
        "validation endpoint needs repair."
    )
    type: str
    skip_validation: bool
    authentication: str


class ExternalPaymentRefused(Failure, frozen=True):
    """The partner says that the payment token is not valid, or it has paid for another order."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a token that the partner accepts and that has paid for no other order."


class AmountNotChargeable(Failure, frozen=True):
    """The account's card provider cannot charge such an amount of this currency.

    `amount` is what it would be charged, or have to hand on to a merchant, in minor units of `currency`.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Pay in another way or currency; for some currencies a provider takes whole tens or whole units only, which "
        "the operator can see to by prices and rounding."
    )
    method: str
    currency: str
    amount: int


class PaymentDeclined(Failure, frozen=True):
    """The payment provider answered and refused the charge."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper to check the payment details."
    shopper: ClassVar[bool] = True
    message: str


class CardProviderFailed(Failure, frozen=True):
    """The card provider answered the call with an error."""

    retry: ClassVar[Retry] = Retry.LATER
    advice: ClassVar[str] = (
        "Send the same request again, unchanged: if the money was taken after all, its order is the answer. "
        "Another token or another body would be another order, and another charge."
    )
    message: str
    email: str
    first_name: str
    last_name: str


class CardProviderSilent(TemporaryFailure, frozen=True):
    """The card provider gave no answer; what became of the charge is found out by itself."""

    advice: ClassVar[str] = (
        "Send the same request again, unchanged, after the number of seconds in Retry-After: if the money was taken "
        "after all, its order is the answer. Another token or another body would be another order, and another charge."
    )
    email: str
    first_name: str
    last_name: str


class PaymentUnderWay(TemporaryFailure, frozen=True):
    """An earlier payment of the same order or cart, or with the same token, has not come to its end.

    Nothing was done for this one.
    """

    advice: ClassVar[str] = (
        "Send the same request again after the number of seconds in Retry-After: by then it may be known what became "
        "of the earlier one."
    )
    shopper: ClassVar[bool] = True


class MerchantPayoutMissing(Failure, frozen=True):
    """No payment can be transferred to the merchant, whose payout account is missing."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator must give the merchant a payout account."
    merchant: str


class NothingToRefund(Failure, frozen=True):
    """Nothing of the order's money can be given back: it was not paid, or all of it was."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the order's payments and refunds."
    order: str


class RefundTooLarge(Failure, frozen=True):
    """More is to be given back than is left of what was paid, or nothing."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Refund at most what is left."
    order: str
    requested: int
    left: int


class AmountNotRefundable(Failure, frozen=True):
    """The card provider cannot give such an amount of this currency back.

    `amount` is in minor units of `currency`; it is given back in multiples of `step`, and not at all where that is 0.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Refund an amount that is a multiple of the provider's step."
    order: str
    currency: str
    amount: int
    step: int


class UnitsNotRefundable(Failure, frozen=True):
    """More units of an order line are to be refunded than have not been, or the order has no such line."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Read the order; units that were refunded cannot be refunded again."
    units: ClassVar[frozenset[str]] = frozenset({"requested", "refundable"})
    order: str
    line: int
    requested: int
    refundable: int


class PaymentProviderUnreachable(TemporaryFailure, frozen=True):
    """The payment provider could not be reached; nothing was asked of it, and nothing has changed."""

    advice: ClassVar[str] = (
        "Try again; if it persists, the operator must check the connection to the provider."
    )
    order: str


class RefundInDoubt(Failure, frozen=True):
    """The provider did not say whether the money was given back; it is asked again by itself.

    The request had no key of the caller's, so it cannot be told from a second refund.
    """

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = (
        "Read the order a minute later: a second refund would give more back. With a key of your own the same request "
        "can be sent again."
    )
    order: str
    refund: int


class RefundUnderWay(TemporaryFailure, frozen=True):
    """The provider did not say whether the money was given back under this key; it is asked again by itself."""

    advice: ClassVar[str] = (
        "Send the same request with the same key again after the number of seconds in Retry-After: it gives the money "
        "back only once, and tells what became of it."
    )
    order: str
    refund: int


class RequestKeyUsed(Failure, frozen=True):
    """Another request was made under this key."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Use a new key for another request, or send what was sent under this one."
    key: str


class RefundRefused(Failure, frozen=True):
    """The provider refused to give the money back; the amount can be refunded again."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Look the charge up at the provider."
    order: str
    message: str


class TaxRefused(Failure, frozen=True):
    """The tax provider answered with a structured error."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator must check the account's tax company and the address."
    message: str
    code: str
    number: int
    description: str
    fault_code: str
    help_link: str
    severity: str


class TaxUnavailable(TemporaryFailure, frozen=True):
    """The tax provider gave no usable answer."""

    advice: ClassVar[str] = (
        "Send the same request again after the number of seconds in Retry-After: nothing was ordered, charged or kept. "
        "If it persists, the operator must check the tax provider."
    )
    detail: str


class CardTokenMissing(Failure, frozen=True):
    """The cart is to be paid by card, and no token of a card came with the checkout."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Have the shopper enter a card at the payment provider, and send the token of it."


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


class PaymentCancelRefused(Failure, frozen=True):
    """The payment provider refused to let the payment go: it collected the money, or holds none any more."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Look the charge up at the provider: what was collected is captured here too, what has lapsed is an error."
    )
    message: str


class PaymentInDoubt(TemporaryFailure, frozen=True):
    """The provider did not say whether the payment was collected or let go; it is asked again by itself."""

    advice: ClassVar[str] = (
        "Send the same request again after the number of seconds in Retry-After, or read the payment: to ask once more "
        "moves the money only once."
    )
    payment: str
