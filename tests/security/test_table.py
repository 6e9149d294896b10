"""No route and no outgoing call is forgotten: each has its tests, which are there, and a page says so."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from entrepot.doors.bonsai.openapi import API as BONSAI
from entrepot.doors.datamingle.openapi import API as DATAMINGLE
from entrepot.doors.rebound.openapi import API as REBOUND
from entrepot.doors.walmart.openapi import API as WALMART
from tests.security.claims import CLAIMS, LINES
from tests.security.outgoing import OUTGOING, connecting_modules
from tests.security.page import is_open, matches, security_page
from tests.security.routes import Route, all_routes

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "security.md"
DESCRIBED = {"bonsai": BONSAI, "datamingle": DATAMINGLE, "rebound": REBOUND, "walmart": WALMART}
BASES = ("/v3/orders-fulfillments", "/v3/fulfillment/return-orders", "/v3/wfs/inventory")
"""Of Walmart other prefixes of operations that are described once."""


@pytest.fixture(scope="module")
async def routes() -> list[Route]:
    return await all_routes()


async def test_each_route_has_a_test_for_each_line(routes: list[Route]) -> None:
    missing = [
        f"{number} {route}"
        for number, line in LINES.items()
        for route in routes
        if line.by_route and (number == "API4" or is_open(route) is None)
        if not any(each.line == number and matches(route, each.routes) for each in CLAIMS)
    ]
    assert missing == [], "say in tests/security/claims.py which test holds it"


async def test_no_claim_is_of_a_route_that_is_gone(routes: list[Route]) -> None:
    gone = [
        pattern
        for claim in CLAIMS
        for pattern in claim.routes
        if not any(matches(each, [pattern]) for each in routes)
    ]
    assert gone == []
    assert {each.line for each in CLAIMS} == {*LINES}


@cache
def _tests_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(
        each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_test_that_is_named_is_there() -> None:
    named = {test for claim in CLAIMS for test in claim.tests} | {each.test for each in OUTGOING}
    gone = [test for test in named if test.partition("::")[2] not in _tests_of(test.partition("::")[0])]
    assert gone == []


def test_every_outgoing_call_is_known_with_its_guard() -> None:
    assert {each.module for each in OUTGOING} == connecting_modules()


async def test_what_is_answered_is_described(routes: list[Route]) -> None:
    """Of the doors that are described in OpenAPI, path by path, both ways."""
    for door, api in DESCRIBED.items():
        described = {(each.method, _shape(each.path)) for each in api.operations}
        own = [each for each in routes if each.room == door and each.path != "/openapi.json"]
        answered = {(each.method, _shape(each.path)) for each in own if each.method != "OPTIONS"}
        silent = {each for each in answered - described if not each[1].startswith(BASES)}
        assert silent <= {("GET", "/orders/v2/external-order-id/{}")}, (door, silent)
        unanswered = {each for each in described - answered if "/external-order-id/" not in each[1]}
        assert not unanswered, (door, unanswered)


def _shape(path: str) -> str:
    parts = ("{}" if part.startswith("{") else part for part in path.rstrip("/").split("/"))
    return "/".join(parts)


async def test_the_page_is_what_the_tables_make(routes: list[Route]) -> None:
    assert PAGE.read_text("utf-8") == security_page(routes), "python -m tests.security.page docs/reference"
