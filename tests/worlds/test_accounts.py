"""Accounts that cannot work are refused where they are set up, each fault with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrepot.checks import check_accounts
from entrepot.engine.clock import real_now
from entrepot.engine.gateways import Gateways, mails_of
from entrepot.gateways.mail.missing import NOT_SET_UP
from entrepot.gateways.mail.port import Mail, Sent
from entrepot.gateways.mail.simulated import read_mailbox
from entrepot.store.connections import Connection, write_pool
from entrepot.worlds import World, load_world
from tests.conformance.harness.world import edited
from tests.worlds.conftest import apply

SANDBOX: dict[str, Any] = {
    "sandbox": True,
    "workspaces": {
        "w": {
            "taxes": {"companies": ["DEFAULT"]},
            "channels": {
                "b": {"door": "bonsai", "settings": {"external_payment": {"api": {"skip_validation": True}}}},
                "t": {"door": "textalk", "settings": {"door": {"uid": 1}}},
                "r": {"door": "rebound", "settings": {"stock": "record"}},
            },
            "webshops": {"t": {"languages": {"sv": "SEK"}}},
        }
    },
}
PRODUCTION = edited(
    SANDBOX,
    {
        "sandbox": False,
        "workspaces/w/channels/t/settings/mail": {
            "gateway": "smtp", "host": "mail.example", "sender": "Shop <a@shop.example>",
        },
    },
)  # fmt: skip
B, T = "/workspaces/w/channels/b", "/workspaces/w/channels/t"
FLOWS = "/workspaces/w/channels/r/settings/door/flows"
SETTINGS = f"{B}/settings"


def faults(world: dict[str, Any], place: str = "", value: Any = None) -> list[str]:
    """The pointers of what is wrong once this value stands at this place."""
    world = edited(world, {place.removeprefix("/"): value}) if place else world
    found = load_world(json.dumps(world))
    return [] if isinstance(found, World) else [fault.pointer for fault in found]


@pytest.mark.parametrize("world", [SANDBOX, PRODUCTION], ids=["sandbox", "production"])
@pytest.mark.parametrize(
    ("place", "value", "pointer"),
    [
        (f"{SETTINGS}/cards", {"gateway": "stripe"}, f"{SETTINGS}/cards/api_key"),
        (
            f"{SETTINGS}/taxes",
            {"provider": "avatax", "license_key": {"env": "K"}},
            f"{SETTINGS}/taxes/account",
        ),
        (f"{SETTINGS}/taxes", {"provider": "avatax", "account": "1"}, f"{SETTINGS}/taxes/license_key"),
        (f"{SETTINGS}/currency", "CDN", f"{SETTINGS}/currency"),
        (f"{SETTINGS}/currency", "SEK", f"{SETTINGS}/currency"),
        (f"{T}/settings/currency", "CDN", f"{T}/settings/currency"),
        (f"{T}/settings/shop", {"currencies": ["EUR", "CDN"]}, f"{T}/settings/shop/currencies/1"),
        (f"{SETTINGS}/payment_methods", ["external payment", "cash"], f"{SETTINGS}/payment_methods/1"),
        (f"{SETTINGS}/external_payment/api", {"url": ""}, f"{SETTINGS}/external_payment/api/url"),
        (
            f"{SETTINGS}/external_payment/api",
            {"url": "https://a.example", "method": "PUT"},
            f"{SETTINGS}/external_payment/api/method",
        ),
        (f"{T}/settings/addresses", {"register": "http"}, f"{T}/settings/addresses/url"),
        (f"{SETTINGS}/labels", {"gateway": "http"}, f"{SETTINGS}/labels/url"),
        (
            f"{SETTINGS}/carrier",
            {"gateway": "http", "url": "https://c.example"},
            f"{SETTINGS}/carrier/secret",
        ),
        (f"{SETTINGS}/carrier", {"gateway": "http", "secret": {"env": "S"}}, f"{SETTINGS}/carrier/url"),
        (f"{SETTINGS}/carrier", {"ship_after": 10}, f"{SETTINGS}/carrier/ship_after"),
        (f"{SETTINGS}/carrier", {"in_transit_after": -1}, f"{SETTINGS}/carrier/in_transit_after"),
        (f"{SETTINGS}/labels", {"gateway": "http", "url": "http://[::1"}, f"{SETTINGS}/labels/url"),
        (f"{T}/settings/addresses", {"register": "http", "url": "https://"}, f"{T}/settings/addresses/url"),
        (FLOWS, {"eu": {"country": "XX"}}, f"{FLOWS}/eu/country"),
        (FLOWS, {"eu": {"country": "de"}}, f"{FLOWS}/eu/country"),
        (FLOWS, {"eu": {"parcel_types": {"UK": ["SMALL"]}}}, f"{FLOWS}/eu/parcel_types/UK"),
        (FLOWS, {"eu": {"parcel_types": {"DE": ["SMALL", ""]}}}, f"{FLOWS}/eu/parcel_types/DE/1"),
        (FLOWS, {"eu": {"lanes": {"EU": "SAAS"}}}, f"{FLOWS}/eu/lanes/EU"),
        (f"{SETTINGS}/labels", {"gateway": "pigeon"}, f"{SETTINGS}/labels/gateway"),
        (f"{SETTINGS}/labels", {"return_to": {"country": "XX"}}, f"{SETTINGS}/labels/return_to/country"),
        (f"{SETTINGS}/labels", {"return_to": {"planet": "x"}}, f"{SETTINGS}/labels/return_to/planet"),
        (f"{T}/settings/mail", {"gateway": "smtp", "sender": "a@a.example"}, f"{T}/settings/mail/host"),
        (f"{T}/settings/mail", {"gateway": "smtp", "host": "a.example"}, f"{T}/settings/mail/sender"),
        (f"{B}/door", "elsewhere", f"{B}/door"),
        (f"{SETTINGS}/door", {"uid": 5}, f"{SETTINGS}/door/uid"),
        (f"{T}/settings/door/colour", "red", f"{T}/settings/door/colour"),
        (f"{T}/settings/door/uid", "4711", f"{T}/settings/door/uid"),
        (f"{T}/settings/door/uid", 0, f"{T}/settings/door/uid"),
        (f"{T}/settings/door", {"name": {"sv": "Ull"}}, f"{T}/settings/door"),
        (f"{T}/settings", {}, f"{T}/settings"),
        (f"{T}/keys", {"webshop": {"generate": True}}, f"{T}/keys/webshop"),
    ],
)
def test_what_can_work_nowhere_is_refused_with_its_place(
    world: dict[str, Any], place: str, value: Any, pointer: str
) -> None:
    assert faults(world) == []
    assert faults(world, place, value) == [pointer]


@pytest.mark.parametrize(
    ("place", "value", "pointer"),
    [
        (f"{T}/settings/mail", {}, f"{T}/settings/mail"),
        (f"{T}/settings/mail", {"gateway": "mailbox"}, f"{T}/settings/mail"),
        (
            f"{SETTINGS}/external_payment/api",
            {"partner": "simulated"},
            f"{SETTINGS}/external_payment/api/partner",
        ),
        (f"{SETTINGS}/payment_methods", ["external payment", "stripe"], f"{SETTINGS}/payment_methods/1"),
        (f"{SETTINGS}/hub", {"gateway": "simulated", "client": "shop"}, f"{SETTINGS}/hub/gateway"),
        (f"{SETTINGS}/labels", {"gateway": "simulated"}, f"{SETTINGS}/labels/gateway"),
        (f"{SETTINGS}/carrier", {"gateway": "simulated"}, f"{SETTINGS}/carrier/gateway"),
        (
            f"{SETTINGS}/carrier",
            {"gateway": "http", "url": "https://c.example", "secret": "in the file"},
            f"{SETTINGS}/carrier/secret",
        ),
        (f"{SETTINGS}/source", "pigeon", f"{SETTINGS}/source"),
        (f"{SETTINGS}/taxes", {"company": "NOBODY"}, f"{SETTINGS}/taxes/company"),
        (
            "/workspaces/w/webshops/t/payment",
            {"card": {"id": 1, "name": {"sv": "Kort"}, "provider": "card"}},
            f"{T}/settings/cards",
        ),
    ],
)
def test_what_only_a_sandbox_may_have_is_refused_outside(place: str, value: Any, pointer: str) -> None:
    assert faults(SANDBOX, place, value) == []
    assert faults(PRODUCTION, place, value) == [pointer]


def test_cards_in_production_need_their_provider_only() -> None:
    card = {"card": {"id": 1, "name": {"sv": "Kort"}, "provider": "card"}}
    stripe = {"gateway": "stripe", "api_key": {"env": "STRIPE_KEY"}}
    world = edited(
        PRODUCTION,
        {
            f"{T}/settings/cards".removeprefix("/"): stripe,
            f"{SETTINGS}/cards".removeprefix("/"): stripe,
            f"{SETTINGS}/payment_methods".removeprefix("/"): ["credit card"],
            "workspaces/w/webshops/t/payment": card,
        },
    )
    assert faults(world) == []


@pytest.mark.parametrize("sandbox", [True, False])
async def test_check_finds_stored_accounts_that_cannot_work(connection: Connection, *, sandbox: bool) -> None:
    await apply(connection, json.dumps(SANDBOX if sandbox else PRODUCTION))
    assert await check_accounts(connection) == []
    await connection.execute(
        'update channels set settings = \'{"cards": {"gateway": "stripe"}}\' where name = \'b\''
    )
    await connection.execute("update channels set settings = settings #- '{mail}' where name = 't'")
    found = [(each.severity, each.law, each.detail) for each in await check_accounts(connection)]
    missing = "bonsai/b, settings/cards/api_key: missing; stripe needs it"
    mail = 'textalk/t, settings/mail: simulated; outside a sandbox mails need gateway = "smtp", with host and sender'
    expected = [missing] if sandbox else [missing, mail]
    assert found == [("violation", "accounts", text) for text in expected]


@pytest.mark.parametrize("sandbox", [True, False])
async def test_an_account_that_can_place_no_order_is_a_warning(
    connection: Connection, *, sandbox: bool
) -> None:
    """It may be there to read products only, so it is applied; in a sandbox it is nobody's concern."""
    world = edited(SANDBOX if sandbox else PRODUCTION, {f"{SETTINGS}/payment_methods".removeprefix("/"): []})
    report = await apply(connection, json.dumps(world))
    text = "none of them works for the account, so it can place no order"
    said = [str(fault) for workspace in report.workspaces for fault in workspace.warnings]
    assert said == ([] if sandbox else [f"{SETTINGS}/payment_methods: {text}"])
    found = [(each.severity, each.law, each.detail) for each in await check_accounts(connection)]
    expected = [("warning", "accounts", f"bonsai/b, settings/payment_methods: {text}")]
    assert found == ([] if sandbox else expected)


@pytest.mark.parametrize("sandbox", [True, False])
async def test_a_mail_of_production_never_lands_in_the_simulated_mailbox(
    connection: Connection, database_url: str, *, sandbox: bool
) -> None:
    await apply(connection, json.dumps(SANDBOX if sandbox else PRODUCTION))
    await connection.execute("update channels set settings = settings #- '{mail}'")
    workspace, channel = await connection.fetchrow("select workspace, id from channels where name = 't'")
    pool = await write_pool(database_url, 1)
    try:
        gateway = await mails_of(pool, Gateways(pool, real_now), workspace, channel)
        answer = await gateway.send(Mail("ada@example.com", "Code", "1234", "shop@example.com", "k"))
        landed = await read_mailbox(connection, workspace)
    finally:
        await pool.close()
    assert (answer, len(landed)) == ((Sent(), 1) if sandbox else (NOT_SET_UP, 0))
    assert not NOT_SET_UP.final
