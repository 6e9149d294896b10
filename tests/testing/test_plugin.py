"""The pytest plugin as a stranger uses it: from the wheel, in a folder of his own, on two workers, in any order."""

from __future__ import annotations

from tests.testing.stranger import Stranger, passed

SHUFFLED = """
import random

def pytest_collection_modifyitems(items):
    random.Random(7).shuffle(items)
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


@pytest.mark.parametrize("number", range(12))
def test_every_test_begins_with_the_same_stock_and_tokens(entrepot, number):
    assert place(entrepot) == 200
    assert place(entrepot) != 200


@pytest.mark.parametrize("number", range(6))
def test_no_fault_outlives_its_test(entrepot, number):
    fault = entrepot.fail("rule:PlaceOrder", times=2)
    assert [place(entrepot) for _ in range(3)] == [500, 500, 200]
    assert (fault.hits, fault.healed) == (2, True)
    entrepot.fail("rule:PlaceOrder", times=1000)


@pytest.mark.parametrize("number", range(6))
def test_no_time_outlives_its_test(entrepot, number):
    assert entrepot.clock.now() < NEW_YEAR
    assert entrepot.clock.freeze(at=NEW_YEAR) == NEW_YEAR
    assert entrepot.clock.advance(timedelta(days=40, hours=2)) == NEW_YEAR + timedelta(days=40, hours=2)
    assert entrepot.clock.advance(-timedelta(days=40, hours=2)) == NEW_YEAR
    assert entrepot.clock.resume() >= NEW_YEAR


@pytest.mark.parametrize("number", range(4))
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
    assert entrepot.snapshots() == [taken]
    entrepot.delete_snapshot("an-order")
    with pytest.raises(ControlPlaneError, match="no snapshot of this name") as refused:
        entrepot.restore("an-order")
    assert refused.value.status == 404


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


@pytest.mark.entrepot(world="own.toml")
def test_a_world_of_ones_own(entrepot):
    assert entrepot.keys == {"own": {"a": {"live": "own-key"}}}
'''

OWN = """
sandbox = true
[workspaces.own.channels.a]
door = "bonsai"
keys = { live = "own-key" }
settings.external_payment.api.skip_validation = true
"""


def test_a_suite_on_two_workers_in_any_order_leaves_nothing(stranger: Stranger) -> None:
    suite = stranger.suite(conftest=SHUFFLED, test_shop=SUITE)
    (suite / "own.toml").write_text(OWN, "utf-8")
    done = stranger.run("-n", "2", "-W", "error", "--strict-markers")
    assert "34 passed" in passed(done), done.stdout
    assert stranger.left() == []


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
"""


def test_what_is_wrong_with_a_world_is_said(stranger: Stranger) -> None:
    suite = stranger.suite(test_wrong=WRONG)
    (suite / "broken.toml").write_text("sandbox = true\n[workspaces.own.chanels]\n", "utf-8")
    said = stranger.run().stdout
    assert "3 errors" in said
    for each in (
        "there is no world file",
        "takes one argument, world=FILE",
        "broken.toml: /workspaces/own/chanels",
    ):
        assert each in said
    assert stranger.left() == []


def test_workers_do_not_share_one_server(stranger: Stranger) -> None:
    stranger.suite(test_other=NOT_ASKED)
    done = stranger.run("-n", "2", "--entrepot-url", "http://127.0.0.1:9")
    assert done.returncode != 0
    assert "workers would reset one server under each other" in done.stdout + done.stderr
