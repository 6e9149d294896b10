"""Failures of proving who one is."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import TemporaryFailure


class TooManyTries(TemporaryFailure, frozen=True):
    """A password or code was tried too often from this address.

    The right one is refused too until the time is over, so that guessing tells nothing.
    """

    advice: ClassVar[str] = "Wait for the number of seconds in Retry-After, then try again."
    shopper: ClassVar[bool] = True
