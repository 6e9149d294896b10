"""What comes with an extra, and is not installed: that is said in one sentence, and is never a traceback."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from entrepot.failures.payments import ASK_AGAIN, TaxUnavailable
from entrepot.gateways.cards.port import CallFailed, CreateIntent
from entrepot.gateways.cards.stripe import StripeCards
from entrepot.gateways.taxes.avatax import AvataxGateway
from entrepot.sandbox.wrapped.gateways import _no_taxes
from entrepot.serving import packages
from entrepot.store.connections import Connection, connect
from tests.gateways.taxes.test_avatax import QUERY

MISSING = "the package {0} is not installed on the server: pip install 'entrepot[{1}]'"
OF_EXTRAS = ("stripe", "avalara", "requests", "urllib3")
"""What comes with the extras alone."""


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `pip install entrepot`, without an extra."""
    for package in OF_EXTRAS:
        monkeypatch.setitem(sys.modules, package, None)


CALLS: list[Callable[[StripeCards], Awaitable[object]]] = [
    lambda cards: cards.create_intent(CreateIntent("a1", 1000, "USD")),
    lambda cards: cards.capture("pi_1"),
    lambda cards: cards.read("pi_1"),
    lambda cards: cards.cancel("pi_1"),
]


@pytest.mark.usefixtures("plain")
async def test_each_call_of_stripe_is_answered_and_not_in_doubt() -> None:
    cards = StripeCards("sk_test_abcdefghijklmnop")
    answers = [await call(cards) for call in CALLS]
    assert answers == [CallFailed(MISSING.format("stripe", "stripe"), in_doubt=False)] * len(CALLS)


@pytest.mark.usefixtures("plain")
async def test_a_question_to_avatax_is_answered() -> None:
    taxes = AvataxGateway("2000", "KEY", lambda: date(2024, 1, 1))
    assert await taxes.quote(QUERY) == TaxUnavailable(ASK_AGAIN, MISSING.format("avalara", "avatax"))
    taxes.close()


@pytest.mark.usefixtures("plain")
def test_a_sandbox_pretends_a_silent_avatax_without_its_package() -> None:
    how = {each: _no_taxes(each, "http://a.test/x") for each in ("refuse", "timeout", "drop")}
    failed = "FetchError: request to http://a.test/x failed, reason: "
    assert how == {
        "refuse": TaxUnavailable(ASK_AGAIN, f"{failed}connect ECONNREFUSED a.test:80"),
        "timeout": TaxUnavailable(ASK_AGAIN, "FetchError: network timeout at: http://a.test/x"),
        "drop": TaxUnavailable(ASK_AGAIN, f"{failed}socket hang up"),
    }


async def _account(database_url: str, settings: str) -> None:
    connection: Connection = await connect(database_url)
    try:
        await connection.execute(_ENTERED, settings)
    finally:
        await connection.close()


_ENTERED: Any = """
with made as (
  insert into workspaces (id, uuid, name, sandbox, settings, created_at)
  values (77, gen_random_uuid(), 'mall', false, '{}', current_timestamp)
)
insert into channels (workspace, id, uuid, door, name, settings)
values (77, 1, gen_random_uuid(), 'bonsai', 'shop', $1::text::jsonb)
"""


@pytest.mark.parametrize(
    ("settings", "package", "extra"),
    [
        ('{"cards": {"gateway": "stripe", "api_key": "sk_1"}}', "stripe", "stripe"),
        ('{"taxes": {"provider": "avatax", "account": "2"}}', "avalara", "avatax"),
    ],
)
async def test_server_does_not_start_on_an_account_that_needs_what_is_missing(
    database_url: str, settings: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _account(database_url, settings)
    assert await asyncio.to_thread(packages.refusal, database_url) is None
    monkeypatch.setitem(sys.modules, package, None)
    assert (
        await asyncio.to_thread(packages.refusal, database_url)
        == f"mall/shop: {MISSING.format(package, extra)}"
    )


def test_what_needs_nothing_starts_without(module_database_url: str, plain: None) -> None:
    assert packages.refusal(module_database_url) is None


PLAIN = """
import sys
for package in {packages}:
    sys.modules[package] = None
import importlib, pkgutil, entrepot
apart = {apart}
for each in pkgutil.walk_packages(entrepot.__path__, "entrepot."):
    if each.name not in apart and "migrations" not in each.name:
        importlib.import_module(each.name)
"""
APART = ("entrepot.gateways.taxes.avatax_session",)
"""Loaded at the first call to AvaTax, whose library it guards."""


def test_every_module_is_imported_without_the_extras() -> None:
    program = PLAIN.format(packages=OF_EXTRAS, apart=APART)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
