"""What the server says of its doors, on its first page and where each describes itself, is what its manifests say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

import entrepot
from entrepot.doors.manifest import Missing
from entrepot.doors.textalk.page import method_table
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


LACKED = [(door, each) for door, manifest in manifests().items() for each in manifest.missing]
_TEXTALK = "/textalk/backend/jsonrpc/v1"


def _called(demo: Server, door: str, each: Missing) -> httpx.Response:
    if each.path:
        path = re.sub(r"{\w+}", "1", each.path)
        return httpx.request(each.method, f"{demo.url}/{door}{path}", timeout=60)
    method = each.name if "." in each.name else f"{each.name}.get"
    return httpx.post(
        demo.url + _TEXTALK, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": []}, timeout=60
    )


def _counted(demo: Server) -> dict[tuple[str, str], float]:
    line = r'^entrepot_unimplemented_total{door="([^"]*)",operation="([^"]*)"} ([0-9.]+)$'
    found = re.findall(line, httpx.get(f"{demo.url}/metrics", timeout=60).text, re.MULTILINE)
    return {(door, operation): float(count) for door, operation, count in found}


@pytest.mark.parametrize(("door", "each"), LACKED, ids=lambda value: getattr(value, "name", value))
def test_what_a_vendor_has_and_we_do_not_says_so_and_is_counted(
    demo: Server, door: str, each: Missing
) -> None:
    before = _counted(demo).get((door, each.name), 0)
    reply = _called(demo, door, each)
    assert reply.headers["link"] == f'</missing#{each.name}>; rel="help"'
    if each.path:
        assert reply.status_code == 501
        assert reply.json().get("error") or reply.json()["errorCode"], "in the shape of the door"
    else:
        assert (reply.status_code, reply.json()["error"]["code"]) == (200, -32601)
    assert _counted(demo)[door, each.name] == before + 1


def _lacks(name: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": name, "method": name, "params": []}


def test_each_call_of_a_batch_and_of_a_socket_says_where_to_read_on_and_is_counted(demo: Server) -> None:
    names = [each.name for door, each in LACKED if door == "textalk"][:2]
    methods = [name if "." in name else f"{name}.get" for name in names]
    before = _counted(demo)
    batch = httpx.post(demo.url + _TEXTALK, json=[_lacks(each) for each in methods], timeout=60).json()
    with connect(demo.url.replace("http", "ws") + _TEXTALK, proxy=None) as socket:
        for each in methods:
            socket.send(json.dumps(_lacks(each)))
        answers = [json.loads(socket.recv(60)) for _ in methods]
    for name, method in zip(names, methods, strict=True):
        for error in (each["error"] for each in (*batch, *answers) if each["id"] == method):
            assert (error["code"], error["message"]) == (-32601, "Method not found")
            assert f"/missing#{name} " in error["data"]
        assert _counted(demo)["textalk", name] == before.get(("textalk", name), 0) + 2


def test_what_no_vendor_has_is_not_found_and_counts_for_nothing(demo: Server) -> None:
    before = _counted(demo)
    for path in (
        "/walmart/v3/fulfillment/nothing",
        "/rebound/api/nothing/create/json",
        "/datamingle/nothing",
    ):
        reply = httpx.post(demo.url + path, timeout=60)
        assert reply.status_code == 404
        assert "missing" not in reply.headers["link"]
    nobody = Missing("Nobody.get", "")
    assert _called(demo, "textalk", nobody).json()["error"]["code"] == -32601
    assert "link" not in _called(demo, "textalk", nobody).headers
    assert httpx.put(f"{demo.url}/walmart/v3/feeds", timeout=60).status_code == 405
    assert _counted(demo) == before


@pytest.mark.parametrize("method", ["PURGE", "PROPFIND", "LOCK"])
def test_a_method_that_no_door_has_is_refused_in_the_doors_own_shape(demo: Server, method: str) -> None:
    for door in DOORS:
        path = {"textalk": _TEXTALK, "walmart": "/walmart/v3/token"}.get(door, f"/{door}/openapi.json")
        reply = httpx.request(method, demo.url + path, timeout=60)
        assert reply.status_code == (404 if door == "bonsai" else 405)
        body = reply.json()
        assert body.get("errors") or body.get("error") or body["errorCode"]


def test_the_page_of_what_is_missing_has_a_place_for_each(demo: Server) -> None:
    told = httpx.get(f"{demo.url}/missing", timeout=60).json()["doors"]
    assert [(door["door"], each["name"]) for door in told for each in door["missing"]] == [
        (door, each.name) for door, each in LACKED
    ]
    assert [door["door"] for door in told] == list(DOORS)
    page = httpx.get(f"{demo.url}/missing", headers={"accept": "text/html"}, timeout=60).text
    assert all(f'id="{each.name}"' in page for _, each in LACKED)


def test_missing_operations_have_names_of_their_own_and_are_missing() -> None:
    names = [each.name for _, each in LACKED]
    assert len(names) == len({*names}) > 40
    classes = {name.partition(".")[0] for name in method_table()}
    assert not {each.name for door, each in LACKED if door == "textalk"} & {*method_table(), *classes}
