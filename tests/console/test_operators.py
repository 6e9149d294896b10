"""Operators by the command line, and over a reset of the sandbox."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.cli.run.demo import apply_demo
from entrepot.cli.run.operators import first_link
from entrepot.store.connections import connect
from entrepot.store.queries.operations.operators import Operator, find_operator, find_proof, make_proof
from tests.console.visiting import COOKIE, browser
from tests.support.server import running_server

NORTH = "select id from workspaces where name = 'north'"


def test_operators_are_added_listed_let_in_and_removed(database_url: str) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["operators", *arguments, "--database-url", database_url])
        return done.exit_code, done.output

    code, said = run("add", "ada")
    assert (code, bool(re.search(r"/console/link/0-[A-Za-z0-9_-]{43}", said))) == (0, True)
    assert run("list") == (0, "ada\tall\thas no password yet\n")
    assert run("add", "ada")[0] == 1
    assert run("add", "eva", "-w", "nowhere")[0] == 1
    code, again = run("link", "ada")
    assert (code, again != said) == (0, True)
    assert run("link", "eva")[0] == 1
    assert run("remove", "ada") == (0, "ada is removed.\n")
    assert run("remove", "ada")[0] == 1
    assert run("list") == (0, "")


async def test_the_first_start_lets_somebody_in_and_no_later_one(database_url: str) -> None:
    connection = await connect(database_url)
    link = await first_link(connection)
    assert link is not None
    proof = await find_proof(connection, "link", link.rpartition("/")[2], datetime.now(UTC))
    assert proof is not None
    assert (proof.operator.workspace, proof.operator.name) == (0, "admin")
    again = await first_link(connection)  # nobody used it
    assert again not in (None, link)
    await connection.execute("update operators set password = 'x'")
    assert await first_link(connection) is None
    await connection.close()


async def test_a_reset_of_the_sandbox_leaves_operators_their_sessions_and_workspaces(
    database_url: str, open_folder: Path
) -> None:
    await apply_demo(database_url)
    connection = await connect(database_url)
    before = await connection.fetchval(NORTH)
    now = datetime.now(UTC)
    for workspace, name in ((0, "ada"), (before, "eva")):
        await connection.execute(
            "insert into operators values ($1, gen_random_uuid(), $2, null, $3)", workspace, name, now
        )
    found = await find_operator(connection, before, "eva")
    assert found is not None
    session = await make_proof(connection, found[0], "session", now)
    with running_server(open_folder / "reset.log", "--sandbox", "--database-url", database_url) as running:
        async with httpx.AsyncClient(base_url=running.url, verify=False, timeout=60) as client:
            assert (await client.post("/sandbox/reset")).status_code == 200
        after = await connection.fetchval(NORTH)
        moved = await find_operator(connection, after, "eva")
        assert moved is not None
        assert isinstance(moved[0], Operator)
        assert moved[0].id == found[0].id
        assert await find_operator(connection, 0, "ada") is not None
        async with browser(running, {COOKIE: session}) as visitor:
            # Its session names the workspace as it was; where that has another number now, it is over.
            status = (await visitor.get("/console/log")).status_code
            assert status == (200 if after == before else 303)
    await connection.close()
