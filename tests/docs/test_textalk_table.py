"""Each line of the tables of Textalk's errors provokes its error."""

from __future__ import annotations

from contextlib import closing

import httpx
import pytest

from entrepot.doors.textalk.wire.errors import Code
from tests.docs.calls import Caller, Row, rows
from tests.docs.pages import DOCS
from tests.docs.reached import assert_kept, left_over
from tests.support.server import Server

PAGE = DOCS / "how-to" / "test-a-textalk-client.md"
ROWS = rows(PAGE)
UNNAMED: dict[int, str] = {Code.BAD_AUTH_TOKEN: "unauthenticated", Code.BAD_SESSION_TOKEN: "session-unknown"}
"""What these codes alone stand for; their answers lead to no page."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}-{row.steps[-1][:40]}")
def test_the_calls_of_a_line_come_to_its_code(row: Row, demo: Server) -> None:
    with closing(Caller(demo.url)) as caller:
        replies = [reply for step in row.steps if (reply := caller.take(step)) is not None]
    *before, last = [reply.json() for reply in replies]
    if row.leaves_traces:
        httpx.post(f"{demo.url}/sandbox/reset", trust_env=False, verify=False, timeout=60).raise_for_status()
    assert all("result" in reply for reply in before), before
    assert last["error"]["code"] == row.code, last
    assert replies[-1].status_code == (401 if row.code == Code.BAD_AUTH_TOKEN else 200)
    assert_kept("textalk", PAGE, row.steps, replies[-1], UNNAMED.get(row.code))


def test_every_code_has_a_line() -> None:
    assert {row.code for row in ROWS} == set(map(int, Code))


def test_no_way_to_a_failure_is_kept_that_the_page_does_not_show() -> None:
    assert left_over("textalk", PAGE, [row.steps for row in ROWS]) == []
