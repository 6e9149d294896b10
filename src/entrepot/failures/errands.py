"""Failures of others who must be asked before a sale may be stored."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import TemporaryFailure


class LabelServiceFailed(TemporaryFailure, frozen=True):
    """The label service made no label for the order.

    Nothing of the order is stored, and what the service may have made all the same is taken back.
    """

    advice: ClassVar[str] = (
        "Send the order again after the number of seconds in Retry-After; its name is free. If it fails again, "
        "call the operator."
    )


class OrderHubFailed(TemporaryFailure, frozen=True):
    """The order hub did not take the order over.

    Nothing of the order is stored, its label is void, and what the hub may have taken all the same is withdrawn.
    """

    advice: ClassVar[str] = (
        "Send the order again after the number of seconds in Retry-After; its name is free. If it fails again, "
        "call the operator."
    )
