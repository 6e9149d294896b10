"""The pytest plugin as a stranger uses it: from the wheel, in a folder of his own, on two workers, in any order."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from xml.etree import ElementTree

import psutil

from tests.docs.pages import DOCS
from tests.testing.stranger import USE, Stranger, passed, save_files

NOTED = """
import json, os, random
from pathlib import Path

import psutil
import pytest


def pytest_collection_modifyitems(items):
    random.Random(int(os.environ["ORDER_SEED"])).shuffle(items)


@pytest.fixture(scope="session", autouse=True)
def noted(entrepot_server):
    # What this worker has while its servers stand, so that somebody can look whether it is gone afterwards.
    yield
    here = psutil.Process().children(recursive=True)
    shared = {region.path for each in here for region in each.memory_maps()}
    had = {"processes": [each.pid for each in here], "shared": [each for each in shared if "/dev/shm/" in each]}
    Path(os.environ["NOTES"], f"{os.environ['PYTEST_XDIST_WORKER']}.json").write_text(json.dumps(had))
"""

SUITE = '''
import json, urllib.error, urllib.request
from datetime import UTC, datetime, timedelta

import pytest

import entrepot as package
from entrepot.testing import ControlPlaneError

ORDER = {
    "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
    "products": [{"public_id": "c68yvyl5s1ienexavdwntb1dr", "variant_id": "101", "quantity": 1}],
    "shipping_address": {"first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St",
                         "city": "Toronto", "province": "ON", "country": "CA", "zip": "M5V 2T6"},
    "payment": {"method": "external payment", "token": "the-only-one", "currency": "USD",
                "amounts": {"goods": 25, "shipping": 4, "taxes": 3.77}},
}
NEW_YEAR = datetime(2031, 1, 1, tzinfo=UTC)


def place(entrepot):
    """The status of an order; always the same one, which a server takes once."""
    headers = {"API-Key": entrepot.keys["north"]["demo"]["live"], "Content-Type": "application/json"}
    request = urllib.request.Request(
        entrepot.url("bonsai") + "/orders/V1/submit", json.dumps(ORDER).encode(), headers
    )
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_installed_package_is_used():
    assert "installed" in package.__file__


@pytest.mark.parametrize("number", range(32))
def test_every_test_begins_with_the_same_stock_and_tokens(entrepot, number):
    assert place(entrepot) == 200
    assert place(entrepot) != 200


@pytest.mark.parametrize("number", range(14))
def test_no_fault_outlives_its_test(entrepot, number):
    fault = entrepot.fail("rule:PlaceOrder", times=2)
    assert [place(entrepot) for _ in range(3)] == [500, 500, 200]
    assert (fault.hits, fault.healed) == (2, True)
    entrepot.fail("rule:PlaceOrder", times=1000)


@pytest.mark.parametrize("number", range(14))
def test_no_time_outlives_its_test(entrepot, number):
    assert entrepot.clock.now() < NEW_YEAR
    assert entrepot.clock.freeze(at=NEW_YEAR) == NEW_YEAR
    assert entrepot.clock.advance(timedelta(days=40, hours=2)) == NEW_YEAR + timedelta(days=40, hours=2)
    assert entrepot.clock.advance(-timedelta(days=40, hours=2)) == NEW_YEAR
    assert entrepot.clock.resume() >= NEW_YEAR


@pytest.mark.parametrize("number", range(8))
def test_mails_are_there_once_nothing_goes_on(entrepot, number):
    assert entrepot.mails("boutique") == []
    call = {"jsonrpc": "2.0", "id": 1, "method": "Customer.signup",
            "params": [{"info": {"email": "ada@example.com"}, "password": "correct horse"}, ["info"]]}
    urllib.request.urlopen(
        entrepot.url("textalk") + "/backend/jsonrpc/v1?webshop=22222&language=en", json.dumps(call).encode()
    ).close()
    (mail,) = entrepot.mails("boutique", "ada@example.com", wait=30)
    assert mail.subject == "Confirm your account at The Boutique"
    entrepot.wait_until_idle()


def test_a_snapshot_is_come_back_to(entrepot):
    assert place(entrepot) == 200
    taken = entrepot.snapshot("an-order")
    assert place(entrepot) != 200
    entrepot.reset("north")
    assert place(entrepot) == 200
    entrepot.reset()
    entrepot.clock.freeze(at=NEW_YEAR)
    assert entrepot.restore("an-order") == taken
    assert place(entrepot) != 200
    assert entrepot.clock.now() < NEW_YEAR
    assert taken in entrepot.snapshots()
    entrepot.delete_snapshot("an-order")
    with pytest.raises(ControlPlaneError, match="no snapshot of this name") as refused:
        entrepot.restore("an-order")
    assert refused.value.status == 404


@pytest.fixture(scope="module")
def filled(entrepot_server):
    entrepot_server.reset()
    assert place(entrepot_server) == 200
    return entrepot_server.snapshot("filled")


@pytest.mark.parametrize("number", range(2))
def test_a_snapshot_of_a_test_goes_with_it_and_one_of_the_module_stays(filled, entrepot, number):
    entrepot.restore("filled")
    assert place(entrepot) != 200
    names = {each.name for each in entrepot.snapshots()}
    assert "filled" in names
    assert not names & {"of-test-0", "of-test-1"}
    entrepot.snapshot(f"of-test-{number}")
    if number:
        entrepot.delete_snapshot(f"of-test-{number}")


def test_a_lifted_fault_is_gone(entrepot):
    first, second = (entrepot.fail("connection:reads", "refuse", seconds=600) for _ in range(2))
    first.lift()
    with pytest.raises(LookupError):
        first.hits
    assert second.hits == 0
    entrepot.clear_faults()
    assert place(entrepot) == 200


def test_what_is_refused_says_why(entrepot):
    with pytest.raises(ControlPlaneError, match="there is no rule:Nonsense") as refused:
        entrepot.fail("rule:Nonsense")
    assert refused.value.status == 400
    with pytest.raises(ValueError, match="there are bonsai"):
        entrepot.url("bonsay")


def test_the_servers_own_fixture_is_the_same_server(entrepot, entrepot_server):
    assert entrepot is entrepot_server


def test_what_is_expected_of_requests_is_there_or_it_is_said_what_came(entrepot):
    assert place(entrepot) == 200
    (placed,) = entrepot.requests.expect(1, door="bonsai", operation="submit", failed=False)
    assert placed.status == 200
    entrepot.requests.expect(0, outcome="out-of-stock")
    with pytest.raises(AssertionError, match=r"expected 2 of outcome='ok', found 1(.|\\n)*bonsai submit: 200 ok"):
        entrepot.requests.expect(2, outcome="ok")
    entrepot.requests.clear()
    assert entrepot.requests() == []


@pytest.mark.parametrize("number", range(2))
def test_one_clock_is_set_by_one_test_at_a_time(entrepot, number):
    # The other worker does the same at this moment, each with a server of its own.
    for year in range(2031, 2041):
        moment = datetime(year, 1 + number, 1, tzinfo=UTC)
        entrepot.clock.freeze(at=moment)
        assert entrepot.clock.now() == moment
'''


def test_two_hundred_tests_on_two_workers_in_any_order_leave_nothing(stranger: Stranger) -> None:
    """The plugin's own suite, the files of the how-to, and the examples of clients' suites."""
    suite = stranger.suite(conftest=NOTED, test_kit=SUITE)
    save_files(USE, suite)
    shutil.copytree(DOCS / "examples", suite / "examples")
    notes, seed = stranger.folder / "notes", random.randrange(1_000_000)
    notes.mkdir()
    options = ("-n", "2", "-W", "error", "--strict-markers", "--junitxml", str(notes / "all.xml"))
    done = stranger.run(*options, ORDER_SEED=str(seed), NOTES=str(notes))
    assert passed(done), f"in the order of ORDER_SEED={seed}"
    _assert_ran(notes / "all.xml", suite)
    assert stranger.left() == []
    had = [json.loads(each.read_text("utf-8")) for each in notes.glob("gw*.json")]
    assert len(had) == 2
    for each in had:
        assert each["processes"]
        assert [number for number in each["processes"] if psutil.pid_exists(number)] == []
        assert each["shared"]
        assert [path for path in each["shared"] if Path(path).exists()] == []


def _assert_ran(report: Path, suite: Path) -> None:
    """Two hundred tests, of every file; those alone were skipped for whose language there is nothing here."""
    (run,) = ElementTree.parse(report).getroot()
    assert int(run.attrib["tests"]) >= 200, run.attrib
    modules = {case.attrib["classname"].rpartition(".")[2] for case in run}
    assert modules == {each.stem for each in suite.rglob("test_*.py")}
    skipped = {case.attrib["name"]: case for case in run if case.find("skipped") is not None}
    lacks = {
        "node": "test_the_suite_in_javascript_passes",
        "curl": "test_the_control_plane_is_driven_by_curl",
    }
    assert skipped.keys() == {test for program, test in lacks.items() if shutil.which(program) is None}


NOT_ASKED = """
import sys

