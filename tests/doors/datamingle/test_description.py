"""The API description and the door say the same: every route, every failure, and what the shapes really take."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest

from entrepot.doors.datamingle import drf, schemas
from entrepot.doors.datamingle.app import GROUPS, Datamingle
from entrepot.doors.datamingle.failures import TABLE
from entrepot.doors.datamingle.mapped import Speeches
from entrepot.doors.datamingle.openapi import API
from entrepot.doors.kit import services_of
from entrepot.doors.kit.checking import Body, check
from entrepot.doors.kit.checking.json_schema import json_schema
from entrepot.doors.kit.observing.exchanges import observers
from entrepot.engine import Clock
from entrepot.engine.worker import Worker


async def test_every_route_of_the_door_is_described_and_nothing_else() -> None:
    services = services_of(Worker("postgresql://nowhere/none", Clock()), observers())
    door = Datamingle(services).door
    there = {
        (method, resource.path)
        for group in GROUPS
        for resource in group(services, door, Speeches(services)).resources()
        for method in resource.methods
    }
    described = {(each.method, each.path.rstrip("/")) for each in API.operations}
    assert there - described == {(method, path) for method, path in there if method in ("HEAD", "OPTIONS")}
    assert described <= there


def test_every_status_that_the_door_has_is_described_somewhere() -> None:
    described = {status for each in API.operations for status in each.replies}
    # What is no operation's: an unknown method.
    assert {form.status for form in TABLE.values()} - described == {405}


def test_references_of_the_description_lead_somewhere() -> None:
    document = API.document("/datamingle")
    found = set(re.findall(r"#/components/(\w+)/(\w+)", str(document)))
    assert found
    assert all(name in document["components"][kind] for kind, name in found)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (schemas.NEW_ORDER, {"order_number": 7.5, "items": [{"sku_code": 1, "quantity": "2"}], "else": 1}),
        (schemas.NEW_PRODUCT, {"sku": "A", "quantity": "7", "is_active": "yes"}),
        (schemas.NEW_PRODUCT, {"sku": "A", "is_active": 0, "custom_fields": None}),
        (schemas.ORDER_CHANGES, {"due_date": None, "notes": 7}),
    ],
)
def test_what_the_door_takes_the_description_allows(body: Body[Any], value: Any) -> None:
    assert check(body, value, drf.MANNER).value is not None
    jsonschema_rs.Draft202012Validator(json_schema(body.shape, drf.MANNER)).validate(value)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (schemas.NEW_ORDER, {"order_number": True, "items": [{"sku_code": "A", "quantity": 1}]}),
        (schemas.NEW_ORDER, {"order_number": "A", "items": []}),
        (schemas.NEW_PRODUCT, {"sku": "A", "quantity": -1}),
        (schemas.NEW_PRODUCT, {"sku": "A", "is_active": "perhaps"}),
        (schemas.ORDER_CHANGES, {"metadata": []}),
    ],
)
def test_what_the_description_forbids_the_door_refuses(body: Body[Any], value: Any) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.Draft202012Validator(json_schema(body.shape, drf.MANNER)).validate(value)
    assert check(body, value, drf.MANNER).value is None


def test_the_checks_of_this_module_see_a_difference() -> None:
    """A reply that is not described is found: else comparing would prove nothing."""
    schema = API.reply_schema("GET", "/api/integrations/v1/locations/", 200)
    page = {"limit": 50, "next_cursor": None}
    validator = jsonschema_rs.Draft202012Validator(schema)
    validator.validate({"success": True, "data": [], "pagination": page})
    for wrong in ({"success": True, "data": []}, {"success": True, "data": [{}], "pagination": page}):
        assert not validator.is_valid(wrong)
