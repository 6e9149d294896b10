"""Worked examples: of payments, refunds, taxes and who else must be asked before a sale."""

from __future__ import annotations

from typing import Final

from entrepot.failures import errands
from entrepot.failures import payments as p
from entrepot.failures.base import Failure

MONEY: Final[tuple[Failure, ...]] = (
    p.PaymentMethodUnsupported("barter"),
    p.ExternalPaymentNotImplemented("webhook"),
    p.ExternalPaymentUndecided(p.ASK_AGAIN, "api", False, "apiKey"),
    p.AmountNotChargeable("credit card", "USD", 40),
    p.PaymentDeclined("Your card has insufficient funds."),
    p.CardProviderFailed("No such token: 'tok_nobody'", "ada@example.com", "Ada", "Lovelace"),
    p.CardProviderSilent(
        p.ASK_AGAIN,
        "ada@example.com",
        "Ada",
        "Lovelace",
    ),
    p.PaymentUnderWay(3),
    p.MerchantPayoutMissing("globes"),
    p.NothingToRefund("1000035"),
    p.RefundTooLarge("1000035", 5_000, 3_277),
    p.AmountNotRefundable("1000035", "HUF", 150, 100),
    p.UnitsNotRefundable("1000035", 1, 2, 1),
    p.PaymentProviderUnreachable(p.ASK_AGAIN, "1000035"),
    p.RefundInDoubt("1000035", 1),
    p.RefundUnderWay(p.ASK_AGAIN, "1000035", 1),
    p.RequestKeyUsed("back-1"),
    p.RefundRefused("1000035", "The charge is too old to be refunded."),
    p.TaxRefused(
        "The company could not be found.",
        "EntityNotFoundError",
        4,
        "The tax company of the account does not exist.",
        "Client",
        "https://taxes.example/errors/EntityNotFoundError",
        "Error",
    ),
    p.TaxUnavailable(p.ASK_AGAIN, "The tax provider did not answer."),
    errands.LabelServiceFailed(p.ASK_AGAIN),
    errands.OrderHubFailed(p.ASK_AGAIN),
    p.PaymentMethodUnknown("699"),
    p.PaymentUnknown("9001"),
    p.PaymentNotCapturable("paid"),
    p.PaymentNotCancellable("paid"),
    p.PaymentCancelRefused("The reservation has lapsed."),
    p.PaymentInDoubt(p.ASK_AGAIN, "9001"),
)
