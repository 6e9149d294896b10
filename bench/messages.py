"""What a load sends, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from bench.world import Target

EVERYTHING: Final = 10**9
"""As many requests as come to be in the time."""


class Load(msgspec.Struct, frozen=True):
    """What is sent: bodies of one payment method at random targets. `tokens` has %d for an order's number.

    `connections` are those of the run, unless it says otherwise.
    """

    name: str
    method: str
    targets: Sequence[Target]
    tokens: str
    connections: int | None = None


class Answers(msgspec.Struct, frozen=True):
    """What came back. `refused` are replies that are no success, `lost` are connections that failed."""

    requests: int
    seconds: float
    refused: int
    lost: int
    p50: float
    p99: float

    @property
    def accepted(self) -> int:
        """Orders that were acknowledged."""
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Acknowledged orders per second."""
        return self.accepted / self.seconds
