"""The port to whoever computes taxes and duties: a question, and its three kinds of answer."""

from typing import Protocol, TypeAlias

import msgspec

from entrepot.domain.taxes import TaxQuery, TaxQuote


class TaxRefused(msgspec.Struct, frozen=True):
    """The provider understood the question and refused it with a structured error (Bonsai, TAX_ERROR).

    The fields are those of one entry of AvaTax's `error.details`.
    """

    message: str
    code: str
    number: int
    description: str
    fault_code: str
    help_link: str
    severity: str


class TaxUnavailable(msgspec.Struct, frozen=True):
    """No usable answer came: refused, timed out, lost or unreadable (Bonsai, TAXES_OR_DUTIES_ERROR).

    `detail` is the sentence that the contract gives for each kind (second reading, 7), without credentials.
    """

    detail: str


TaxAnswer: TypeAlias = TaxQuote | TaxRefused | TaxUnavailable


class TaxGateway(Protocol):
    """A provider of quotes: every failure is an answer, nothing is raised, and nothing is booked."""

    @property
    def in_process(self) -> bool:
        """Whether a quote needs no outside call, so that an order can be placed in one batch."""
        ...

    async def quote(self, query: TaxQuery) -> TaxAnswer:
        """Ask for the taxes and duties of one order."""
        ...
