"""What the pages show is what the server answers."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import typer

from entrepot.cli import app
from entrepot.doors.bonsai.openapi import errors
from entrepot.registry import DOORS, manifests
from tests.docs.examples import Example, Names, assert_answered, examples, printed, read_curl, send
from tests.docs.pages import DOCS, PAGES, ROOT, blocks, commands, name_of
from tests.docs.reached import assert_kept, left_over
from tests.docs.test_pasted import PASTED
from tests.support.server import Server

BONSAI_TABLE = DOCS / "how-to" / "test-a-bonsai-client.md"
ORDER: Any = json.loads((DOCS / "examples" / "order.json").read_text("utf-8"))


def _runs(example: Example) -> bool:
    return example.answer is not None or example.command.startswith("curl ")


def _is_program(example: Example) -> bool:
    return example.command.startswith("python docs/examples/")


WITH_EXAMPLES = [
    page for page in PAGES if page not in PASTED and any(_runs(example) for example in examples(page))
]


def _reset(server: Server) -> None:
    httpx.post(f"{server.url}/sandbox/reset", trust_env=False, verify=False, timeout=60).raise_for_status()


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_come_to_what_it_shows(page: Path, demo: Server, demo_url: str) -> None:
    _reset(demo)
    names = Names()
    for example in filter(_runs, examples(page)):
        if example.command.startswith("curl "):
            reply = send(read_curl(names.put_into(example.command)), demo.port)
            assert_answered(example.answer, reply, names)
        else:
            assert example.answer is not None
            run = _run_program(example, demo.port) if _is_program(example) else _run(example, demo_url)
            assert printed(run) == printed(example.answer.text)


def _run_program(example: Example, port: int) -> str:
    _, *arguments = shlex.split(example.command.replace(":8600", f":{port}"))
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    return done.stdout


def _run(example: Example, database_url: str) -> str:
    program, *arguments = shlex.split(example.command)
    assert program == "entrepot"
    done = subprocess.run(
        [sys.executable, "-c", "from entrepot.cli import main; main()", *arguments],
        env={**os.environ, "ENTREPOT_DATABASE_URL": database_url, "COLUMNS": "200"},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("door", DOORS)
def test_what_the_demo_prints_to_try_at_a_door_comes_to_what_it_says(door: str, demo: Server) -> None:
    tries = manifests()[door].tries("http://127.0.0.1:8600")
    assert tries, "each door has something to try"
    for each in tries:
        reply = _answer(each.commands, demo)
        if "sold out" in each.says:
            assert reply.json()["errors"][0]["code"] == "OUT_OF_STOCK"
        else:
            assert reply.is_success, reply.text
            assert "error" not in reply.json(), reply.text


def _answer(commands: Sequence[str], demo: Server) -> httpx.Response:
    """What the last one is answered; the one before may get a token, as `cut` takes it out of the text."""
    *before, last = commands
    for asking in before:
        asked = asking.removeprefix("TOKEN=$(").partition(" | cut")[0]
        last = last.replace("$TOKEN", send(read_curl(asked), demo.port).text.split('"')[3])
    return send(read_curl(last), demo.port)


def _shown_commands() -> list[str]:
    shell = (
        block.text
        for page in PAGES
        for block in blocks(page)
        if block.language == "" or (block.language == "sh" and page not in PASTED)
    )
    return [each for text in shell for each in commands(text) if each.startswith("entrepot ")]


@pytest.mark.parametrize("command", sorted(set(_shown_commands())))
def test_commands_that_pages_show_exist_with_their_options(command: str) -> None:
    parser: Any = typer.main.get_command(app)
    arguments = shlex.split(command, comments=True)[1:]
    while hasattr(parser, "commands"):
        parser, arguments = parser.commands[arguments[0]], arguments[1:]
    parser.make_context("entrepot", arguments)


PLACED = "POST /bonsai/orders/V1/submit with docs/examples/order.json and API-Key: demo-api-key"


class Provocation(NamedTuple):
    """A line of the table: what it changes in the order, and what that comes to."""

    code: str
    status: int
    changes: tuple[tuple[str, str], ...]
    twice: bool

    @property
    def steps(self) -> tuple[str, ...]:
        """The line as steps."""
        changes = (f"{place} = {value}" for place, value in self.changes)
        return (PLACED, *changes, *(["the same again"] if self.twice else []))


def _provocations() -> list[Provocation]:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+?) \| ", BONSAI_TABLE.read_text("utf-8"), re.MULTILINE)
    return [
        Provocation(code, int(status), tuple(re.findall(r"`([\w.-]+) = (.+?)`", cell)), "twice" in cell)
        for code, status, cell in rows
    ]


@pytest.mark.parametrize("row", _provocations(), ids=lambda row: row.code)
def test_each_line_of_the_bonsai_table_provokes_its_error(row: Provocation, demo: Server) -> None:
    if row.twice:
        _reset(demo)  # the others are refused, so they leave nothing behind
    body, headers = json.loads(json.dumps(ORDER)), {"API-Key": "demo-api-key"}
    for place, value in row.changes:
        if place in headers:
            headers[place] = value
        else:
            _change(body, place, value)
    for succeeds in [True, False] if row.twice else [False]:
        url = f"{demo.url}/bonsai/orders/V1/submit"
        reply = httpx.post(url, json=body, headers=headers, trust_env=False, verify=False, timeout=60)
        if succeeds:
            assert reply.status_code == 200, reply.text
        else:
            assert [(e["status"], e["code"]) for e in reply.json()["errors"]] == [(row.status, row.code)]
            assert reply.status_code == row.status
            assert_kept("bonsai", BONSAI_TABLE, row.steps, reply)


def test_no_way_to_a_failure_of_bonsai_is_kept_that_the_page_does_not_show() -> None:
    assert left_over("bonsai", BONSAI_TABLE, [row.steps for row in _provocations()]) == []


def _change(body: Any, place: str, value: str) -> None:
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    for step in steps:
        body = body[step]
    if value == "absent":
        del body[last]
    else:
        body[last] = json.loads(value)


def test_the_bonsai_table_has_every_error_of_placing_an_order() -> None:
    forms = (errors.INVALID_INPUT, *errors.PLACING, *errors.ORDERING, *errors.PAYING)
    assert {form.code for form in forms} <= {row.code for row in _provocations()}
