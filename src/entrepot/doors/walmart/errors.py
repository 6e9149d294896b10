"""Errors as they stand in replies, and how each operation says its own (decision walmart error texts)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from entrepot.doors.kit.checking import Fault
from entrepot.doors.walmart.words import place, sentence
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput

INTERNAL: Final = "WFS_INTERNAL_SERVER_ERROR"
MCS, WFS = "INVALID_MCS_REQUEST", "INVALID_WFS_REQUEST"


class Cause(msgspec.Struct, frozen=True):
    """The line at fault, where the documented `field` does not say which one it is."""

    code: str
    field: str
    type: str
    description: str


class WireError(msgspec.Struct, frozen=True):
    """One entry of `errors`."""

    code: str
    field: str | None
    description: str
    info: str
    severity: str = "ERROR"
    category: str = "REQUEST"
    causes: tuple[Cause, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """How an operation says one failure. Without a code it is a validation error of the operation.

    A documented `field` stands as it is, and which line it was goes into the causes; without one the place at fault is
    the field. Without `info` that of the operation holds.
    """

    description: str | Callable[[Any], str]
    code: str | None = None
    field: str | None = None
    info: str | None = None


Where: TypeAlias = Callable[[Any], str | None]
"""The place in the request that a failure is about."""


class Voice(msgspec.Struct, frozen=True, eq=False):
    """How one operation speaks: the code of its validation errors, the texts of `info`, and failures of its own.

    Without `info` an error's description is repeated; `internal` is the `info` of an internal error. Bodies are of the
    `media_type`.
    """

    code: str
    info: str | None = None
    internal: str = "Internal sandbox exception."
    media_type: str = "application/json"
    rows: Mapping[type[Failure], Row] = {}

    def error(self, description: str, field: str | None = None) -> WireError:
        """A validation error of the operation."""
        return WireError(self.code, field, description, self.info or description)

    def invalid(self, faults: Sequence[Fault], body: object) -> InvalidInput:
        """The refusal of a body for what is wrong with its form."""
        return InvalidInput(
            tuple(self.error(sentence(fault, body), place(fault.path) or None) for fault in faults)
        )

    def wrong(self, field: str | None, description: str) -> InvalidInput:
        """The refusal for one value, described in words of its own."""
        return InvalidInput((self.error(description, field),))

    def says(self, failure: Failure, where: str | None = None) -> WireError | None:
        """The operation's own error for a failure; None where it has no row for it."""
        row = self.rows.get(type(failure))
        if row is None:
            return None
        description = row.description if isinstance(row.description, str) else row.description(failure)
        code, info = row.code or self.code, row.info or self.info or description
        if row.field is None:
            return WireError(code, where, description, info)
        causes = (Cause(code, where, "REQUEST", description),) if where else ()
        return WireError(code, row.field, description, info, causes=causes)
