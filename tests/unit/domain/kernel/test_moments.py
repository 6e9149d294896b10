"""Points in time as somebody writes them (RFC 3339), and days in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from entrepot.domain.kernel.moments import read_moment

STOCKHOLM, LOS_ANGELES = ZoneInfo("Europe/Stockholm"), ZoneInfo("America/Los_Angeles")
NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-24T12:00:00Z",
        "2026-12-24t12:00:00z",
        "2026-12-24 12:00",
        "2026-12-24T13:00:00+01:00",
        "2026-12-24T13:00:00.0+0100",
        "2026-12-24T12:00:00.00000000000000000000000000Z",
    ],
)
def test_one_point_in_time_is_written_in_many_ways(text: str) -> None:
    assert read_moment(text) == NOON


@pytest.mark.parametrize(
    ("fraction", "microseconds"), [("5", 500_000), ("123456", 123_456), ("1234569999999", 123_456)]
)
def test_a_fraction_has_any_number_of_digits(fraction: str, microseconds: int) -> None:
    assert read_moment(f"2026-12-24T12:00:00.{fraction}z") == NOON + timedelta(microseconds=microseconds)


@pytest.mark.parametrize(
    ("date", "zone", "begins", "ends"),
    [
        ("2026-12-24", UTC, "2026-12-24T00:00:00Z", "2026-12-25T00:00:00Z"),
        ("2026-12-24", STOCKHOLM, "2026-12-23T23:00:00Z", "2026-12-24T23:00:00Z"),
        ("2026-12-31", LOS_ANGELES, "2026-12-31T08:00:00Z", "2027-01-01T08:00:00Z"),
        ("2028-02-29", UTC, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
        ("2026-10-25", STOCKHOLM, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  # a day of 25 hours
        ("2026-03-29", STOCKHOLM, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),  # a day of 23
    ],
)
def test_a_date_that_ends_something_includes_its_day(date: str, zone: tzinfo, begins: str, ends: str) -> None:
    assert read_moment(date, zone) == read_moment(begins)
    assert read_moment(date, zone, until=True) == read_moment(ends)


@pytest.mark.parametrize("text", ["2026-12-24T12:00:00Z", "2026-12-24T12:00"])
def test_a_time_is_the_same_whatever_it_bounds_and_wherever(text: str) -> None:
    assert read_moment(text, STOCKHOLM, until=True) == NOON


@pytest.mark.parametrize(
    "text",
    ["", "2026-13-01", "2026-02-30", "2026-12-24T", "2026-12-24T25:00", "20261224", "9999-12-31T23:00-02:00"],
)
def test_what_names_no_point_in_time_is_not_read(text: str) -> None:
    assert read_moment(text) is None
