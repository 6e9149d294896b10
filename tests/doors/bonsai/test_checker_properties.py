"""What holds for every JSON value and every body."""

import copy
from decimal import Decimal
from typing import Any, cast

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.doors.bonsai import schemas
from entrepot.doors.bonsai.joi import JOI, FaultItem, items
from entrepot.doors.kit.checking import Amount, Arr, Bag, Body, Bool, Obj, Shape, Str, Whole, check
from entrepot.doors.kit.checking.json_schema import json_schema

from .sample_bodies import checkout, submit_v1, submit_v2

EVERY = msgspec.structs.replace(JOI, every_fault=True)


def faults(body: Body[Any], value: object, *, every: bool = False) -> tuple[FaultItem, ...]:
    return items(check(body, value, EVERY if every else JOI).faults)


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
_ANY_TEXT = st.text(st.characters(), max_size=12)  # lone surrogates too


def _json(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | texts
        | st.sampled_from(["1", "1e400", "{}"])
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )


_TREES = _json(_ANY_TEXT)
_CLEAN_TREES = _json(_TEXTS)
_SAMPLES: list[tuple[Body[Any], dict[str, Any]]] = [
    (schemas.SUBMIT_V1, submit_v1()),
    (schemas.SUBMIT_V2, submit_v2()),
    (schemas.CHECKOUT, checkout()),
    (schemas.PAYMENT_V2, submit_v1()["payment"]),
    (schemas.CART, {"products": submit_v2()["products"]}),
    (schemas.CART_PRODUCT, submit_v2()["products"][0]),
    (schemas.PRODUCTS_QUERY, {"ids": "a,b", "currency": "USD"}),
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in [(*path, key), *_places(inner, (*path, key))]]


@st.composite
def _damaged(draw: st.DrawFn, trees: st.SearchStrategy[Any]) -> tuple[Body[Any], Any]:
    """A valid body, some places of which are replaced, removed or added."""
    body, sample = draw(st.sampled_from(_SAMPLES))
    value = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(value) or [("new",)]))
        parent = value
        for key in place[:-1]:
            parent = parent[key]
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            parent[place[-1]] = draw(trees)
        elif action == "remove":
            parent.pop(place[-1], None) if isinstance(parent, dict) else parent.pop(place[-1])
        elif isinstance(parent, dict):
            parent[draw(_TEXTS)] = draw(
                trees
            )  # texts that a reply can carry, so that paths name them as they are
    return body, value


@given(st.sampled_from(schemas.BODIES), _TREES, st.booleans())
def test_no_json_value_raises(body: Body[Any], value: Any, every: bool):
    msgspec.json.encode(faults(body, value, every=every))


@given(_damaged(_TREES), st.booleans())
def test_no_damaged_body_raises(damaged: tuple[Body[Any], Any], every: bool):
    body, value = damaged
    msgspec.json.encode(faults(body, value, every=every))


def _points_into(value: Any, path: tuple[Any, ...], kind: str) -> bool:
    *parents, last = path
    for key in parents:
        value = value[key]
    there = last < len(value) if isinstance(value, list) else last in value
    return there != (kind == "any.required")


@given(_damaged(_CLEAN_TREES), st.booleans())
def test_fault_paths_point_into_the_body(damaged: tuple[Body[Any], Any], every: bool):
    body, value = damaged
    found = faults(body, value, every=every)
    msgspec.json.encode(found)
    for fault in found:
        if fault.path:
            assert fault.context["key"] == fault.path[-1]
            assert _points_into(value, fault.path, fault.type)


@given(_damaged(_TREES))
def test_the_first_fault_leads_the_list_of_all(damaged: tuple[Body[Any], Any]):
    first = faults(*damaged)
    every = faults(*damaged, every=True)
    assert [fault.path for fault in first] == [fault.path for fault in every[:1]]


def _texts(shape: Str) -> st.SearchStrategy[Any]:
    if shape.choices:
        return st.sampled_from(shape.choices)
    if shape.email:
        return st.sampled_from(["qa@shopbonsai.ca", "a+b@c-d.example"])
    texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=shape.longest)
    return texts | st.none() if shape.nullable else texts


def _valid(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of this shape."""
    match shape:
        case Str():
            return _texts(shape)
        case Whole():
            return st.integers(shape.least, shape.most)
        case Amount():
            return st.integers(0, shape.most) | st.integers(0, 10**9).map(lambda cents: cents / 100)
        case Bool():
            return st.booleans()
        case Bag():
            return st.dictionaries(st.text("abc", max_size=3), st.integers(-5, 5), max_size=3)
        case Arr():
            return st.lists(_valid(shape.items), min_size=shape.least, max_size=3)
        case Obj():
            required = {
                key.name: _valid(key.shape) for key in shape.keys if key.required or key.name in shape.any_of
            }
            optional = {key.name: _valid(key.shape) for key in shape.keys if key.name not in required}
            return st.fixed_dictionaries(required, optional=optional)
        case _:
            raise AssertionError(f"the door has no {shape}")


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(inner) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in cast("list[Any]", value)]
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("body", [*schemas.BODIES, schemas.PRODUCTS_QUERY], ids=lambda body: body.name)
@given(data=st.data())
def test_valid_bodies_keep_their_meaning(body: Body[Any], data: st.DataObject):
    value = data.draw(_valid(body.shape))
    checked = check(body, value, JOI)
    assert checked.faults == ()
    assert _as_json(checked.value) == value
    jsonschema_rs.Draft202012Validator(json_schema(body.shape)).validate(value)


_VALIDATORS = {body.name: jsonschema_rs.Draft202012Validator(json_schema(body.shape)) for body, _ in _SAMPLES}
_BEYOND_JSON_SCHEMA = {"string.email", "object.depth", "binary.max"}


@given(_damaged(_CLEAN_TREES))
def test_what_the_description_accepts_is_accepted(damaged: tuple[Body[Any], Any]):
    body, value = damaged
    text = msgspec.json.decode(msgspec.json.encode(value))  # without NaN
    if _VALIDATORS[body.name].is_valid(text):
        kinds = {fault.type for fault in faults(body, text) if fault.path[:2] != ("misc", "data")}
        assert kinds <= _BEYOND_JSON_SCHEMA
