"""The errors that the API documents, one row each: code, type, and the status by which we answer it.

The reference prints no status, so these are ours; types go by code, and three are shared by two codes each.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec

from entrepot.doors.kit.describing.words import MOMENT, TEXT, JsonSchema, constant, obj


class ErrorForm(msgspec.Struct, frozen=True):
    """One code of the API."""

    code: str
    type: str
    status: int

    def with_status(self, status: int) -> ErrorForm:
        """The same code under another status."""
        return msgspec.structs.replace(self, status=status)

    def schema(self) -> JsonSchema:
        """The strict schema of its envelope."""
        names = iter(MEMBERS)
        values = (constant(self.code), constant(self.type), TEXT, MOMENT, TEXT)
        return obj(dict(zip(names, values, strict=True)))


INTERNAL: Final = ErrorForm("OS0001", "INTERNAL_SERVER_ERROR", 500)
LABELS: Final = ErrorForm("OS0002", "CROSS_SERVICE_ERROR", 502)
INVALID: Final = ErrorForm("OS0003", "VALIDATION_ERROR", 400)
HUB: Final = ErrorForm("OS0004", "CROSS_SERVICE_ERROR", 502)
FORBIDDEN: Final = ErrorForm("OS0005", "AUTHENTICATION_ERROR", 403)
UNAUTHENTICATED: Final = ErrorForm("OS0006", "AUTHENTICATION_ERROR", 401)
UNAVAILABLE: Final = ErrorForm("OS0007", "INTERNAL_SERVER_ERROR", 503)

FORMS: Final = (INTERNAL, LABELS, INVALID, HUB, FORBIDDEN, UNAUTHENTICATED, UNAVAILABLE)
MEMBERS: Final = ("errorCode", "type", "message", "timestamp", "path")
"""The members of the envelope, in their order."""


def envelope(form: ErrorForm, message: str, at: datetime, path: str) -> dict[str, Any]:
    """The body of a refusal: `at` is when the request arrived, `path` what it asked for."""
    return dict(zip(MEMBERS, (form.code, form.type, message, moment(at), path), strict=True))


def moment(at: datetime) -> str:
    """A point in time in UTC, in milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def schemas_by_status() -> dict[int, JsonSchema]:
    """The body of a refusal by the status of its code."""
    by_status: dict[int, list[JsonSchema]] = {}
    for form in FORMS:
        by_status.setdefault(HTTPStatus(form.status), []).append(form.schema())
    return {status: {"oneOf": found} if found[1:] else found[0] for status, found in by_status.items()}
