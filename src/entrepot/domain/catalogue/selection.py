"""What a buyer's choices make of a product: the variant that is meant, what a unit costs, and how much it weighs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import msgspec

from entrepot.domain.catalogue.options import PARTS, Choice, ChoiceOption, ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
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
from entrepot.failures.orders import LineRef

LARGEST_FILE = 7_000_000
"""The most bytes that any file may have: in base64 it goes into one message of 10 MB."""
LONGEST_TEXT = 10_000
LARGEST_QUANTITY = 10**9
"""The most smallest units that one line may have: amounts stay within 64 bits."""
DECIMALS = 4
LARGEST_NUMBER = 10**6 * PARTS
"""The largest number that can be chosen: it multiplies prices."""


class NewFile(msgspec.Struct, frozen=True):
    """A file as the buyer sends it."""

    name: str
    type: str
    content: bytes

    def __repr__(self) -> str:
        return f"NewFile({len(self.content)} bytes)"


class KeptFile(msgspec.Struct, frozen=True):
    """A file that was taken before."""

    id: int


Counts: TypeAlias = Callable[[Choice], bool]
Chosen: TypeAlias = int | str | Decimal | NewFile | KeptFile
"""A buyer's answer to one choice: an option's id, a text, a number, or a file."""


class Selection(msgspec.Struct, frozen=True):
    """Checked choices of one product, and the variant that they mean.

    `answers` is what is stored: option ids, texts, numbers in ten-thousandths, ids of kept files. `files` are new.
    """

    variant: Variant
    answers: dict[str, int | str]
    files: dict[int, NewFile]


def select(product: Product, wanted: Mapping[int, Chosen], view: View) -> Selection | Failure:
    """Check a buyer's choices against those that the product has, and find the variant that they mean."""
    links = {link.choice: link for link in view.children(ProductChoice, product.id)}
    ref = ref_of(product)
    answers: dict[str, int | str] = {}
    files: dict[int, NewFile] = {}
    for number in wanted:
        if number not in links:
            return ChoiceUnknown(ref, number)
    for number, link in links.items():
        choice = view.get(Choice, number)
        if choice is None:
            continue
        answer = _answer(ref, choice, link, wanted.get(number), view)
        if isinstance(answer, Failure):
            return answer
        if isinstance(answer, NewFile):
            files[number] = answer
        elif answer is not None:
            answers[str(number)] = answer
    variant = _variant(product, answers, view)
    return Selection(variant, answers, files) if variant else CombinationUnavailable(ref)


def ref_of(product: Product, variant: Variant | None = None) -> LineRef:
    """How failures name a product."""
    return LineRef(str(product.id), str(variant.id) if variant else "")


def kept(answers: Mapping[str, int | str], product: int, view: View) -> dict[int, Chosen]:
    """The stored answers of a line as a buyer would give them, to be checked again."""
    given: dict[int, Chosen] = {}
    for name, answer in answers.items():
        choice = view.get(Choice, int(name))
        kind = choice.kind if choice and view.get(ProductChoice, (product, choice.id)) else ""
        if kind == "number":
            given[int(name)] = Decimal(answer) / PARTS
        elif kind == "file":
            given[int(name)] = KeptFile(int(answer))
        else:
            given[int(name)] = answer
    return given


def units(product: Product, variant: Variant, quantity: Decimal) -> int | QuantityNotSold:
    """A quantity in the variant's smallest units."""
    exact = _exactly(quantity, variant.scale)
    if exact is None or not 0 < exact <= LARGEST_QUANTITY or exact % variant.divisible_by:
        return QuantityNotSold(ref_of(product, variant), str(quantity)[:40])
    return exact


def unit_price(
    product: Product, variant: Variant, answers: Mapping[str, int | str], currency: str, view: View
) -> int | None:
    """What a whole unit costs with its surcharges, as prices are stored; None where it has no price, or an absurd one.

    Numbers that multiply the price multiply that of the product, and the surcharges of choices that count per unit.
    """
    base = _base_price(product, variant, currency, view)
    if base is None:
        return None
    factor = _factor(answers, view, lambda choice: choice.multiplies_price)
    total = Decimal(base) * factor
    for choice, option in _options(answers, view):
        link = view.get(ProductChoice, (product.id, choice.id))
        surcharge = _surcharge(link, option, currency)
        total += surcharge * factor if choice.per_unit else surcharge
    return _exactly(total.to_integral_value("ROUND_HALF_UP"), 0)


def unit_weight(variant: Variant, answers: Mapping[str, int | str], view: View) -> Decimal:
    """What a whole unit weighs, in grams."""
    return variant.weight * _factor(answers, view, lambda choice: choice.multiplies_weight)


