"""Gift certificates: money that was paid in before, spent by a code, never below zero."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any

import msgspec

from entrepot.domain.kernel.records import Record


class Certificate(Record, frozen=True):
    """A certificate with what is left on it; amounts in minor units of `currency`.

    `order` and `product` say what it was bought as, where it was.
    """

    id: int
    channel: int
    code: str
    currency: str
    original: int
    balance: int
    expires_at: datetime | None
    cancelled: bool
    order: int | None
    product: int | None
    recipient: str
    recipient_email: str
    sender: str
    sender_email: str
    created_at: datetime
    changed_at: datetime
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The certificate's id."""
        return self.id


class CertificateUse(Record, frozen=True):
    """What an order (or the attempt to place it) took from a certificate."""

    certificate: int
    order: int
    amount: int
    at: datetime

    @property
    def key(self) -> Hashable:
        """Certificate and order."""
        return (self.certificate, self.order)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


def valid(certificate: Certificate, now: datetime) -> bool:
    """Whether there is still something to be spent."""
    expired = certificate.expires_at is not None and certificate.expires_at <= now
    return certificate.balance > 0 and not certificate.cancelled and not expired


def spent(certificate: Certificate, amount: int, now: datetime) -> Certificate:
    """The certificate after `amount` was spent, or given back where it is negative.

    Raises `ArithmeticError` where the balance would leave what was paid in.
    """
    balance = certificate.balance - amount
    if not 0 <= balance <= certificate.original:
        raise ArithmeticError(f"certificate {certificate.id} has not {amount} to spend")
    return msgspec.structs.replace(certificate, balance=balance, changed_at=now)


def revalued(spent_before: int, original: int | None, balance: int | None) -> tuple[int, int] | str:
    """What was paid in and what is left once one of them or both are set; else the field that cannot be so.

    What was spent stays spent, so the one that is not set moves along.
    """
    if original is None:
        original = (balance or 0) + spent_before
    left = original - spent_before
    if left < 0:
        return "original"
    return (original, left) if balance in (None, left) else "balance"
