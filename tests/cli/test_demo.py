"""`entrepot demo` and `make run` as somebody starts them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from entrepot.cli.run.demo import apply_demo
from entrepot.engine.clock import real_now
from entrepot.sandbox.beginning.reset import Beginning
from entrepot.store.connections import Connection, connect
from entrepot.worlds import World, apply_world, demo_world
from tests.support.demo import running_demo

WORLD = """
sandbox = true
[workspaces.own.channels.a]
door = "bonsai"
keys = { live = "own-key" }
settings.external_payment.api.skip_validation = true
"""


def test_the_demo_runs_on_any_free_port_and_its_partner_is_asked_there(open_folder: Path) -> None:
    with running_demo(open_folder / "demo-a", ENTREPOT_PORT="0") as demo:
        assert demo.url != "http://127.0.0.1:8600"
        assert f"curl -s '{demo.url}/bonsai/orders/V1/submit'" in demo.said()
        world = httpx.get(f"{demo.url}/sandbox/world", trust_env=False, verify=False, timeout=60).json()
        north = next(each for each in world["workspaces"] if each["name"] == "north")
        urls = {
            channel["name"]: channel["settings"].get("external_payment", {}).get("api", {}).get("url")
            for channel in north["channels"]
        }
        assert urls["validated-http"] == f"{demo.url}/sandbox/partner/north/validate"
        assert urls["partner-down"] == "http://127.0.0.1:9/validate"
        order = {
            "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
            "products": [{"public_id": "c68yvyl5s1ienexavdwntb1dr", "variant_id": "101", "quantity": 1}],
            "shipping_address": {
                "first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St", "city": "Toronto",
                "province": "ON", "country": "CA", "zip": "M5V 2T6",
            },
            "payment": {
                "method": "external payment", "token": "ext_valid_1", "currency": "USD",
                "amounts": {"goods": 25, "shipping": 4, "taxes": 3.77},
            },
        }  # fmt: skip
        reply = httpx.post(
            f"{demo.url}/bonsai/orders/V1/submit",
            json=order,
            headers={"API-Key": "validated-http-api-key"},
            trust_env=False,
            timeout=60,
        )
        assert reply.status_code == 200, reply.text
    with running_demo(open_folder / "demo-a", ENTREPOT_PORT="0") as again:
        world = httpx.get(f"{again.url}/sandbox/world", trust_env=False, verify=False, timeout=60).json()
        assert f"{again.url}/sandbox/partner/north/validate" in str(world)
        httpx.post(f"{again.url}/sandbox/reset", trust_env=False, verify=False, timeout=60).raise_for_status()
        world = httpx.get(f"{again.url}/sandbox/world", trust_env=False, verify=False, timeout=60).json()
        assert f"{again.url}/sandbox/partner/north/validate" in str(world)


def test_the_demo_takes_a_world_of_ones_own_and_says_what_is_wrong_with_it(
    open_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(WORLD, "utf-8")
    arguments = ("--world", str(path), "--port", "0", "--host", "localhost", "--log-level", "error")
    with running_demo(open_folder / "demo-b", *arguments) as demo:
        shown = httpx.get(f"{demo.url}/sandbox/world", trust_env=False, verify=False, timeout=60).json()
        assert [each["name"] for each in shown["workspaces"]] == ["own"]
        assert "demo-api-key" not in demo.said()
        assert " info " not in demo.said()
    for text, said in (
        (WORLD.replace("sandbox = true", ""), "own.toml: /"),
        ("x = 1", "own.toml: /x: unknown key"),
    ):
        path.write_text(text, "utf-8")
        refused = _demo("--world", str(path), "--data-dir", str(open_folder / "demo-c"))
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr


def test_a_shell_learns_where_the_demos_data_is(tmp_path: Path) -> None:
    said = _demo("--env", "--data-dir", str(tmp_path / "my data")).stdout
    shell = 'eval "$0"; echo "$ENTREPOT_DATA_DIR"; echo "$ENTREPOT_SANDBOX"'
    seen = subprocess.run(["sh", "-c", shell, said], capture_output=True, text=True, timeout=60, check=True)
    assert seen.stdout.splitlines() == [str(tmp_path / "my data"), "true"]


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from entrepot.cli import main; main()", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


async def test_a_folder_of_an_older_release_gets_what_is_new_in_the_demo_world(
    module_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    older = _without(demo_world(), BARE)
    connection = await connect(module_database_url)
    try:
        await apply_world(connection, older, now=real_now())
        await apply_demo(module_database_url)
        assert "what is new since is added" in capsys.readouterr().out
        assert await connection.fetchval("select count(*) from channels where name = 'mcs-bare'") == 1
        await apply_demo(module_database_url)
        assert capsys.readouterr().out == ""
    finally:
        await connection.close()


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


_STARTER = """
import subprocess, sys, time
command = [sys.executable, "-c", "from entrepot.cli import main; main()", "demo", *sys.argv[1:]]
print(subprocess.Popen(command, stdout=subprocess.DEVNULL).pid, flush=True)
time.sleep(600)
"""


def test_a_demo_for_one_test_run_says_where_it_is_and_leaves_nothing(open_folder: Path) -> None:
    """Its parent is killed; the demo ends in good order by itself, and takes its data and its file with it."""
    folders = open_folder / "temporary"
    folders.mkdir()
    url_file = open_folder / "url"
    folders.chmod(0o711)
    url_file.write_text("http://of-an-earlier-run", "utf-8")
    options = ["--temporary", "--port", "0", "--url-file", str(url_file), "--exit-with-parent"]
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, *options, "--log-level", "warning"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "TMPDIR": str(folders)},
    )
    try:
        assert starter.stdout is not None
        demo = psutil.Process(int(starter.stdout.readline()))
        _until(lambda: url_file.exists() and "127.0.0.1" in url_file.read_text("utf-8"))
        url = url_file.read_text("utf-8").strip()
        assert httpx.get(f"{url}/sandbox/idle?wait=30", trust_env=False, verify=False, timeout=60).json() == {
            "idle": True
        }
        (folder,) = folders.glob("entrepot-demo-*")
        assert (folder / "data" / "postgres").is_dir()
    finally:
        starter.kill()
        starter.communicate()
    _until(lambda: not demo.is_running() or demo.status() == psutil.STATUS_ZOMBIE)
    assert not url_file.exists()
    assert list(folders.glob("entrepot-demo-*")) == []


def test_a_file_for_the_url_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    refused = _demo("--temporary", "--url-file", str(tmp_path / "missing" / "url"))
    assert (refused.returncode, refused.stderr.startswith("--url-file: ")) == (2, True), refused.stderr


async def test_an_account_that_was_taken_out_of_the_demo_world_stays_out(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its row, and by a file that is applied with `--prune`; a sandbox that began anew knows it too."""
    world = demo_world()
    connection = await connect(database_url)
    try:
        await apply_demo(database_url)
        await connection.execute(
            "delete from credentials where channel in (select id from channels where name = $1)", BARE
        )
        await connection.execute("delete from channels where name = $1", BARE)
        await apply_demo(database_url)
        assert await _count(connection, BARE) == 0
        await apply_world(connection, _without(world, BARE), now=real_now(), prune=True)
        await apply_demo(database_url)
        assert await _count(connection, BARE) == 0
        await Beginning(lambda: True).again(connection, real_now())
        await apply_demo(database_url)
        assert await _count(connection, BARE) == 0
        assert capsys.readouterr().out == ""
    finally:
        await connection.close()


