"""Products are made, changed and deleted by whoever may, and a refused command changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from entrepot.domain.catalogue.changes import ChoiceChanges, PriceChange, ProductChanges, VariantChanges
from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
from entrepot.domain.catalogue.save_product import DeleteProduct, OfVariant, SavedProduct, SaveProduct
from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.channels.edit_rows import Whole
from entrepot.domain.kernel.commands import Command, Decided, Refused
from entrepot.domain.kernel.records import Record
from entrepot.failures import Failure
from entrepot.failures.goods import ScaleFixed, StepUneven
from entrepot.failures.rows import CatalogueClosed, NameTaken, RowUnknown
from tests.support.deciding import decide
from tests.support.shop import AT, CHANNEL, PRODUCTS, RICE, TEA, VARIANTS

SHELF: tuple[Record, ...] = (*PRODUCTS, *VARIANTS)
OPEN = Channel(CHANNEL, "any", "main", ChannelSettings(may_edit_catalogue=True))


def saved(command: Command, *records: Record) -> SavedProduct:
    decision = decide(command, OPEN, *(records or SHELF))
    assert isinstance(decision, Decided), decision
    return cast("SavedProduct", decision.result)


def changed(command: Command, kind: type[Any], *records: Record) -> list[Any]:
    decision = decide(command, OPEN, *(records or SHELF))
    assert isinstance(decision, Decided), decision
    return decision.changes.records(kind)


def failures(command: Command, *records: Record) -> tuple[Failure, ...]:
    decision = decide(command, *records)
    assert isinstance(decision, Refused)
    return decision.failures


def test_a_sku_is_enough_to_make_a_product() -> None:
    made = saved(SaveProduct(channel=CHANNEL, name="RUG-5X7", mode="make"))
    assert made.made
    assert (made.variant.sku, made.variant.product, made.variant.scale) == ("RUG-5X7", made.product.id, 0)
    assert (made.product.name, made.product.merchant, made.product.search) == ("RUG-5X7", None, "rug-5x7")
    assert made.product.created_at == made.variant.created_at == AT


def test_only_what_is_given_changes() -> None:
    command = SaveProduct(channel=CHANNEL, name="TEA", mode="change", variant=VariantChanges(available=False))
    (variant,) = changed(command, Variant)
    assert (variant.id, variant.available, variant.name, variant.changed_at) == (TEA, False, "Tea", AT)
    (product,) = changed(command, Product)
    assert (product.name, product.available) == ("Pantry", True), "its other variants stay on sale"


@pytest.mark.parametrize("name", ["TEA", 31, OfVariant(TEA)])
def test_a_product_goes_by_sku_by_its_id_and_by_its_variants(name: Any) -> None:
    assert saved(SaveProduct(channel=CHANNEL, name=name, mode="change")).variant.id == TEA


@pytest.mark.parametrize("name", ["NONE", 99, OfVariant(99)])
def test_what_is_not_there_cannot_be_changed_or_deleted(name: Any) -> None:
    for command in (
        SaveProduct(channel=CHANNEL, name=name, mode="change"),
        DeleteProduct(channel=CHANNEL, name=name),
    ):
        (failure,) = failures(command, OPEN, *SHELF)
        assert isinstance(failure, RowUnknown)


def test_a_product_is_found_by_all_its_names_whichever_of_them_changes() -> None:
    """What it is called by languages is changed one by one; a plain name is new wherever the old one was."""
    pantry, *others = SHELF
    assert isinstance(pantry, Product)
    called = msgspec.structs.replace(pantry, names={"en": "Pantry", "sv": "Skafferi", "fi": "Komero"})
    for changes, name, names in (
        (ProductChanges(hidden=True), "Pantry", {"en": "Pantry", "sv": "Skafferi", "fi": "Komero"}),
        (ProductChanges(name="Larder"), "Larder", {"en": "Larder", "sv": "Skafferi", "fi": "Komero"}),
        (ProductChanges(names={"sv": "Visthus", "fi": None}), "Pantry", {"en": "Pantry", "sv": "Visthus"}),
        (ProductChanges(name="L", names={"sv": "V"}), "L", {"en": "Pantry", "sv": "V", "fi": "Komero"}),
    ):
        command = SaveProduct(channel=CHANNEL, name="TEA", mode="change", product=changes)
        (after,) = changed(command, Product, called, *others)
        assert (after.name, after.names) == (name, names)
        assert set(after.search.split()) == {each.lower() for each in (name, *names.values())}


def test_a_product_that_was_made_after_its_lock_was_asked_for_is_made_once_more() -> None:
    """Then its SKU is taken, as the database finds: nobody who makes a product is told that it is unknown."""
    seen = [each for each in SHELF if isinstance(each, Variant)]
    for mode in ("make", "save"):
        assert saved(SaveProduct(channel=CHANNEL, name="TEA", mode=mode), *seen).made
        assert saved(SaveProduct(channel=CHANNEL, mode=mode, variant=VariantChanges(sku="TEA")), *seen).made
    for command in (
        SaveProduct(channel=CHANNEL, name="TEA", mode="change"),
        DeleteProduct(channel=CHANNEL, name="TEA"),
    ):
        assert isinstance(failures(command, OPEN, *seen)[0], RowUnknown)


def test_a_sku_is_taken_also_by_a_deleted_variant() -> None:
    assert failures(SaveProduct(channel=CHANNEL, name="TEA", mode="make"), OPEN, *SHELF) == (NameTaken(),)
    named = SaveProduct(channel=CHANNEL, mode="make", variant=VariantChanges(sku="TEA"))
    assert failures(named, OPEN, *SHELF) == (NameTaken(),)
    gone = changed(DeleteProduct(channel=CHANNEL, name="TEA"), Variant)
    again = SaveProduct(channel=CHANNEL, name="TEA", mode="make")
    assert failures(again, OPEN, *PRODUCTS, *gone) == (NameTaken(),)


@pytest.mark.parametrize("name", [31, OfVariant(TEA), "TEA"])
def test_a_sku_of_another_variant_is_refused_before_the_database_would(name: Any) -> None:
    """So that a rehearsal says it too. One's own is no other's."""
    taken = SaveProduct(channel=CHANNEL, name=name, mode="change", variant=VariantChanges(sku="RICE"))
    assert failures(taken, OPEN, *SHELF) == (NameTaken(),)
    own = SaveProduct(channel=CHANNEL, name=name, mode="change", variant=VariantChanges(sku="TEA"))
    assert saved(own).variant.sku == "TEA"


def test_a_deleted_one_is_out_of_reach_until_it_is_saved_again() -> None:
    gone = changed(DeleteProduct(channel=CHANNEL, name="TEA"), Variant)
    assert [(each.available, each.deleted_at) for each in gone] == [(False, AT)]
    for command in (
        SaveProduct(channel=CHANNEL, name="TEA", mode="change"),
        DeleteProduct(channel=CHANNEL, name="TEA"),
    ):
        assert isinstance(failures(command, OPEN, *PRODUCTS, *gone)[0], RowUnknown)
    back = saved(SaveProduct(channel=CHANNEL, name="TEA"), *PRODUCTS, *gone)
    assert (back.variant.deleted_at, back.variant.available, back.made) == (None, True, False)


def test_a_product_goes_with_its_last_variant() -> None:
    (product,) = changed(DeleteProduct(channel=CHANNEL, name="TEA"), Product)
    assert (product.available, product.deleted_at) == (True, None)
    (product,) = changed(DeleteProduct(channel=CHANNEL, name=31), Product)
    assert (product.available, product.deleted_at) == (False, AT)
    rice = [each for each in VARIANTS if each.id == RICE]
    (product,) = changed(DeleteProduct(channel=CHANNEL, name="RICE"), Product, *PRODUCTS, *rice)
    assert product.deleted_at == AT


def test_the_number_of_decimals_is_given_once() -> None:
    made = saved(SaveProduct(channel=CHANNEL, name="CLOTH", variant=VariantChanges(step=Decimal("0.25"))))
    assert (made.variant.scale, made.variant.divisible_by) == (2, 25)
    finer = SaveProduct(channel=CHANNEL, name="RICE", variant=VariantChanges(step=Decimal("0.125")))
    assert failures(finer, OPEN, *SHELF) == (StepUneven("0.125", 2),)
    other = SaveProduct(channel=CHANNEL, name="RICE", variant=VariantChanges(scale=3))
    assert failures(other, OPEN, *SHELF) == (ScaleFixed(2),)
    same = SaveProduct(channel=CHANNEL, name="RICE", variant=VariantChanges(scale=2))
    assert saved(same).variant.scale == 2


def test_an_offer_is_what_is_paid_and_the_regular_price_what_it_is_compared_to() -> None:
    def price(change: PriceChange, *before: Price) -> Price:
        command = SaveProduct(channel=CHANNEL, name="TEA", prices={"EUR": change})
        return cast("Price", changed(command, Price, *SHELF, *before)[0])

    plain = price(PriceChange(500))
    assert plain == Price(TEA, "EUR", 500)
    offered = price(PriceChange(offer=400), plain)
    assert offered == Price(TEA, "EUR", 400, 500)
    assert price(PriceChange(offer=300), offered) == Price(TEA, "EUR", 300, 500)
    assert price(PriceChange(), offered) == plain
    assert price(PriceChange(None), plain) == Price(TEA, "EUR", None)


def test_choices_are_those_listed_in_their_order_and_keep_what_is_not_given() -> None:
    before = (
        ProductChoice(31, 1, 0, (11,), {11: {"EUR": 5, "SEK": 50}}),
        ProductChoice(31, 2, 1, None, {}),
    )
    command = SaveProduct(
        channel=CHANNEL,
        name=31,
        choices=ChoiceChanges(listed=(3, 1), prices={11: {"EUR": 7, "SEK": None}}),
    )
    decision = decide(command, OPEN, *SHELF, *before)
    assert isinstance(decision, Decided)
    after = {each.choice: each for each in decision.changes.records(ProductChoice)}
    assert after[1] == ProductChoice(31, 1, 1, (11,), {11: {"EUR": 7}})
    assert (after[3].position, after[3].options) == (0, None)
    assert [
        key for (kind, key), record in decision.changes.items() if kind is ProductChoice and not record
    ] == [(31, 2)]


def test_data_is_merged_and_whole_values_are_replaced() -> None:
    product = Product(31, PRODUCTS[0].uuid, "Pantry", None, data={"own": {"a": 1, "b": 2}, "other": 3})

    def data(patch: dict[str, Any]) -> dict[str, Any]:
        command = SaveProduct(channel=CHANNEL, name=31, product=ProductChanges(data=patch))
        return cast("dict[str, Any]", changed(command, Product, product, *VARIANTS)[0].data)

    assert data({"own": {"a": None, "c": 4}}) == {"own": {"b": 2, "c": 4}, "other": 3}
    assert data({"own": Whole({"c": 4})}) == {"own": {"c": 4}, "other": 3}


@pytest.mark.parametrize(
    "command", [SaveProduct(channel=CHANNEL, name="NEW"), SaveProduct(channel=CHANNEL, name=99),
                DeleteProduct(channel=CHANNEL, name="TEA")],
)  # fmt: skip
def test_who_may_not_edit_the_catalogue_changes_and_learns_nothing(command: Command) -> None:
    closed = Channel(CHANNEL, "any", "main", ChannelSettings(may_set_stock=True))
    assert failures(command, closed, *SHELF) == (CatalogueClosed(),)
    assert failures(command, *SHELF) == (CatalogueClosed(),), "a channel that is gone"


def test_the_operator_needs_no_right() -> None:
    assert isinstance(decide(SaveProduct(channel=None, name="NEW")), Decided)
