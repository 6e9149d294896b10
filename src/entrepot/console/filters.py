"""What the list of the log is filtered by, as it stands in the page's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from entrepot.store.queries.operations.request_log import Line, Place, Wanted

LARGEST: Final = 2**63 - 1
LONGEST: Final = 200
SPANS: Final[Mapping[str, timedelta]] = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
}
OUTCOMES: Final[Mapping[str, bool]] = {"failed": True, "ok": False}


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the form, as texts; one that makes no sense is named in `faults`."""

    workspace: str = ""
    channel: str = ""
    door: str = ""
    outcome: str = ""
    failure: str = ""
    request_id: str = ""
    order: str = ""
    span: str = ""
    since: str = ""
    until: str = ""

    def address(self, path: str, **more: str) -> str:
        """The address of the list with these filters."""
        given = {name: value for name, value in {**msgspec.structs.asdict(self), **more}.items() if value}
        return f"{path}?{urlencode(given)}" if given else path


def read_filters(query: Mapping[str, str]) -> Filters:
    """The filters of an address."""
    texts = {
        name: query.get(name, "").strip()[:LONGEST].replace("\0", "") for name in Filters.__struct_fields__
    }
    return Filters(**texts)


def wanted(filters: Filters, workspace: int, now: datetime) -> tuple[Wanted, list[str]]:
    """What is looked for, and which filters make no sense; those are left out."""
    faults: list[str] = []
    found = Wanted(
        workspace=workspace,
        since=_moment(filters.since, "From", faults) or _span(filters.span, now, faults),
        until=_moment(filters.until, "Until", faults),
        channel=_number(filters.channel, "Partner", faults),
        door=filters.door or None,
        failed=_failed(filters.outcome, faults),
        outcome=filters.failure or None,
        request_id=filters.request_id or None,
        order=_number(filters.order, "Order", faults),
    )
    return found, faults


def place_of(text: str) -> Place | None:
    """Where a page goes on."""
    micros, _, number = text.partition("_")
    moment = moment_of(micros)
    try:
        return None if moment is None else (moment, UUID(number))
    except ValueError:
        return None


def moment_of(micros: str) -> datetime | None:
    """The moment that such a number is."""
    if not re.fullmatch(r"[0-9]{1,16}", micros, re.ASCII):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def place_text(line: Line) -> str:
    """The place after this entry."""
    return f"{microseconds(line.at)}_{line.id}"


def microseconds(at: datetime) -> int:
    """The moment as a whole number, without loss."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _span(span: str, now: datetime, faults: list[str]) -> datetime | None:
    if span and span not in SPANS:
        faults.append(f"Within: one of {', '.join(SPANS)}.")
    return now - SPANS[span] if span in SPANS else None


def _failed(outcome: str, faults: list[str]) -> bool | None:
    if outcome and outcome not in OUTCOMES:
        faults.append(f"Outcome: one of {', '.join(OUTCOMES)}.")
    return OUTCOMES.get(outcome)


def _moment(text: str, label: str, faults: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter where it lies beyond the years that there are, in UTC
        faults.append(f"{label}: no moment such as 2026-03-01T12:00.")
        return None


def _number(text: str, label: str, faults: list[str]) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > LARGEST:
        faults.append(f"{label}: no number.")
        return None
    return int(text)
