"""Setting the clock of business time: by a distance from real time, or to a point in time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from entrepot.engine.clock import Clock, real_now
from entrepot.sandbox.requests import BadRequestError, read_body

FURTHEST = timedelta(days=36_500)

_SHORT = re.compile(
    r"[+-]?(?=[0-9])([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?", re.A
)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")


class ClockOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the clock is to be set: one of both."""

    offset: str | None = None
    now: str | None = None


class ClockState(msgspec.Struct, frozen=True):
    """The time of business rules, and how far it is from real time."""

    now: datetime
    offset: timedelta


def state(clock: Clock) -> ClockState:
    """How the clock stands."""
    return ClockState(clock.now(), clock.offset)


def set_clock(clock: Clock, body: bytes) -> None:
    """Set the clock as the body says. Raises BadRequestError, and leaves it as it is."""
    order = read_body(body, ClockOrder)
    if (order.offset is None) == (order.now is None):
        raise BadRequestError("/: one of offset and now is needed")
    offset = _moment(order.now) - real_now() if order.now is not None else duration(order.offset or "")
    if abs(offset) > FURTHEST:
        raise BadRequestError(f"/: the clock goes at most {FURTHEST.days} days from real time")
    clock.offset = offset


def duration(text: str) -> timedelta:
    """A distance in time: `+3d`, `-1h30m`, or ISO 8601 in days and smaller (`P3DT12H`).

    Raises BadRequestError.
    """
    if text and (match := _SHORT.fullmatch(text)):
        parts = {unit: int(part[:-1]) for unit, part in zip(_UNITS, match.groups(), strict=True) if part}
        length = timedelta(**parts)
        return -length if text.startswith("-") else length
    try:
        return msgspec.convert(text, timedelta)
    except msgspec.ValidationError as error:
        raise BadRequestError("/offset: expected +3d, -1h30m, or ISO 8601 such as P3DT12H") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadRequestError("/now: expected a time with its zone, such as 2026-12-24T18:00:00Z")
