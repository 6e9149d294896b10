"""Failures of partners' requests: what they name, what they list, and what their mappings make of their payloads."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class RecordUnknown(Failure, frozen=True):
    """No record that the caller may see goes by this identifier."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = (
        "Check the identifier, and by which field the partner names records; it may have been deleted."
    )
    kind: str
    """What was looked for: Order, Location or Product."""
    identifier: str


class CursorInvalid(Failure, frozen=True):
    """The cursor was not given out for this list, or was changed."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Begin the list anew without a cursor, and send next_cursor as it comes."
    cursor: str


class BodyNoObject(Failure, frozen=True):
    """The request's body is missing, or is JSON that is no object."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a JSON object."
    reason: str


class PayloadUnmappable(Failure, frozen=True):
    """The partner's mapping cannot make the API's own words of the payload."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Compare the mapping with the payload: a source path is probably not in it."
    reason: str


class RecordTaken(Failure, frozen=True):
    """A record that goes by this name is there already, or was, since deleted ones keep their names."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Change the record that is there, or choose another name."
    kind: str
    """What it is: location or product."""
    field: str
    value: str


class MappingFlawed(Failure, frozen=True):
    """A mapping cannot be saved: its rules name no places or fields, or contradict each other."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Correct the rules that are named, and save the mapping again."
    flaws: tuple[str, ...]


class MappingUnknown(Failure, frozen=True):
    """The resource's mapping has no such version."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "See with `entrepot mapping show` which versions there are."
    resource: str
    version: str
