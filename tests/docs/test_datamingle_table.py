"""The table of docs/how-to/test-a-datamingle-client.md: each request comes to the answer that its line says."""

import re
from typing import Any, NamedTuple

import httpx
import pytest

from tests.docs.pages import DOCS
from tests.docs.reached import assert_kept, left_over
from tests.support.server import Server

PAGE = DOCS / "how-to" / "test-a-datamingle-client.md"
LINE = re.compile(
    r"^\| `(.+?)` \| (\d+) \| `(\w+) (\S+)`( twice)? \| `(\S+)` \| (?:`(.+?)`)? ?\| ", re.MULTILINE
)
PREFIX = "/datamingle/api/integrations/v1"


class Provocation(NamedTuple):
    """A line of the table."""

    answer: str
    status: str
    method: str
    path: str
    twice: str
    key: str
    body: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The line as steps."""
        headers = f"X-API-Key: {_key(self.key)}" if self.key != "none" else "no X-API-Key"
        sent = (f"{self.method} {PREFIX}{self.path}", headers, self.body)
        return (*filter(None, sent), *(["the same again"] if self.twice else []))


PROVOCATIONS = [Provocation(*found) for found in LINE.findall(PAGE.read_text("utf-8"))]


def test_every_line_is_read() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert len(PROVOCATIONS) == len(lines) > 20


@pytest.mark.parametrize("line", PROVOCATIONS, ids=lambda line: f"{line.answer} {line.path} {line.key}")
def test_a_request_comes_to_what_its_line_says(demo: Server, line: Provocation) -> None:
    httpx.post(f"{demo.url}/sandbox/reset", trust_env=False, verify=False, timeout=60).raise_for_status()
    replies = [_send(demo, line) for _ in range(2 if line.twice else 1)]
    reply = replies[-1]
    assert reply.status_code == int(line.status), reply.text
    body: Any = reply.json()
    assert line.answer in (body.get("detail"), body.get("error", {}).get("code"))
    assert_kept("datamingle", PAGE, line.steps, reply)


def _send(demo: Server, line: Provocation) -> httpx.Response:
    headers = {} if line.key == "none" else {"X-API-Key": _key(line.key)}
    if line.body:
        headers["Content-Type"] = "application/json"
    return httpx.request(
        line.method,
        demo.url + PREFIX + line.path,
        headers=headers,
        content=line.body.encode() if line.body else None,
        trust_env=False,
        timeout=60,
    )


def _key(account: str) -> str:
    return "sk_live_" + f"demo-{account}-".ljust(40, "0")


def test_no_way_to_a_failure_is_kept_that_the_page_does_not_show() -> None:
    assert left_over("datamingle", PAGE, [line.steps for line in PROVOCATIONS]) == []
