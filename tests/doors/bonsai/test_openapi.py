"""The API description: well formed, complete, and strict enough to tell a wrong reply."""

from typing import Any, get_type_hints

import jsonschema_rs
import pytest
import schemathesis
from schemathesis.core.result import Ok

from entrepot.doors.bonsai import bodies, schemas
from entrepot.doors.bonsai.openapi import API
from entrepot.doors.bonsai.openapi.errors import ENTRIES
from entrepot.doors.bonsai.openapi.routes import ROUTES
from entrepot.doors.kit.checking import Arr, Obj, Shape

SUBMIT = ("POST", "/orders/V1/submit")
ENTRY_ID = "5d094f10-8caf-11ed-83bd-2bcc14ba6c4e"
LINE = {"publicId": "clbj0i7w4041d01z60hv53mcm", "variantId": "13833901"}


def accepts(reply: Any, status: int, method: str = "POST", path: str = "/orders/V1/submit") -> bool:
    return jsonschema_rs.Draft202012Validator(API.reply_schema(method, path, status)).is_valid(reply)


def entry(code: str, status: int, title: str, *detail: Any) -> dict[str, Any]:
    return {"id": ENTRY_ID, "status": status, "code": code, "title": title} | (
        {"detail": detail[0]} if detail else {}
    )


STOCK = entry(
    "INSUFFICIENT_INVENTORY",
    400,
    "Not enough inventory",
    {"productId": LINE["publicId"], "variantId": LINE["variantId"]},
)
UNKNOWN = entry("PRODUCT_DOES_NOT_EXIST", 404, "Product does not exist", LINE)
DECLINED = entry("PAYMENT_REQUIRED", 402, "Payment is required for this order", {"message": "Declined."})
NO_ADDRESS = entry("MISSING_SHIPPING", 400, "No shipping address was provided")


def test_names_are_unique():
    operations = [route.name for route in ROUTES]
    assert len(set(operations)) == len(operations) == 15
    assert len({form.name for form in ENTRIES}) == len(ENTRIES)


def test_other_tools_read_the_description():
    results = list(schemathesis.openapi.from_dict(API.document("/bonsai")).get_all_operations())
    assert len(results) == 15
    assert all(isinstance(result, Ok) for result in results)


def test_every_reply_has_a_schema():
    for route in ROUTES:
        for status in route.statuses():
            jsonschema_rs.Draft202012Validator(API.reply_schema(route.method, route.path, status))


def test_every_reference_is_there():
    described = API.document("/bonsai")

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for inner in value.values() for each in references(inner)]
        return [each for inner in value for each in references(inner)] if isinstance(value, list) else []

    for reference in references(described):
        target: Any = described
        for key in reference.removeprefix("#/").split("/"):
            target = target[key]
        assert target


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/none", 200), (*SUBMIT, 418), ("GET", SUBMIT[1], 200)]
)
def test_replies_that_do_not_exist(method: str, path: str, status: int):
    with pytest.raises(KeyError):
        API.reply_schema(method, path, status)


def test_lists_are_described_by_items_alone():
    """Tools made for OpenAPI 3.0 know no schema of their own for one place of a list."""

    def lists(value: Any) -> list[dict[str, Any]]:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = [value] if isinstance(value, dict) and value.get("type") == "array" else []
        return own + [each for inner in inside for each in lists(inner)]

    found = lists(API.document("/bonsai"))
    assert len(found) > 20
    for each in found:
        assert each.keys() <= {"type", "items", "minItems", "maxItems"}, each


def test_both_keys():
    described = API.document("https://bonsai.example")
    assert described["servers"] == [{"url": "https://bonsai.example"}]
    assert described["paths"]["/orders/v2/{id}"]["get"]["security"] == [{"authorization": []}]
    assert described["paths"]["/orders/checkout"]["post"]["security"] == [{"apiKey": []}]


@pytest.mark.parametrize(
    ("status", "entries", "right"),
    [
        (400, [STOCK], True),
        (400, [STOCK, UNKNOWN], True),
        (404, [UNKNOWN, STOCK], True),
        (402, [DECLINED], True),
        (400, [NO_ADDRESS], True),
        (402, [DECLINED, DECLINED], False),
        (400, [], False),
        (400, [NO_ADDRESS | {"detail": None}], False),
        (400, [STOCK | {"title": "Other"}], False),
        (400, [STOCK | {"detail": LINE}], False),
        (400, [STOCK | {"meta": {}}], False),
        (400, [STOCK | {"id": "6f3f1c1e-6a43-4f5e-9f53-1d3b5b9a7c11"}], False),  # version 4
        (400, [{**STOCK, "status": 404}], False),
    ],
)
def test_error_replies(status: int, entries: list[Any], right: bool):
    assert accepts({"errors": entries}, status) is right


def test_invalid_input_reply():
    item = {
        "message": '"quantity" is required',
        "path": ["products", 0, "quantity"],
        "type": "any.required",
        "context": {"key": "quantity", "label": "quantity"},
    }
    title = "Invalid input provided"
    assert accepts({"errors": [entry("INVALID_INPUT", 400, title, [item])]}, 400)
    assert not accepts({"errors": [entry("INVALID_INPUT", 400, title, item)]}, 400)


def test_successful_replies():
    order = {"public_id": "c" + "0" * 24, "orderNumber": 1, "payment_description": None}
    assert accepts({"data": order}, 200)
    assert not accepts({"data": order | {"raw_order": {}}}, 200)
    assert not accepts({"data": order | {"public_id": "1"}}, 200)
    cart = {"data": {"id": "c" + "0" * 24, "products": []}}
    assert accepts(cart, 200, "GET", "/carts/v1/{id}")
    assert not accepts(cart, 200, "DELETE", "/carts/v1/{id}")


def test_the_two_refusals_of_a_key():
    by_api_key = entry("AUTHENTICATION_FAILED", 401, "Authentication information is missing or invalid", "")
    by_header = entry(
        "AUTHENTICATION_FAILED",
        401,
        "Authentication failed",
        {"authentication_expected": "Authorization header"},
    )
    for reply, path, method in (
        (by_api_key, "/orders/checkout", "POST"),
        (by_header, "/orders/v2/{id}", "GET"),
    ):
        other = by_header if reply is by_api_key else by_api_key
        assert accepts({"errors": [reply]}, 401, method, path)
        assert not accepts({"errors": [other]}, 401, method, path)


def _same_members(shape: Shape, hint: Any) -> None:
    """The typed form of a body has the members of its shape, and requires the same ones, at every level."""
    if isinstance(shape, Arr):
        _same_members(shape.items, hint.__args__[0])
    elif isinstance(shape, Obj):
        form = next((each for each in getattr(hint, "__args__", ()) if each is not type(None)), hint)
        names = {key.name: key for key in shape.keys}
        assert names.keys() <= form.__annotations__.keys()
        assert form.__annotations__.keys() - names.keys() <= ({"price"} if form is bodies.Line else set())
        required = {name for name, key in names.items() if key.required and not key.judged_later}
        assert required == set(form.__required_keys__)
        hints = get_type_hints(form)
        for name, key in names.items():
            _same_members(key.shape, hints[name])


@pytest.mark.parametrize("body", [*schemas.BODIES, schemas.PRODUCTS_QUERY], ids=lambda body: body.name)
def test_types_of_bodies_match_their_shapes(body: Any):
    _same_members(body.shape, body.form)