def _answer(
    ref: LineRef, choice: Choice, link: ProductChoice, given: Chosen | None, view: View
) -> int | str | NewFile | Failure | None:
    if given is None or given == "":
        return ChoiceMissing(ref, choice.id) if choice.mandatory else None
    match choice.kind:
        case "enum":
            return _option(ref, choice, link, given, view)
        case "number":
            return _number(ref, choice, given)
        case "string":
            return _text(ref, choice, given)
        case "file":
            return _file(ref, choice, given)


def _option(ref: LineRef, choice: Choice, link: ProductChoice, given: Chosen, view: View) -> int | Failure:
    number = _integer(given)
    option = None if number is None else view.get(ChoiceOption, number)
    if option is None or option.choice != choice.id:
        return ChoiceUnknown(ref, choice.id)
    if link.options is not None and option.id not in link.options:
        return ChoiceUnknown(ref, choice.id)
    return option.id


def _number(ref: LineRef, choice: Choice, given: Chosen) -> int | Failure:
    step = max(choice.multiple_of, 1)
    largest = LARGEST_NUMBER if choice.maximum is None else min(choice.maximum, LARGEST_NUMBER)
    limits = (f"{Decimal(number) / PARTS:f}" for number in (choice.minimum, largest, step))
    invalid = ChosenNumberInvalid(ref, choice.id, *limits)
    try:
        value = Decimal(given) if isinstance(given, int | str | Decimal) else Decimal("nan")
    except InvalidOperation:
        return invalid
    parts = _exactly(value, DECIMALS)
    if parts is None or parts % step:
        return invalid
    return parts if choice.minimum <= parts <= largest else invalid


def _exactly(value: Decimal, decimals: int) -> int | None:
    """The number without its point, where it has no more than these decimals and is within every limit."""
    if not value.is_finite() or value.copy_abs() > LARGEST_QUANTITY:
        return None
    cut = value.quantize(Decimal(1).scaleb(-decimals), "ROUND_DOWN")
    return int(cut.scaleb(decimals)) if cut == value else None


def _text(ref: LineRef, choice: Choice, given: Chosen) -> str | Failure:
    longest = LONGEST_TEXT if choice.max_size is None else min(choice.max_size, LONGEST_TEXT)
    if not isinstance(given, str) or len(given) > longest or "\0" in given:
        return ChosenTextTooLong(ref, choice.id, longest)
    return given


def _file(ref: LineRef, choice: Choice, given: Chosen) -> NewFile | int | Failure:
    largest = LARGEST_FILE if choice.max_size is None else min(choice.max_size, LARGEST_FILE)
    if isinstance(given, KeptFile):
        return given.id
    if not isinstance(given, NewFile) or not given.name or not 0 < len(given.content) <= largest:
        return FileRefused(ref, choice.id, largest)
    return given


def _integer(given: Chosen) -> int | None:
    if isinstance(given, str):
        return int(given) if given.isascii() and given.isdigit() and len(given) <= 16 else None
    return given if isinstance(given, int) else None


def _variant(product: Product, answers: Mapping[str, int | str], view: View) -> Variant | None:
    """Of the variants whose demands are all met, the one that demands most; then the first."""
    chosen = {int(name): answer for name, answer in answers.items()}
    met = [
        variant
        for variant in view.children(Variant, product.id)
        if all(chosen.get(choice) == option for choice, option in variant.chosen_by.items())
    ]
    return min(met, key=lambda variant: (-len(variant.chosen_by), variant.position, variant.id), default=None)


def _base_price(product: Product, variant: Variant, currency: str, view: View) -> int | None:
    """The variant's own price, or that of the product's first variant."""
    first = min(view.children(Variant, product.id), key=lambda v: (v.position, v.id), default=variant)
    for each in (variant, first):
        price = view.get(Price, (each.id, currency))
        if price is not None and price.amount is not None:
            return price.amount
    return None


def _options(answers: Mapping[str, int | str], view: View) -> Iterable[tuple[Choice, ChoiceOption]]:
    for name, answer in answers.items():
        choice = view.get(Choice, int(name))
        option = view.get(ChoiceOption, answer) if choice and choice.kind == "enum" else None
        if choice and option:
            yield choice, option


def _surcharge(link: ProductChoice | None, option: ChoiceOption, currency: str) -> int:
    own = link.prices.get(option.id) if link else None
    return (option.prices if own is None else own).get(currency, 0)


def _factor(answers: Mapping[str, int | str], view: View, counts: Counts) -> Decimal:
    factor = Decimal(1)
    for name, answer in answers.items():
        choice = view.get(Choice, int(name))
        if choice and choice.kind == "number" and counts(choice):
            factor *= Decimal(answer) / PARTS
    return factor
