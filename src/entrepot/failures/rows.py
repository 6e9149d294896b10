"""Failures of changing rows of the catalogue and of a shop's set-up."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class RowUnknown(Failure, frozen=True):
    """The account has nothing of this kind under this id."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Check the id; it may be another account's, or be gone."
    kind: str
    key: str


class CatalogueClosed(Failure, frozen=True):
    """The account may not change the workspace's catalogue."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator can allow it by the account's setting `may_edit_catalogue`."


class StockClosed(Failure, frozen=True):
    """The account may not set the workspace's stock."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator can allow it by the account's setting `may_set_stock`."


class NameTaken(Failure, frozen=True):
    """Something else already has this name, code or number, which only one may have."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Choose another one."


class BelowItself(Failure, frozen=True):
    """The group would stand below itself, in no tree."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Choose a parent that does not stand below the group, or none."


class AlreadySpent(Failure, frozen=True):
    """The new value does not go with what was spent or used before."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Look at what was spent, and choose a value that leaves it as it is."
    field: str
    """The field of the record that cannot have this value."""


class PartUnknown(Failure, frozen=True):
    """What the row should belong to does not exist."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Create that first, or correct its id."
