"""Each failure once, and how every door says it: worked examples, in the words of the doors' own renderers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.doors.kit.failing.pages import describe
from entrepot.doors.kit.failing.tables import DoorFailures
from entrepot.doors.kit.failing.telling import reached, unreached
from entrepot.doors.walmart.openapi import ROUTES
from entrepot.doors.walmart.replies.telling import OPERATIONS
from entrepot.failures import Failure, OperationMissing, TemporaryFailure, catalogue
from entrepot.registry import failure_tables
from tests.docs.pages import ROOT


def _said() -> Iterator[tuple[DoorFailures, type[Failure]]]:
    for table in failure_tables():
        for failure in table.codes:
            yield table, failure


SAID = list(_said())


@pytest.mark.parametrize(("table", "failure"), SAID, ids=lambda each: getattr(each, "door", "") or each.name)
def test_a_door_says_a_failure_by_the_status_and_code_of_its_table(
    table: DoorFailures, failure: type[Failure]
) -> None:
    status, code = table.codes[failure]
    shown = _at(table, failure)["examples"]
    assert status in {each["status"] for each in shown}
    assert any(each["status"] == status and _holds(each["body"], code) for each in shown), shown
    assert all(each["headers"]["content-type"] == "application/json" for each in shown)


@pytest.mark.parametrize(("table", "failure"), SAID, ids=lambda each: getattr(each, "door", "") or each.name)
def test_headers_name_the_failure_and_when_to_come_again(table: DoorFailures, failure: type[Failure]) -> None:
    if table.door == "textalk" and table.codes[failure][0] != 200:
        pytest.skip("around its calls the door names no failure")
    for each in _at(table, failure)["examples"]:
        page = (
            "/missing#create-inbound-shipment" if failure is OperationMissing else f"/failures/{failure.name}"
        )
        assert each["headers"]["link"] == f'<{page}>; rel="help"'
        assert ("retry-after" in each["headers"]) is issubclass(failure, TemporaryFailure)


def test_what_a_failure_knows_is_in_what_is_said() -> None:
    shown = json.dumps(describe(catalogue()["sold-out"], failure_tables()))
    assert '"variant_id": "103"' in shown
    assert "Not enough stock: 103" in shown


def test_what_operations_say_alike_is_there_once_and_names_them() -> None:
    walmart = next(table for table in failure_tables() if table.door == "walmart")
    shown = _at(walmart, catalogue()["order-unknown"])["examples"]
    codes = {each["body"]["errors"][0]["code"]: each["operations"] for each in shown}
    assert codes["OS_NOT_FOUND_ERROR"] == ["status"]
    texts = [json.dumps(each["body"]) for each in shown]
    assert len(set(texts)) == len(texts) > 2


def _at(table: DoorFailures, failure: type[Failure]) -> dict[str, Any]:
    (found,) = describe(failure, [table])["doors"]
    return found


def _holds(body: object, code: str) -> bool:
    return code == "-" or json.dumps(code) in json.dumps(body) or f'"code": {code}' in json.dumps(body)


@pytest.mark.parametrize("table", failure_tables(), ids=lambda table: table.door)
def test_ways_are_of_failures_that_the_door_says_and_lead_to_pages_and_tests_that_there_are(
    table: DoorFailures,
) -> None:
    kept = reached(table.door)
    assert kept.keys() <= {failure.name for failure in table.codes}
    for way in (way for ways in kept.values() for way in ways):
        file, _, test = way.page.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert bool(test) is not bool(way.steps)
        assert not test or f"def {test}(" in text, way


@pytest.mark.parametrize(("table", "failure"), SAID, ids=lambda each: getattr(each, "door", "") or each.name)
def test_a_saying_has_ways_to_it_or_a_reason_why_there_is_none(
    table: DoorFailures, failure: type[Failure]
) -> None:
    shown = _at(table, failure)
    assert bool(shown["reach"]) is not bool(shown["why_not"]), (
        "a line of a how-to, or unreached.json says why not"
    )


@pytest.mark.parametrize("table", failure_tables(), ids=lambda table: table.door)
def test_a_reason_is_of_failures_that_the_door_says_and_each_has_one(table: DoorFailures) -> None:
    kept = [name for reason in unreached(table.door) for name in reason.failures]
    assert sorted(kept) == sorted(set(kept))
    assert set(kept) <= {each.name for each in table.codes if each not in table.unexpected}
    assert all(reason.why.endswith(".") for reason in unreached(table.door))


def test_every_operation_of_walmart_that_has_a_voice_is_heard() -> None:
    assert {id(voice) for voice in OPERATIONS.values()} == {id(route.voice) for route in ROUTES}
