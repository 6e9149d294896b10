"""The page at `/`: for browsers and for terminals, with no link that leads nowhere, in a sandbox and without one."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.docs.examples import read_curl, send
from tests.support.server import Server, running_server

from entrepot.cli.run.demo import apply_demo
from entrepot.registry import DOORS
from entrepot.sandbox.openapi import document

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
async def filled(module_database_url: str) -> str:
    await apply_demo(module_database_url)
    return module_database_url


@pytest.fixture(scope="module", params=["--sandbox", "without"])
def server(filled: str, open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    mode = [request.param] if request.param == "--sandbox" else []
    with running_server(open_folder / "home.log", *mode, "--database-url", filled) as running:
        yield running


def page(server: Server, **headers: str) -> str:
    reply = httpx.get(server.url, headers=headers, trust_env=False, verify=False, timeout=60)
    assert (reply.status_code, reply.headers["vary"]) == (200, "Accept")
    return reply.text


def status(server: Server, path: str) -> int:
    reply = httpx.get(
        server.url + path, headers=BROWSER, trust_env=False, verify=False, timeout=60, follow_redirects=True
    )
    return reply.status_code


def test_every_link_leads_somewhere(server: Server) -> None:
    links = re.findall(r'href="([^"]+)"', page(server, **BROWSER))
    assert len(links) > len(DOORS) + 4
    assert {link: status(server, link) for link in links if status(server, link) >= 400} == {}


def test_every_path_of_the_text_leads_somewhere(server: Server) -> None:
    lines = page(server, accept="*/*").splitlines()
    paths = {
        word.strip(";") for line in lines if line.startswith("/") for word in line.split() if word[0] == "/"
    }
    paths -= {f"/{door}" for door in DOORS}  # where an API's paths begin
    assert {"/failures", "/metrics", "/bonsai/openapi.json"} <= paths
    assert {path: status(server, path) for path in paths if status(server, path) >= 400} == {}


def test_only_a_sandbox_speaks_of_one(server: Server) -> None:
    shown = "--sandbox" in server.arguments
    assert [("/sandbox/" in page(server, accept=each)) for each in ("text/html", "*/*")] == [shown, shown]


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_each_first_request_succeeds_as_it_stands(server: Server, accept: str) -> None:
    text = page(server, accept=accept)
    if accept == "text/html":
        text = html.unescape(re.sub(r"<[^>]+>", "\n", text))
    commands = [line for line in text.splitlines() if line.startswith("curl ")]
    assert len(commands) == len(DOORS)
    for command in commands:
        assert server.url in command
        reply = send(read_curl(command), server.port)
        assert reply.is_success, (command, reply.text)
        assert '"error"' not in reply.text


def test_the_control_plane_of_no_sandbox_is_not_there_and_tells_nothing(server: Server) -> None:
    described = json.loads(document())["paths"]
    asked = [(method, path) for path, methods in described.items() for method in methods]
    assert len(asked) > 20
    if "--sandbox" in server.arguments:
        assert status(server, "/sandbox/openapi.json") == 200
        return
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as http:
        nothing = http.get("/nothing-is-here")
        for method, path in asked:
            reply = http.request(method.upper(), re.sub(r"{\w+}", "1", path), json={})
            assert (reply.status_code, reply.content) == (404, nothing.content), (method, path)
            assert reply.headers.keys() == nothing.headers.keys()
