"""The port to whoever computes taxes and duties: a question, and its three kinds of answer."""

from typing import Protocol, TypeAlias

from entrepot.domain.pricing.taxes import TaxQuery, TaxQuote
from entrepot.failures.payments import TaxRefused, TaxUnavailable

TaxAnswer: TypeAlias = TaxQuote | TaxRefused | TaxUnavailable
"""A quote; a refusal with the fields of AvaTax's `error.details` (decision bonsai error codes); or no usable answer,
with the sentence of its kind (decision bonsai second reading 7)."""


class TaxGateway(Protocol):
    """A provider of quotes: every failure is an answer, nothing is raised, and nothing is booked."""

    @property
    def in_process(self) -> bool:
        """Whether a quote needs no outside call, so that an order can be placed in one batch."""
        ...

    async def quote(self, query: TaxQuery) -> TaxAnswer:
        """Ask for the taxes and duties of one order."""
        ...
