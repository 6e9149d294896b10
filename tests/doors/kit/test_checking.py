"""The checking of bodies in manners that differ from Joi's; Joi's own is tested beside the Bonsai door."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from entrepot.doors.kit.checking import Amount, Arr, Body, Bool, Key, Kind, Manner, Obj, Str, Whole, check
from entrepot.doors.kit.checking.manner import exact, strict_boolean, strict_number
from entrepot.doors.kit.checking.trails import dotted, pointer

STRICT = Manner(number=strict_number, amount=exact, boolean=strict_boolean)
LENIENT = msgspec.structs.replace(
    STRICT, numbers_are_texts=True, trims=True, every_fault=True, refuses_unknown=False, null_is_absent=True
)
ITEM = Obj((Key("sku", Str(longest=5)), Key("units", Whole(1, 9)), Key("price", Amount(), required=False)))
ORDER: Body[Any] = Body(
    "Order",
    Obj(
        (
            Key("name", Str()),
            Key("note", Str(), required=False),
            Key("gift", Bool(), required=False),
            Key("items", Arr(ITEM, 1, 3)),
        )
    ),
    dict,
)
GOOD: dict[str, Any] = {"name": "A", "items": [{"sku": "mug", "units": 1}]}


def told(value: object, manner: Manner) -> list[tuple[str, Kind]]:
    return [(dotted(fault.path), fault.kind) for fault in check(ORDER, value, manner).faults]


def read(value: object, manner: Manner) -> dict[str, Any]:
    checked = check(ORDER, value, manner)
    assert checked.faults == ()
    assert checked.value is not None
    return checked.value


def test_a_strict_manner_takes_no_text_for_a_number_and_no_number_for_a_text():
    assert told({**GOOD, "name": 7}, STRICT) == [("name", Kind.NO_TEXT)]
    assert told({**GOOD, "items": [{"sku": "mug", "units": "1"}]}, STRICT) == [
        ("items[0].units", Kind.NO_NUMBER)
    ]
    assert told({**GOOD, "gift": "true"}, STRICT) == [("gift", Kind.NO_BOOLEAN)]


@pytest.mark.parametrize("units", [True, False, float("nan"), float("inf"), None, [], {}, "1"])
def test_only_numbers_are_strict_numbers(units: object):
    assert told({**GOOD, "items": [{"sku": "mug", "units": units}]}, STRICT) == [
        ("items[0].units", Kind.NO_NUMBER)
    ]


def test_numbers_may_stand_for_texts_but_truth_may_not():
    assert read({**GOOD, "name": 7}, LENIENT)["name"] == "7"
    assert told({**GOOD, "name": True}, LENIENT) == [("name", Kind.NO_TEXT)]


def test_blanks_around_texts_may_be_no_part_of_them():
    assert read({**GOOD, "name": " A "}, LENIENT)["name"] == "A"
    assert read({**GOOD, "name": " A "}, STRICT)["name"] == " A "
    assert told({**GOOD, "name": "  "}, LENIENT) == [("name", Kind.EMPTY)]
    assert told({**GOOD, "items": [{"sku": " 12345 ", "units": 1}]}, LENIENT) == []


def test_all_faults_come_in_the_order_of_the_declaration_or_the_first_alone():
    broken = {"items": [{"sku": "", "units": 0}, {"sku": "toolong", "units": 1.5}], "name": None}
    every = [
        ("name", Kind.NO_TEXT),
        ("items[0].sku", Kind.EMPTY),
        ("items[0].units", Kind.TOO_SMALL),
        ("items[1].sku", Kind.TOO_LONG),
        ("items[1].units", Kind.NO_WHOLE),
    ]
    assert told(broken, LENIENT) == every
    assert told(broken, STRICT) == every[:1]


def test_unknown_members_are_refused_or_passed_over():
    assert told({**GOOD, "more": 1}, STRICT) == [("more", Kind.UNKNOWN)]
    assert "more" not in read({**GOOD, "more": 1}, LENIENT)


def test_null_may_mean_that_an_optional_member_is_absent_but_never_a_required_one():
    assert told({**GOOD, "note": None}, STRICT) == [("note", Kind.NO_TEXT)]
    assert "note" not in read({**GOOD, "note": None}, LENIENT)
    assert told({**GOOD, "name": None}, LENIENT) == [("name", Kind.NO_TEXT)]


def test_whole_numbers_may_be_written_with_a_fraction_of_nothing_and_come_out_whole():
    value = read({**GOOD, "items": [{"sku": "mug", "units": Decimal("2.0")}]}, STRICT)
    assert value["items"][0]["units"] == 2
    assert type(value["items"][0]["units"]) is int


def test_exact_amounts_keep_their_digits():
    value = read({**GOOD, "items": [{"sku": "mug", "units": 1, "price": Decimal("1.230")}]}, STRICT)
    assert str(value["items"][0]["price"]) == "1.230"


def test_places_are_written_as_each_vendor_does():
    path = ("items", 1, "a/b~c", 0)
    assert (dotted(path), pointer(path)) == ("items[1].a/b~c[0]", "/items/1/a~1b~0c/0")
    assert (dotted(()), pointer(())) == ("", "")
    assert dotted((0, "sku")) == "[0].sku"
