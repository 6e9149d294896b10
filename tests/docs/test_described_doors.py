"""What the server says of its doors, on its first page and where each describes itself, is what its manifests say."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import httpx

import entrepot
from entrepot.registry import DOORS, manifests
from tests.support.server import Server


def test_every_door_is_on_the_first_page_and_describes_itself_where_it_says(demo: Server) -> None:
    home = httpx.get(demo.url, verify=False, timeout=60).text
    lines = {line.split()[0].removeprefix("/"): line for line in home.splitlines() if line.startswith("/")}
    assert lines.keys() >= {*DOORS}
    for name, manifest in manifests().items():
        assert manifest.title
        assert manifest.title in lines[name]
        if manifest.description is not None:
            assert manifest.description in lines[name]
            described = httpx.get(f"{demo.url}/{name}{manifest.description}", verify=False, timeout=60).json()
            assert {"openapi", "openrpc"} & described.keys()


def test_a_door_that_says_nothing_of_a_description_has_none(demo: Server) -> None:
    silent = [name for name, manifest in manifests().items() if manifest.description is None]
    for name in silent:
        assert httpx.get(f"{demo.url}/{name}/openapi.json", verify=False, timeout=60).status_code != 200


def test_a_description_names_where_its_reader_found_the_door(demo: Server) -> None:
    own = {"Host": f"bonsai.localhost:{demo.port}"}
    for headers, prefix, server in (({}, "/bonsai", "/bonsai"), (own, "", "/")):
        told = httpx.get(f"{demo.url}{prefix}/openapi.json", headers=headers, verify=False, timeout=60).json()
        assert [each["url"] for each in told["servers"]] == [server]
        # What is described stands there: without a key, but it stands there.
        path, methods = next(iter(told["paths"].items()))
        url = f"{demo.url}{server.rstrip('/')}{path}"
        assert (
            httpx.request(next(iter(methods)), url, headers=headers, verify=False, timeout=60).status_code
            != 404
        )


def test_whoever_reads_what_entrepot_is_reads_of_every_door() -> None:
    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    helped = subprocess.run(
        [Path(sys.executable).with_name("entrepot"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for text in (project["description"], helped, entrepot.__doc__ or ""):
        assert [name for name in DOORS if name not in text.lower()] == []
