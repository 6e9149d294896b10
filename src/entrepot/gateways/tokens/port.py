"""The port to whoever knows whether a payment token is good: the account's own payment system.

This is external payment: the account has taken the money, and vouches for it by a token.
"""

from decimal import Decimal
from typing import Protocol, TypeAlias

import msgspec


class TokenAmounts(msgspec.Struct, frozen=True):
    """What the shopper paid, as the account reported it: major units of the query's currency."""

    shipping: Decimal
    taxes: Decimal
    goods: Decimal


class TokenQuery(msgspec.Struct, frozen=True):
    """A token and what it is said to have paid. Its `repr` leaves the token out."""

    token: str
    currency: str
    amounts: TokenAmounts
    external_order_id: str | None = None

    def __repr__(self) -> str:
        return f"TokenQuery(token=<redacted>, external_order_id={self.external_order_id!r})"


class Valid(msgspec.Struct, frozen=True):
    """The partner vouches for the token."""


class Invalid(msgspec.Struct, frozen=True):
    """The partner says that the token is not good (decision bonsai error codes)."""


class NoVerdict(msgspec.Struct, frozen=True):
    """The partner said neither (decision bonsai error codes).

    `reason` is for the operator; it holds no token, key or address.
    """

    reason: str


TokenAnswer: TypeAlias = Valid | Invalid | NoVerdict


class TokenValidator(Protocol):
    """Someone to ask about tokens: every failure is an answer, nothing is raised."""

    @property
    def in_process(self) -> bool:
        """Whether an answer needs no outside call, so that an order can be placed in one batch."""
        ...

    async def validate(self, query: TokenQuery) -> TokenAnswer:
        """Ask whether the token is good for this order. Asking changes nothing on the partner's side."""
        ...