async def test_servers_that_start_at_once_apply_what_is_new_once(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await connect(database_url)
    try:
        await apply_world(connection, _without(demo_world(), BARE), now=real_now())
        await asyncio.gather(*(apply_demo(database_url) for _ in range(3)))
        assert capsys.readouterr().out.count("what is new since is added") == 1
        assert await _count(connection, BARE) == 1
    finally:
        await connection.close()


async def test_servers_that_start_at_once_on_an_empty_folder_fill_it_once(database_url: str) -> None:
    await asyncio.gather(*(apply_demo(database_url) for _ in range(3)))
    connection = await connect(database_url)
    try:
        assert await _count(connection, BARE) == 1
        assert await connection.fetchval("select count(*) from sandbox_worlds") == len(
            demo_world().workspaces
        )
    finally:
        await connection.close()


BARE = "mcs-bare"
_NO_KEYS = "delete from credentials where channel in (select id from channels where name = $1)"


def _without(world: World, account: str) -> World:
    north = world.workspaces["north"]
    channels = {name: spec for name, spec in north.channels.items() if name != account}
    return msgspec.structs.replace(
        world, workspaces=world.workspaces | {"north": msgspec.structs.replace(north, channels=channels)}
    )


async def _count(connection: Connection, account: str) -> int:
    return await connection.fetchval("select count(*) from channels where name = $1", account)
