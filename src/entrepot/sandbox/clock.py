"""Setting the clock of business time: by distances, or to a point in time; stopping it and letting it go."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from entrepot.engine.clock import Clock
from entrepot.sandbox.requests import BadRequestError, read_body

FURTHEST = timedelta(days=36_500)
_TOO_FAR = f"/: the clock goes at most {FURTHEST.days} days from real time"

_SHORT = re.compile(
    r"[+-]?(?=[0-9])([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?", re.A
)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")


class ClockOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the clock is to be set: by one of the first three, or only whether it stands still."""

    offset: str | None = None
    now: str | None = None
    advance: str | None = None
    frozen: bool | None = None


class ClockState(msgspec.Struct, frozen=True):
    """The time of business rules, how far it is from real time, and whether it stands still."""

    now: datetime
    offset: timedelta
    frozen: bool


def state(clock: Clock) -> ClockState:
    """How the clock stands."""
    return ClockState(clock.now(), clock.offset, clock.frozen)


def set_clock(clock: Clock, body: bytes) -> None:
    """Set the clock as the body says. Raises BadRequestError, and leaves it as it is."""
    order = read_body(body, ClockOrder)
    moves = [each for each in (order.offset, order.now, order.advance) if each is not None]
    if len(moves) > 1 or not (moves or order.frozen is not None):
        raise BadRequestError("/: one of offset, now and advance is needed, or frozen")
    if abs(clock.offset + _distance(clock, order)) > FURTHEST:
        raise BadRequestError(_TOO_FAR)
    if order.frozen:
        clock.frozen = True  # before it is moved, so that it stands where the body says
    clock.move(_distance(clock, order))
    if order.frozen is False:
        clock.frozen = False


def _distance(clock: Clock, order: ClockOrder) -> timedelta:
    """How far the clock is to be moved from where it is."""
    if order.now is not None:
        return _moment(order.now) - clock.now()
    if order.advance is not None:
        return _within(duration(order.advance, "advance"))
    return timedelta() if order.offset is None else _within(duration(order.offset)) - clock.offset


def _within(length: timedelta) -> timedelta:
    """A distance that can be added to another. Raises BadRequestError."""
    if abs(length) > 2 * FURTHEST:
        raise BadRequestError(_TOO_FAR)
    return length


def duration(text: str, member: str = "offset") -> timedelta:
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
        raise BadRequestError(f"/{member}: expected +3d, -1h30m, or ISO 8601 such as P3DT12H") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadRequestError("/now: expected a time with its zone, such as 2026-12-24T18:00:00Z")
