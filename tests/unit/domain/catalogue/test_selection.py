"""Choices: which are refused, which variant they mean, and what a unit costs and weighs."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from entrepot.domain.catalogue import selection as selections
from entrepot.domain.catalogue.options import PARTS, ProductChoice
from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.catalogue.selection import Chosen, KeptFile, NewFile, Selection
from entrepot.domain.kernel.records import View
from entrepot.failures import Failure
from entrepot.failures.carts import (
    ChoiceMissing,
    ChoiceUnknown,
    ChosenNumberInvalid,
    ChosenTextTooLong,
    CombinationUnavailable,
    FileRefused,
    QuantityNotSold,
)
from tests.support.boutique import (
    BANNER,
    BY_METRE,
    CLOTH,
    GIFT,
    LARGE,
    LENGTH,
    PICTURE,
    PRINTED,
    SHIRT,
    SIZE,
    SMALL,
    WORDS,
    WRAPPED,
    L,
    S,
    article_records,
    choice,
)
from tests.support.deciding import view_of


@pytest.fixture
def view() -> View:
    return view_of(*article_records())


def product_of(view: View, number: int) -> Product:
    product = view.get(Product, number)
    assert product is not None
    return product


def variant_of(view: View, number: int) -> Variant:
    variant = view.get(Variant, number)
    assert variant is not None
    return variant


def selected(view: View, number: int, wanted: dict[int, Chosen]) -> Selection:
    selection = selections.select(product_of(view, number), wanted, view)
    assert isinstance(selection, Selection)
    return selection


@pytest.mark.parametrize(("answer", "variant"), [(S, SMALL), (str(L), LARGE)])
def test_an_option_means_a_variant(view: View, answer: Chosen, variant: int) -> None:
    selection = selected(view, SHIRT, {SIZE: answer})
    assert (selection.variant.id, selection.answers) == (variant, {str(SIZE): int(str(answer))})


@pytest.mark.parametrize(
    ("number", "wanted", "failure"),
    [
        (SHIRT, {}, ChoiceMissing),
        (SHIRT, {SIZE: ""}, ChoiceMissing),
        (SHIRT, {SIZE: WRAPPED}, ChoiceUnknown),
        (SHIRT, {SIZE: "large"}, ChoiceUnknown),
        (SHIRT, {SIZE: "9" * 40}, ChoiceUnknown),
        (SHIRT, {SIZE: S, GIFT: WRAPPED}, ChoiceUnknown),
        (BANNER, {LENGTH: Decimal("0.5")}, ChosenNumberInvalid),
        (BANNER, {LENGTH: Decimal("1.25")}, ChosenNumberInvalid),
        (BANNER, {LENGTH: 11}, ChosenNumberInvalid),
        (BANNER, {LENGTH: "NaN"}, ChosenNumberInvalid),
        (BANNER, {LENGTH: "1e99999999"}, ChosenNumberInvalid),
        (BANNER, {LENGTH: "long"}, ChosenNumberInvalid),
        (BANNER, {WORDS: "x" * 11}, ChosenTextTooLong),
        (BANNER, {WORDS: "a\0b"}, ChosenTextTooLong),
        (BANNER, {WORDS: 5}, ChosenTextTooLong),
        (BANNER, {PICTURE: NewFile("a.png", "image/png", b"x" * 101)}, FileRefused),
        (BANNER, {PICTURE: NewFile("a.png", "image/png", b"")}, FileRefused),
        (BANNER, {PICTURE: "a.png"}, FileRefused),
    ],
)
def test_what_is_not_allowed_is_refused(
    view: View, number: int, wanted: dict[int, Chosen], failure: type[Failure]
) -> None:
    assert isinstance(selections.select(product_of(view, number), wanted, view), failure)


def test_an_option_that_the_product_does_not_offer_is_refused(view: View) -> None:
    view.load(ProductChoice(SHIRT, SIZE, 0, (S,), {}))
    assert isinstance(selections.select(product_of(view, SHIRT), {SIZE: L}, view), ChoiceUnknown)


def test_a_combination_that_no_variant_has_is_unavailable(view: View) -> None:
    view.load(msgspec.structs.replace(variant_of(view, LARGE), chosen_by={SIZE: WRAPPED}))
    assert isinstance(selections.select(product_of(view, SHIRT), {SIZE: L}, view), CombinationUnavailable)


def test_files_are_new_or_kept(view: View) -> None:
    file = NewFile("a.png", "image/png", b"x" * 100)
    assert selected(view, BANNER, {PICTURE: file}).files == {PICTURE: file}
    assert selected(view, BANNER, {PICTURE: KeptFile(7)}).answers == {str(PICTURE): 7}


def test_stored_answers_are_checked_as_given(view: View) -> None:
    stored: dict[str, int | str] = {
        str(LENGTH): 15_000,
        str(WORDS): "Hi",
        str(PICTURE): 7,
        str(GIFT): WRAPPED,
    }
    given = selections.kept(stored, BANNER, view)
    assert given[LENGTH] == Decimal("1.5")
    assert selected(view, BANNER, given).answers == stored


@pytest.mark.parametrize(
    ("number", "variant", "answers", "price"),
    [
        (SHIRT, SMALL, {SIZE: S}, 20_000),
        (SHIRT, LARGE, {SIZE: L}, 21_000),  # the first variant's price and the option's surcharge
        (BANNER, PRINTED, {LENGTH: 15_000}, 1_500),
        (BANNER, PRINTED, {LENGTH: 15_000, GIFT: WRAPPED}, 1_500 + 750),
        (BANNER, PRINTED, {GIFT: WRAPPED}, 1_500),
    ],
)
def test_a_unit_costs_its_price_and_surcharges(
    view: View, number: int, variant: int, answers: dict[int, int], price: int
) -> None:
    stored: dict[str, int | str] = {str(name): answer for name, answer in answers.items()}
    product, sold = product_of(view, number), variant_of(view, variant)
    assert selections.unit_price(product, sold, stored, "SEK", view) == price
    assert selections.unit_price(product, sold, stored, "USD", view) is None


def test_a_surcharge_that_does_not_count_per_unit_counts_once(view: View) -> None:
    view.load(choice(GIFT, "enum"))
    answers: dict[str, int | str] = {str(LENGTH): 2 * PARTS, str(GIFT): WRAPPED}
    product, sold = product_of(view, BANNER), variant_of(view, PRINTED)
    assert selections.unit_price(product, sold, answers, "SEK", view) == 2_000 + 500
    view.load(ProductChoice(BANNER, GIFT, 3, None, {WRAPPED: {"SEK": 1}}))
    assert selections.unit_price(product, sold, answers, "SEK", view) == 2_001


def test_a_chosen_number_multiplies_the_weight(view: View) -> None:
    assert selections.unit_weight(variant_of(view, PRINTED), {str(LENGTH): 15_000}, view) == 75


@pytest.mark.parametrize(
    ("quantity", "units"), [("1", 100), ("0.25", 25), ("1.50", 150), ("0.30", None), ("0.001", None)]
)
def test_quantities_follow_scale_and_step(view: View, quantity: str, units: int | None) -> None:
    found = selections.units(product_of(view, CLOTH), variant_of(view, BY_METRE), Decimal(quantity))
    assert found == units if units else isinstance(found, QuantityNotSold)


@pytest.mark.parametrize("quantity", ["0", "-1", "nan", "inf", "1e30", "1.5"])
def test_what_is_no_quantity_is_not_sold(view: View, quantity: str) -> None:
    found = selections.units(product_of(view, SHIRT), variant_of(view, SMALL), Decimal(quantity))
    assert isinstance(found, QuantityNotSold)
