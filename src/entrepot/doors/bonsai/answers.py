"""From request bodies to checked values, and from refused commands to replies: what all routes of the door share."""

from __future__ import annotations

from typing import Any, TypeVar

from entrepot.domain.kernel.commands import Refused
from entrepot.doors.bonsai import joi
from entrepot.doors.bonsai.failures import render_all
from entrepot.doors.kit import Reply, Request, content_type_is_json, decode_json, encode
from entrepot.doors.kit.checking import Body, Checked, Faults, check
from entrepot.failures import Failure, UnsupportedMediaType
from entrepot.failures.orders import InvalidInput

MAX_DEPTH = 20

T = TypeVar("T")


def decoded_body(request: Request) -> Any | Failure:
    """The request's body as the JSON value that it is; or why it is none."""
    if not content_type_is_json(request.scope):
        return UnsupportedMediaType(request.media_type[:100])
    return decode_json(request.body, MAX_DEPTH)


def checked_body(request: Request, body: Body[T]) -> Checked[T] | Failure:
    """The request's body, decoded and checked; or why it cannot be used."""
    value = decoded_body(request)
    if isinstance(value, Failure):
        return value
    checked = check(body, value, joi.JOI)
    return InvalidInput(joi.items(checked.faults)) if checked.faults else checked


def invalid(faults: Faults) -> InvalidInput:
    """The refusal of a body by the first of what is wrong with its money."""
    return InvalidInput((joi.item(faults[0]),))


def ok(data: object) -> Reply:
    """The reply of a success."""
    return Reply(200, encode({"data": data}))


def refusal(outcome: object) -> Reply:
    """The reply to a command that was refused."""
    if not isinstance(outcome, Refused):
        raise TypeError(f"a command came to {type(outcome).__name__}")
    return render_all(outcome.failures)
