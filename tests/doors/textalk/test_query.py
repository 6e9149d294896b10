"""Queries, selections and filters as they are read: every fault with its pointer."""

from typing import Any

import pytest

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.query.filters import read_filters
from entrepot.doors.textalk.query.projection import Projection, read_projection
from entrepot.doors.textalk.query.selection import Selection, read_selection
from entrepot.doors.textalk.wire.errors import Code, RpcError
from tests.doors.textalk.shop import ARTICLE, CLASSES


def query(raw: Any, audience: Audience = Audience.ANONYMOUS) -> Projection | RpcError:
    return read_projection(raw, ARTICLE, CLASSES, audience)


def pointers(result: object) -> list[str]:
    assert isinstance(result, RpcError)
    assert isinstance(result.data, tuple)
    assert result.code in {Code.INVALID_QUERY, Code.INVALID_PARAMS}
    for problem in result.data:
        assert problem.text.render("en") != problem.text.render("sv")
    return [problem.pointer for problem in result.data]


def names(result: object) -> list[str]:
    assert isinstance(result, Projection)
    return [pick.field.name for pick in result.picks]


@pytest.mark.parametrize("raw", [True, {}, []])
def test_everything_leaves_out_what_the_caller_may_not_read(raw: Any) -> None:
    assert "cost" not in names(query(raw))
    assert "cost" in names(query(raw, Audience.ADMIN))


@pytest.mark.parametrize("raw", [{"name": True, "uid": True}, ["name", "uid"], {"name": {}, "uid": True}])
def test_objects_arrays_and_strings_are_the_same_query(raw: Any) -> None:
    assert names(query(raw)) == ["name", "uid"]
    assert names(query("name")) == ["name"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (False, [""]),
        (None, [""]),
        (5, [""]),
        ("foo", [""]),
        (["uid", "foo", 5], ["/1", "/2"]),
        ({"foo": True, "a/b": True}, ["/foo", "/a~1b"]),
        ({"uid": {"x": True}}, ["/uid"]),
        ({"uid": "x"}, ["/uid"]),
        ({"uid": False}, ["/uid"]),
        ({"name": {"english": True}}, ["/name/english"]),
        ({"name": {"en": {"x": True}}}, ["/name/en"]),
        ({"name": ["en", "xxx"]}, ["/name/1"]),
        ({"stock": {"nope": True}}, ["/stock/nope"]),
        ({"articlegroup": {"foo": True}}, ["/articlegroup/foo"]),
        ({"orderedWithArticles": ["uid", "foo"]}, ["/orderedWithArticles/1"]),
    ],
)
def test_every_malformed_query_points_at_its_faults(raw: Any, expected: list[str]) -> None:
    assert pointers(query(raw)) == expected


def test_naming_an_unreadable_property_is_forbidden() -> None:
    assert query({"cost": True}) == RpcError(Code.FORBIDDEN)
    assert query({"articlegroup": True, "orderedWithArticles": "cost"}) == RpcError(Code.FORBIDDEN)
    assert pointers(query({"cost": True, "foo": True})) == ["/foo"]


def nested(depth: int) -> Any:
    return {"parent": nested(depth - 1)} if depth else True


def test_references_are_followed_six_levels_deep() -> None:
    assert isinstance(query({"articlegroup": nested(6)}), Projection)
    assert pointers(query({"articlegroup": nested(7)})) == ["/articlegroup" + "/parent" * 6]


def test_five_hundred_keys_are_the_most() -> None:
    assert isinstance(query({"attributes": {f"k{n}": True for n in range(499)}}), Projection)
    assert pointers(query({"attributes": {f"k{n}": True for n in range(500)}})) == ["/attributes/k499"]


