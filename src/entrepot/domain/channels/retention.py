"""How long what is over is kept before it is deleted."""

from __future__ import annotations

from datetime import timedelta

import msgspec

_DAY, _MONTH = timedelta(days=1), timedelta(days=30)


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """For each kind of what is over: how long it stays after its end.

    `orders` with all that hangs on them stay for good where nothing else is said, else from their last change on.
    `files` are those that nobody bought, from their upload; their lines go with them. `carts` count from their expiry,
    and so do `sessions` (with their carts and the files of these), one-time `codes` and administrators' log-in
    `tokens`; `tries` from the first that was counted; `repeats`, by which a command is known that is sent again under
    its key, from when it was done; `customers` from when they were removed, or let the time to confirm their sign-up
    pass; `attempts`, which hold a copy of the order with its addresses, from when they ended.
    `delivered` are messages that arrived, `parked` mails and events that did not: payouts and refunds that are parked
    stay until somebody brings them back. The integration `log` goes by whole days of real time.
    """

    carts: timedelta = timedelta()
    files: timedelta = _DAY
    sessions: timedelta = _DAY
    codes: timedelta = _DAY
    tokens: timedelta = _DAY
    tries: timedelta = _DAY
    repeats: timedelta = _MONTH
    customers: timedelta = _MONTH
    attempts: timedelta = _MONTH
    delivered: timedelta = _DAY
    parked: timedelta = _MONTH
    log: timedelta = 3 * _MONTH
    orders: timedelta | None = None


LEAST_DAYS = {"files": 1, "tries": 1, "repeats": 1, "attempts": 1, "parked": 1, "log": 1, "orders": 90}
"""What is still looked at for a while after its end: limits of tries last for up to an hour, and goods come back."""
MOST_DAYS = 3650
