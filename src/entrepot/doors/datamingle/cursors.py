"""Cursors of lists: the place after which the next page begins, signed so that nobody makes one up.

A cursor is unpadded base64url of a JSON object, whose `h` is a truncated HMAC by the workspace's secret. It signs the
list that the cursor was given out for, and the place: resource, partner, environment and position.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final, TypeAlias

import msgspec

from entrepot.doors.datamingle.admission import Partner

LONGEST: Final = 500
_TAG: Final = 12
DEFAULT_LIMIT: Final = 50
MOST: Final = 200

Place: TypeAlias = tuple[str, str]
"""Two texts that say where a page ends, such as a moment and an id."""


class _Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    c: str
    i: str
    h: str


_decode = msgspec.json.Decoder(_Cursor).decode


def cursor(secret: bytes, resource: str, partner: Partner, place: Place) -> str:
    """The cursor of a place in this partner's list."""
    made = _Cursor(*place, _tag(secret, resource, partner, place))
    return base64.urlsafe_b64encode(msgspec.json.encode(made)).rstrip(b"=").decode()


def place_of(secret: bytes, resource: str, partner: Partner, text: str) -> Place | None:
    """The place that a cursor names; None for one that was not given out for this partner's list."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        found = _decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (ValueError, msgspec.MsgspecError):
        return None
    place = (found.c, found.i)
    same = hmac.compare_digest(found.h.encode(), _tag(secret, resource, partner, place).encode())
    return place if same and cursor(secret, resource, partner, place) == text else None


def limit_of(text: str | None) -> int:
    """How many a page has: what is no number counts as not said, and what is out of bounds as the nearest bound."""
    if text is None or not (digits := text.strip().removeprefix("-")).isascii() or not digits.isdigit():
        return DEFAULT_LIMIT
    if text.strip().startswith("-") or len(digits.lstrip("0")) > 3:
        return 1 if text.strip().startswith("-") else MOST
    return min(max(int(digits), 1), MOST)


def _tag(secret: bytes, resource: str, partner: Partner, place: Place) -> str:
    told = msgspec.json.encode((resource, partner.caller.channel, partner.caller.environment, place))
    return hmac.digest(secret, told, hashlib.sha256)[:_TAG].hex()
