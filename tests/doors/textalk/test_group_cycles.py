"""Groups form a tree: none stands below itself, whoever moves which of them when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.doors.textalk.people import Shopping

BELOW_ITSELF = [("/parent", 9001)]


async def moved(eva: Shopping, auth: str, group: int, parent: int | None, process: int = 0) -> Any:
    """What moving a group comes to: the result, or code and pointers."""
    reply = await eva.reply("Articlegroup.set", group, {"parent": parent}, auth=auth, process=process)
    body = reply.json()
    if "result" in body:
        return body["result"]
    error = body["error"]
    return [(each["pointer"], error["code"]) for each in error["data"]]


async def groups(eva: Shopping, auth: str, count: int) -> list[int]:
    """So many groups, each below the one before."""
    made: list[int] = []
    for number in range(count):
        patch = {"name": {"en": f"Shelf {number}"}, "parent": made[-1] if made else None}
        made.append((await eva.call("Articlegroup.create", patch, auth=auth))["uid"])
    return made


async def roots(eva: Shopping, auth: str, *wanted: int) -> int:
    """How many of these have no parent."""
    found = await eva.call("Articlegroup.list", ["uid", "parent"], True, auth=auth)
    return sum(each["uid"] in wanted and each["parent"] is None for each in found)


@pytest.mark.parametrize("depth", [1, 2, 4])
async def test_a_group_is_not_put_below_itself(eva: Shopping, depth: int) -> None:
    auth = await eva.shop.administrator()
    shelves = await groups(eva, auth, depth)
    assert await moved(eva, auth, shelves[0], shelves[-1]) == BELOW_ITSELF
    assert await roots(eva, auth, *shelves) == 1
    [other] = await groups(eva, auth, 1)
    assert await moved(eva, auth, shelves[0], other) == {"uid": shelves[0]}
    assert await moved(eva, auth, shelves[0], None) == {"uid": shelves[0]}


async def test_two_moves_at_once_make_no_circle(eva: Shopping) -> None:
    auth = await eva.shop.administrator()
    for _ in range(5):
        one, other = [(await groups(eva, auth, 1))[0] for _ in range(2)]
        both = await asyncio.gather(moved(eva, auth, one, other), moved(eva, auth, other, one, 1))
        assert BELOW_ITSELF in both
        assert await roots(eva, auth, one, other) == 1