def test_nothing_of_ours_was_loaded():
    assert "entrepot.testing.plugin" in sys.modules
    loaded = {name for name in sys.modules if name.split(".")[0] in ("entrepot", "httpx", "msgspec", "asyncpg")}
    assert all(name.startswith("entrepot") for name in loaded)
    assert not any("serving" in name or "store" in name or "doors" in name for name in loaded), loaded
"""


def test_who_asks_for_no_server_pays_for_none(stranger: Stranger) -> None:
    stranger.suite(test_other=NOT_ASKED)
    assert "1 passed" in passed(stranger.run())
    assert stranger.left() == []


WRONG = """
import pytest

@pytest.mark.entrepot(world="missing.toml")
def test_a_file_that_is_not_there(entrepot): pass

@pytest.mark.entrepot("own.toml")
def test_a_name_that_is_missing(entrepot): pass

@pytest.mark.entrepot(world="broken.toml")
def test_a_file_that_is_no_world(entrepot): pass

@pytest.mark.entrepot(world="half.toml")
def test_a_file_that_is_wrong_half_way(entrepot): pass
"""

HALF = """
sandbox = true
[workspaces.first.channels.a]
door = "bonsai"
keys = { live = "one-key" }
[workspaces.second.channels.a]
door = "bonsai"
keys = { live = "one-key" }
"""


def test_what_is_wrong_with_a_world_is_said(stranger: Stranger) -> None:
    suite = stranger.suite(test_wrong=WRONG)
    (suite / "broken.toml").write_text("sandbox = true\n[workspaces.own.chanels]\n", "utf-8")
    (suite / "half.toml").write_text(HALF, "utf-8")
    said = stranger.run().stdout
    assert "4 errors" in said
    for each in (
        "there is no world file",
        "takes one argument, world=FILE",
        "broken.toml: /workspaces/own/chanels",
        "half.toml: /workspaces/second/channels/a/keys/live: the same bonsai key",
    ):
        assert each in said
    assert stranger.left() == []


def test_workers_do_not_share_one_server(stranger: Stranger) -> None:
    stranger.suite(test_other=NOT_ASKED)
    done = stranger.run("-n", "2", "--entrepot-url", "http://127.0.0.1:9")
    assert done.returncode != 0
    assert "workers would reset one server under each other" in done.stdout + done.stderr
