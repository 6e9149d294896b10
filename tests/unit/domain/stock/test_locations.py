"""Locations are made, changed and deleted; none goes that keeps or owes units."""

from __future__ import annotations

from typing import cast

import msgspec
import pytest

from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.channels.edit_rows import Whole
from entrepot.domain.kernel.commands import Command, Decided, Refused
from entrepot.domain.kernel.records import Changes, Record
from entrepot.domain.stock.levels import Kept, Location
from entrepot.domain.stock.locations import LATER, DeleteLocation, LocationChanges, SaveLocation
from entrepot.failures import Failure
from entrepot.failures.goods import LocationInUse
from entrepot.failures.rows import NameTaken, RowUnknown, StockClosed
from tests.support.deciding import FixedIds, decide, view_of
from tests.support.shop import AT, CHANNEL, LOCATIONS, NORTH, TEA, VARIANTS, level


def saved(command: Command, *records: Record) -> Location:
    decision = decide(command, *(records or LOCATIONS))
    assert isinstance(decision, Decided), decision
    return cast("Location", decision.result)


def failure(command: Command, *records: Record) -> Failure:
    decision = decide(command, *(records or LOCATIONS))
    assert isinstance(decision, Refused)
    return decision.failures[0]


def test_a_location_is_made_behind_those_that_were_ranked() -> None:
    changes = LocationChanges(name="Shelf", zone="A", aisle="1", data={"own": 1})
    made = saved(SaveLocation(channel=None, location="A-101", mode="make", changes=changes))
    assert (made.code, made.name, made.zone, made.aisle, made.data) == (
        "A-101",
        "Shelf",
        "A",
        "1",
        {"own": 1},
    )
    assert (made.priority, made.active, made.created_at, made.deleted_at) == (LATER, True, AT, None)


def test_only_what_is_given_changes() -> None:
    before = msgspec.structs.replace(LOCATIONS[0], data={"a": {"b": 1}}, zone="A")
    changes = LocationChanges(active=False, data={"a": Whole({"c": 2})})
    after = saved(SaveLocation(channel=None, location="north", mode="change", changes=changes), before)
    assert (after.zone, after.active, after.data, after.priority) == ("A", False, {"a": {"c": 2}}, 1)


def test_a_code_is_taken_also_by_a_deleted_location() -> None:
    assert failure(SaveLocation(channel=None, location="north", mode="make")) == NameTaken()
    gone = saved(DeleteLocation(channel=None, location="north"))
    assert (gone.deleted_at, gone.active) == (AT, False)
    assert failure(SaveLocation(channel=None, location="north", mode="make"), gone) == NameTaken()
    for command in (
        SaveLocation(channel=None, location="north", mode="change"),
        DeleteLocation(channel=None, location="north"),
    ):
        assert failure(command, gone) == RowUnknown("Location", "north")
    assert saved(SaveLocation(channel=None, location="north"), gone).deleted_at is None


def test_none_goes_that_keeps_or_owes_units() -> None:
    assert failure(DeleteLocation(channel=None, location="north"), *LOCATIONS, Kept(NORTH)) == LocationInUse(
        "north"
    )


def test_units_that_came_in_the_same_batch_are_seen() -> None:
    view = view_of(*LOCATIONS, *VARIANTS)
    view.apply(Changes([level(TEA, NORTH, 1)]))
    decision = DeleteLocation(channel=None, location="north").decide(view, AT, FixedIds())
    assert decision == Refused((LocationInUse("north"),))


@pytest.mark.parametrize(
    "command",
    [SaveLocation(channel=CHANNEL, location="new"), DeleteLocation(channel=CHANNEL, location="north")],
)
def test_who_may_not_set_stock_changes_no_location(command: Command) -> None:
    closed = Channel(CHANNEL, "any", "main", ChannelSettings(may_edit_catalogue=True))
    assert failure(command, closed, *LOCATIONS) == StockClosed()
    counter = Channel(CHANNEL, "any", "main", ChannelSettings(may_set_stock=True))
    assert isinstance(decide(command, counter, *LOCATIONS), Decided)
