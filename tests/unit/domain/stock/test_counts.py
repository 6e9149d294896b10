"""What is said of stock: on hand, more or fewer, or how much can be sold. Promises are kept in all of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entrepot.domain.catalogue.changes import VariantChanges
from entrepot.domain.catalogue.products import Goods
from entrepot.domain.catalogue.save_product import OfVariant
from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.kernel.commands import Command, Decided, Refused
from entrepot.domain.kernel.records import Record
from entrepot.domain.stock.counts import LARGEST_QUANTITY, Count, Counted, SetAvailable, SetLevel
from entrepot.domain.stock.levels import Level, available, lawful
from entrepot.domain.stock.save_goods import SavedGoods, SaveGoods
from entrepot.failures import Failure
from entrepot.failures.goods import QuantityUneven, StepUneven
from entrepot.failures.rows import CatalogueClosed, StockClosed
from entrepot.failures.stock import QuantityOutOfRange, StockUnknown
from tests.support.deciding import decide
from tests.support.shop import AT, CHANNEL, LOCATIONS, NORTH, PRODUCTS, RICE, SOUTH, TEA, VARIANTS, level

PLACES: tuple[Record, ...] = (*LOCATIONS, *VARIANTS)
RIGHTS = ChannelSettings(may_set_stock=True, may_edit_catalogue=True)
OPEN = Channel(CHANNEL, "any", "main", RIGHTS)
COUNTER = Channel(CHANNEL, "any", "main", ChannelSettings(may_set_stock=True))
UNITS = st.integers(0, 50)


def counted(command: Command, *records: Record) -> Counted:
    decision = decide(command, *PLACES, *records)
    assert isinstance(decision, Decided), decision
    return cast("Counted", decision.result)


def failures(command: Command, *records: Record) -> tuple[Failure, ...]:
    decision = decide(command, *records)
    assert isinstance(decision, Refused)
    return decision.failures


@given(st.tuples(UNITS, UNITS), st.tuples(UNITS, UNITS), UNITS)
def test_what_can_be_sold_is_what_was_said(here: tuple[int, int], there: tuple[int, int], units: int) -> None:
    north, south = level(TEA, NORTH, *here), level(TEA, SOUTH, *there)
    assume(units >= south.available)
    after = counted(SetAvailable(TEA, None, units), north, south).level
    assert after.location == NORTH
    assert available([after, south]) == units
    assert after.reserved == north.reserved, "promises stay"
    assert lawful(after)


def test_what_other_locations_have_is_not_taken_away() -> None:
    south = level(TEA, SOUTH, 5)
    assert failures(SetAvailable(TEA, None, 4), *PLACES, south) == (
        QuantityOutOfRange(4, 5, LARGEST_QUANTITY),
    )


def test_a_count_says_what_is_on_hand_promised_or_not() -> None:
    outcome = counted(SetLevel(TEA, NORTH, 3), level(TEA, NORTH, 9, reserved=5))
    assert (outcome.level.on_hand, outcome.level.owed, outcome.made) == (3, 2, False)
    assert counted(SetLevel(TEA, "south", 3)).made


def test_a_change_is_added_to_what_is_on_hand() -> None:
    standing = level(TEA, NORTH, 9, reserved=5)
    assert counted(SetLevel(TEA, NORTH, -2, relative=True), standing).level.on_hand == 7
    assert counted(SetLevel(TEA, NORTH, 2, relative=True), standing).level.on_hand == 11
    below = SetLevel(TEA, NORTH, -10, relative=True)
    assert failures(below, *PLACES, standing) == (QuantityOutOfRange(-10, -9, LARGEST_QUANTITY),)


def test_a_total_is_counted_at_the_first_location_so_that_the_sum_holds() -> None:
    def total(quantity: int) -> SaveGoods:
        return SaveGoods(channel=None, name="TEA", mode="change", count=Count(quantity, "total"))

    shelf = (*PLACES, *PRODUCTS, level(TEA, NORTH, 2), level(TEA, SOUTH, 5, reserved=1))
    decision = decide(total(9), *shelf)
    assert isinstance(decision, Decided)
    assert decision.changes.records(Level)[0].on_hand == 4
    assert failures(total(4), *shelf) == (QuantityOutOfRange(4, 5, LARGEST_QUANTITY),)


def test_whole_units_are_decimals_and_smallest_ones_integers() -> None:
    assert counted(SetLevel(RICE, NORTH, Decimal("1.5"))).level.on_hand == 150
    assert counted(SetLevel(RICE, NORTH, 150)).level.on_hand == 150
    assert failures(SetLevel(RICE, NORTH, Decimal("0.001")), *PLACES) == (QuantityUneven("0.001", 2),)
    for wrong in ("Infinity", "NaN", "1.0000000000000000000000000000000001", "1E+999999"):
        assert failures(SetLevel(TEA, NORTH, Decimal(wrong)), *PLACES) == (QuantityUneven(wrong, 0),)
    assert counted(SetLevel(TEA, NORTH, Decimal("2.000"))).level.on_hand == 2


def test_who_counts_whole_units_knows_no_variant_with_decimals() -> None:
    assert failures(SetLevel(RICE, NORTH, 1, whole=True), *PLACES) == (
        StockUnknown(str(RICE), str(NORTH), "variant"),
    )
    assert counted(SetLevel(TEA, NORTH, 1, whole=True)).level.on_hand == 1


def test_goods_go_by_sku_too() -> None:
    goods = Goods(
        "TEA", PRODUCTS[0].uuid, 31, TEA, "Tea", 0, tracked=True, available=True, requires_shipping=True
    )
    assert counted(SetLevel("TEA", "north", 4), goods).level.key == (TEA, NORTH)


@pytest.mark.parametrize(
    ("goods", "place", "missing"),
    [(99, NORTH, "variant"), (TEA, 99, "location"), ("NONE", "nowhere", "both")],
)
def test_what_is_unknown_is_told_apart(goods: Any, place: Any, missing: Any) -> None:
    assert failures(SetLevel(goods, place, 1), *PLACES) == (StockUnknown(str(goods), str(place), missing),)


def test_a_deleted_location_or_variant_is_unknown() -> None:
    gone = msgspec.structs.replace(LOCATIONS[0], deleted_at=AT)
    assert failures(SetLevel(TEA, NORTH, 1), gone, *VARIANTS) == (
        StockUnknown(str(TEA), str(NORTH), "location"),
    )
    sold_off = msgspec.structs.replace(VARIANTS[0], deleted_at=AT)
    assert failures(SetLevel(TEA, NORTH, 1), *LOCATIONS, sold_off) == (
        StockUnknown(str(TEA), str(NORTH), "variant"),
    )
    assert counted(SetLevel(TEA, None, 1), gone).level.location == SOUTH, "the first that there is"


@pytest.mark.parametrize("command", [SetLevel(TEA, NORTH, 1, CHANNEL), SetAvailable(99, None, 1, CHANNEL)])
def test_who_may_not_set_stock_changes_and_learns_nothing(command: Command) -> None:
    closed = Channel(CHANNEL, "any", "main", ChannelSettings(may_edit_catalogue=True))
    assert failures(command, closed, *PLACES) == (StockClosed(),)
    assert isinstance(decide(SetLevel(TEA, NORTH, 1, CHANNEL), COUNTER, *PLACES), Decided)


def test_a_product_and_its_stock_are_saved_together() -> None:
    made = decide(SaveGoods(channel=CHANNEL, name="RUG", mode="make", count=Count(7)), OPEN, *LOCATIONS)
    assert isinstance(made, Decided)
    result = cast("SavedGoods", made.result)
    assert result.level is not None
    assert (result.level.key, result.level.on_hand) == ((result.variant.id, NORTH), 7)


def test_counting_alone_needs_the_right_of_stock_alone_and_changes_no_product() -> None:
    count = SaveGoods(channel=CHANNEL, name=OfVariant(TEA), mode="change", count=Count(3, "available"))
    decision = decide(count, COUNTER, *PRODUCTS, *PLACES)
    assert isinstance(decision, Decided)
    assert [kind for (kind, _), _ in decision.changes.items()] == [Level]
    more = msgspec.structs.replace(count, variant=VariantChanges(weight=1))
    assert failures(more, COUNTER, *PRODUCTS, *PLACES) == (CatalogueClosed(),)
    neither = Channel(CHANNEL, "any", "main", ChannelSettings())
    assert failures(more, neither, *PRODUCTS, *PLACES) == (StockClosed(),)


def test_every_quantity_that_is_too_fine_is_told() -> None:
    command = SaveGoods(
        channel=None,
        name="TEA",
        variant=VariantChanges(step=Decimal("0.5")),
        count=Count(Decimal("1.5"), "available"),
    )
    assert failures(command, *PRODUCTS, *PLACES) == (StepUneven("0.5", 0), QuantityUneven("1.5", 0))