@pytest.mark.parametrize("raw", [True, None, {}, []])
def test_an_empty_selection_selects_everything(raw: Any) -> None:
    assert read_selection(raw, ARTICLE, Audience.ANONYMOUS) == Selection()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (5, ["/1"]),
        ("uid", ["/1"]),
        ({"foo": 1}, ["/1/foo"]),
        ({"sort": "foo"}, ["/1/sort"]),
        ({"sort": "name"}, ["/1/sort"]),
        ({"sort": 5}, ["/1/sort"]),
        ({"descending": 1}, ["/1/descending"]),
        ({"limit": -1, "offset": 1.5}, ["/1/limit", "/1/offset"]),
        ({"limit": True}, ["/1/limit"]),
        ({"limit": "1"}, ["/1/limit"]),
        ({"offset": 2**60}, ["/1/offset"]),
        ({"filters": 5}, ["/1/filters"]),
        ({"filters": {"uid": 5}}, ["/1/filters/uid"]),
        ({"filters": {"/foo": 5}}, ["/1/filters/~1foo"]),
        ({"filters": {"/uid/x": 5}}, ["/1/filters/~1uid~1x"]),
        ({"filters": {"/stock": None}}, ["/1/filters/~1stock"]),
        ({"filters": {"": 5}}, ["/1/filters/"]),
        ({"filters": {"/name~2": 5}}, ["/1/filters/~1name~02"]),
        ({"filters": {"/uid": {"like": 5}}}, ["/1/filters/~1uid/like"]),
        ({"filters": {"/uid": {"startsWith": "5"}}}, ["/1/filters/~1uid/startsWith"]),
        ({"filters": {"/uid": "x"}}, ["/1/filters/~1uid"]),
        ({"filters": {"/uid": [1, "x"]}}, ["/1/filters/~1uid/1"]),
        ({"filters": {"/uid": {"min": None}}}, ["/1/filters/~1uid/min"]),
        ({"filters": {"/uid": {"in": 5}}}, ["/1/filters/~1uid/in"]),
        ({"filters": {"/uid": {"in": [1, "x"]}}}, ["/1/filters/~1uid/in/1"]),
        ({"filters": {"/name": "x"}}, ["/1/filters/~1name"]),
        ({"filters": {"/name/english": "x"}}, ["/1/filters/~1name~1english"]),
        ({"filters": {"/price/SEK": {"min": True}}}, ["/1/filters/~1price~1SEK/min"]),
        ({"filters": {"/hidden": {"min": True}}}, ["/1/filters/~1hidden/min"]),
        ({"filters": {"/orderedWithArticles": {"equals": [1]}}}, ["/1/filters/~1orderedWithArticles/equals"]),
        (
            {"filters": {"/orderedWithArticles": {"contains": "x"}}},
            ["/1/filters/~1orderedWithArticles/contains"],
        ),
        ({"filters": {"/created": {"min": "soon"}}}, ["/1/filters/~1created/min"]),
        ({"filters": {"search": {"term": 5}}}, ["/1/filters/search/term"]),
        ({"filters": {"search": {"term": "x" * 201}}}, ["/1/filters/search/term"]),
        ({"filters": {"heavy": "perhaps"}}, ["/1/filters/heavy"]),
        ({"filters": {"/attributes/a": {"min": 5}}}, ["/1/filters/~1attributes~1a/min"]),
        ({"sort": "foo", "filters": {"/foo": 1}}, ["/1/sort", "/1/filters/~1foo"]),
    ],
)
def test_every_bad_selection_points_at_its_faults(raw: Any, expected: list[str]) -> None:
    assert pointers(read_selection(raw, ARTICLE, Audience.ADMIN)) == expected


def test_a_filter_is_no_way_to_learn_what_is_hidden() -> None:
    forbidden = RpcError(Code.FORBIDDEN)
    assert read_selection({"filters": {"/cost": {"min": 5}}}, ARTICLE, Audience.BUYER) == forbidden
    assert read_selection({"sort": "cost"}, ARTICLE, Audience.BUYER) == forbidden
    assert isinstance(read_selection({"sort": "cost"}, ARTICLE, Audience.ADMIN), Selection)


def test_fifty_conditions_are_the_most() -> None:
    filters = {f"/attributes/k{n}": n for n in range(50)}
    assert not isinstance(read_filters(filters, ARTICLE, Audience.ADMIN, "/0"), RpcError)
    too_many = read_filters({**filters, "/uid": 5}, ARTICLE, Audience.ADMIN, "/0")
    assert pointers(too_many) == ["/0"]
