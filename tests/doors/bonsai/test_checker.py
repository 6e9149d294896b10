"""The checker against what Joi 15.1.1 was seen to answer, and against our own limits."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from entrepot.doors.bonsai import schemas
from entrepot.doors.bonsai.joi import JOI, items
from entrepot.doors.kit.checking import MAX_FAULTS, Body, Checked, Key, Obj, Str
from entrepot.doors.kit.checking import check as check_in
from entrepot.doors.kit.checking.email import is_email

from .sample_bodies import ABSENT, JOI_CASES, at, changed, checkout, submit_v1, submit_v2

WHOLE_QUANTITIES = {
    "products[0].quantity 1.5": {
        "message": '"quantity" must be an integer',
        "path": ["products", 0, "quantity"],
        "type": "number.integer",
        "context": {"value": 1.5, "key": "quantity", "label": "quantity"},
    }
}
"""The one golden case that our rule of whole quantities overrules."""


EVERY = msgspec.structs.replace(JOI, every_fault=True)


def check(body: Body[Any], value: object) -> Checked[Any]:
    return check_in(body, value, JOI)


def faults(value: object, body: Body[Any] = schemas.SUBMIT_V1, *, every: bool = False) -> list[Any]:
    return msgspec.json.decode(
        msgspec.json.encode(items(check_in(body, value, EVERY if every else JOI).faults))
    )


def only_fault(value: object, body: Body[Any] = schemas.SUBMIT_V1) -> Any:
    (fault,) = faults(value, body)
    return fault


def with_change(case: dict[str, Any]) -> dict[str, Any]:
    return changed(submit_v1(), case["path"], ABSENT if "absent" in case else case["value"])


@pytest.mark.parametrize("case", JOI_CASES["goldens"], ids=lambda case: case["input"])
def test_golden_cases(case: dict[str, Any]):
    checked = check(schemas.SUBMIT_V1, with_change(case))
    if case["input"] in WHOLE_QUANTITIES:
        assert faults(with_change(case)) == [WHOLE_QUANTITIES[case["input"]]]
    elif "detail" in case:
        assert faults(with_change(case)) == case["detail"]
        assert checked.value is None
    else:
        assert checked.faults == ()
        assert at(checked.value, case["path"]) == case["accepted_as"]


def _name(case: dict[str, Any]) -> str:
    return f"{case['path'][-1]} {str(case.get('value', 'absent'))[:20]}"


@pytest.mark.parametrize("case", JOI_CASES["more"], ids=_name)
def test_joi_answers_the_same(case: dict[str, Any]):
    found = faults(with_change(case))
    if "detail" in case:
        expected = case["detail"]
        if len(str(case.get("value"))) > 4096:  # too long for an echo
            del expected[0]["context"]["value"]
        assert found == expected
    else:
        assert found == []
        assert at(check(schemas.SUBMIT_V1, with_change(case)).value, case["path"]) == pytest.approx(
            case["accepted_as"]
        )


@pytest.mark.parametrize("value", [None, 3, "x", [], True, 1.5])
def test_body_that_is_no_object(value: object):
    fault = only_fault(value)
    assert (fault["message"], fault["path"], fault["type"]) == (
        '"value" must be an object',
        [],
        "object.base",
    )
    assert fault["context"] == {"label": "value"}


def test_first_fault_only_in_the_order_of_the_declaration():
    body = changed(changed(submit_v1(), ["payment", "token"]), ["customer", "email"], "nope")
    assert only_fault({"unknown": 1, **body})["path"] == ["customer", "email"]


def test_all_faults_when_asked():
    body = changed(changed(submit_v1(), ["payment", "token"]), ["customer", "email"], "nope")
    paths = [fault["path"] for fault in faults({"unknown": 1, **body}, every=True)]
    assert paths == [["customer", "email"], ["payment", "token"], ["unknown"]]


def test_all_faults_are_limited():
    body = changed(submit_v1(), ["products"], [{}] * 400)
    assert len(faults(body, every=True)) == MAX_FAULTS


@pytest.mark.parametrize("address", [ABSENT, None, {}])
@pytest.mark.parametrize(
    ("body", "valid", "key"),
    [
        (schemas.SUBMIT_V1, submit_v1(), "shipping_address"),
        (schemas.SUBMIT_V2, submit_v2() | {"shippingAddress": {}}, "shippingAddress"),
    ],
)
def test_order_without_address(body: Body[Any], valid: dict[str, Any], key: str, address: Any):
    checked = check(body, changed(valid, [key], address))
    assert checked.faults == ()
    assert checked.value is not None
    assert key not in checked.value
    faulty = check(body, changed(changed(valid, [key], address), ["payment"]))
    assert [fault.path for fault in faulty.faults] == [("payment",)]


@pytest.mark.parametrize("address", ["", 0, False, [], {"first_name": "Eddy"}])
def test_address_that_is_there_but_wrong(address: Any):
    checked = check(schemas.SUBMIT_V1, changed(submit_v1(), ["shipping_address"], address))
    assert checked.faults


def test_checkout_needs_no_address():
    checked = check(schemas.CHECKOUT, changed(checkout(), ["shipping_address"]))
    assert checked.faults == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [(10.005, "10.005"), ("10.005", "10.005"), (7, "7"), (0.1, "0.1"), (-0.0, "0"), (1e-9, "1E-9")],
)
def test_amounts_come_out_as_they_were_written(written: Any, read: str):
    value = check(schemas.SUBMIT_V1, changed(submit_v1(), ["payment", "amounts", "goods"], written)).value
    assert value is not None
    amounts = value["payment"].get("amounts")
    assert amounts is not None
    assert str(amounts["goods"]) == read


def test_null_amounts_are_the_order_routes_business():
    checked = check(schemas.SUBMIT_V1, changed(submit_v1(), ["payment", "amounts"], None))
    assert checked.faults == ()
    assert checked.value is not None
    assert checked.value["payment"].get("amounts") is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (float("inf"), "any.invalid"),
        (float("-inf"), "any.invalid"),
        (float("nan"), "number.base"),
        (10**400, "number.unsafe"),
        ("1e999", "number.unsafe"),
        ("1e99999999999999999999", "number.unsafe"),
        ("1e-99999999999999999999", "number.unsafe"),
        ("9" * 5000, "number.base"),
        ("\N{ARABIC-INDIC DIGIT THREE}", "number.base"),
        (0, "number.min"),
        (1_000_001, "number.max"),
    ],
)
def test_numbers_out_of_reach(value: Any, kind: str):
    assert only_fault(changed(submit_v1(), ["products", 0, "quantity"], value))["type"] == kind


def test_limits_of_lists():
    line = submit_v1()["products"][0]
    assert faults(changed(submit_v1(), ["products"], [line] * 500)) == []
    fault = only_fault(changed(submit_v1(), ["products"], [line] * 501))
    assert fault["message"] == '"products" must contain less than or equal to 500 items'
    assert fault["type"] == "array.max"


@pytest.mark.parametrize(("path", "longest"), [(["note"], 5000), (["customer", "first_name"], 255)])
def test_limits_of_texts(path: list[str | int], longest: int):
    assert faults(changed(submit_v1(), path, "x" * longest)) == []
    fault = only_fault(changed(submit_v1(), path, "x" * (longest + 1)))
    assert fault["message"] == f'"{path[-1]}" length must be less than or equal to {longest} characters long'


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\x00"])
def test_texts_that_the_database_cannot_hold(text: str):
    for path in (["note"], ["customer", "email"], ["misc", "data", "key"]):
        assert only_fault(changed(submit_v1(), path, text))["type"] == "any.invalid"
    assert only_fault(changed(submit_v1(), ["misc", "data"], {text: 1}))["type"] == "any.invalid"


def _nested(levels: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for _ in range(levels - 1):
        data = {"in": data}
    return data


def test_limits_of_free_data():
    assert faults(changed(submit_v1(), ["misc", "data"], _nested(20))) == []
    assert only_fault(changed(submit_v1(), ["misc", "data"], _nested(21)))["type"] == "object.depth"
    assert only_fault(changed(submit_v1(), ["misc", "data"], _nested(50_000)))["type"] == "object.depth"
    edge = {"k": "x" * (65_536 - len('{"k":""}'))}
    assert faults(changed(submit_v1(), ["misc", "data"], edge)) == []
    fault = only_fault(changed(submit_v1(), ["misc", "data"], {"k": edge["k"] + "x"}))
    assert fault["message"] == '"data" must be less than or equal to 65536 bytes'


def test_unknown_keys_that_are_hard_to_echo():
    for value in (_nested(50_000), "x" * 10_000, "\ud800", [0] * 5_000):
        assert "value" not in only_fault(submit_v1() | {"foo": value})["context"]
    assert only_fault(submit_v1() | {"\ud800" * 300: 1})["path"] == ["?" * 255]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["payment", "token"], 4242424242424242),
        (["payment", "token"], {"number": "4242424242424242"}),
        (["payment", "token"], "4242424242424242\x00"),
        (["payment", "token"], "4242424242424242" * 20),
        (["payment", "card"], "4242424242424242"),
        (["payment"], "4242424242424242"),
    ],
)
def test_tokens_are_never_echoed(path: list[str | int], value: Any):
    fault = only_fault(changed(submit_v1(), path, value))
    assert "4242" not in str(fault)
    assert fault["context"]["value"] == "<redacted>"


def test_one_of_two_query_members():
    query = schemas.PRODUCTS_QUERY
    assert faults({"currency": "USD", "ids": "a,b"}, query) == []
    fault = only_fault({"currency": "USD"}, query)
    assert fault == {
        "message": '"value" must contain at least one of [ids, shortLinks]',
        "path": [],
        "type": "object.missing",
        "context": {
            "peers": ["ids", "shortLinks"],
            "peersWithLabels": ["ids", "shortLinks"],
            "label": "value",
        },
    }
    assert only_fault({"ids": "a"}, query)["path"] == ["currency"]


@pytest.mark.parametrize(
    "text",
    ["qa@shopbonsai.ca", "a.b+c@d-e.co.uk", "é@b.co", "a@bücher.de", "A@B.COM", "o'neil@x.org", "a@b.test"],
)
def test_addresses(text: str):
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "nope", "a@b", "a@@b.co", "a@b..co", ".a@b.co", "a.@b.co", "a@b.c", "a@-b.co", "a@b-.co", "a b@c.co",
        '"a"@b.co', "a@[1.2.3.4]", "a@1.2", "a@b.1c", "a@b.com.", "a@b_c.com", " a@b.co", "a@b.co\n",
        "a" * 65 + "@b.co", "a@" + "b" * 64 + ".co", "a@" + "b." * 130 + "co",
    ],
)  # fmt: skip
def test_no_addresses(text: str):
    assert not is_email(text)


@pytest.mark.parametrize("text", ["a." * 120 + "@", "a@" + "b-" * 120, "a@" + "b." * 120, "!" * 254])
def test_addresses_are_read_in_little_time(text: str):
    assert not is_email(text)


def test_lines_that_could_be_read():
    good = {"public_id": "p", "variant_id": "v", "quantity": "2"}
    body = {"products": [good, {"public_id": "p"}, 3, good | {"quantity": 0}]}
    assert schemas.readable_lines(body) == [{"public_id": "p", "variant_id": "v", "quantity": 2}]
    assert [schemas.readable_lines(other) for other in (None, [], {"products": {}}, {})] == [[], [], [], []]


def test_historical_price_of_a_line():
    value = check(schemas.SUBMIT_V1, changed(submit_v1(), ["products", 0, "price"], 12.5)).value
    assert value is not None
    assert value["products"][0].get("price") == Decimal("12.50")


def test_checked_value_is_a_copy():
    body = submit_v1()
    body["products"][0]["quantity"] = "2"
    check(schemas.SUBMIT_V1, body)
    assert body["products"][0]["quantity"] == "2"


def test_nullable_and_unknown_words_of_choices():
    body = Body("Sample", Obj((Key("word", Str(choices=("a", "b"), nullable=True)),)), dict[str, Any])
    assert check(body, {"word": None}).value == {"word": None}
    assert only_fault({"word": "c"}, body)["message"] == '"word" must be one of [a, b]'


ADDRESSES = [
    (schemas.SUBMIT_V1, submit_v1, "shipping_address"),
    (schemas.SUBMIT_V2, submit_v2, "shippingAddress"),
    (schemas.CHECKOUT, checkout, "shipping_address"),
]


@pytest.mark.parametrize(("body", "valid", "key"), ADDRESSES)
@pytest.mark.parametrize("written", ["Canada", "CAN", "zz", "XX", "EU", "ß", "c", "124"])
def test_what_is_no_country_is_a_fault_of_form(body: Body[Any], valid: Any, key: str, written: str):
    fault = only_fault(changed(valid(), [key, "country"], written), body)
    assert (fault["path"], fault["type"]) == ([key, "country"], "any.allowOnly")
    assert fault["context"]["value"] == written
    assert {"CA", "US", "SS"} <= set(fault["context"]["valids"])


@pytest.mark.parametrize(("body", "valid", "key"), ADDRESSES)
def test_a_country_is_read_in_any_case(body: Body[Any], valid: Any, key: str):
    read: Any = check(body, changed(valid(), [key, "country"], "ca"))
    assert read.value[key]["country"] == "CA"
