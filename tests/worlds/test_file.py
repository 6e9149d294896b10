"""Reading world files: every fault is named by its pointer, none quotes a secret, and nothing else comes out."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.store.connections import Connection
from entrepot.worlds import Fault, World, demo_world, load_world
from entrepot.worlds.form.file import MAX_BYTES, MAX_FAULTS, parse_world
from entrepot.worlds.form.schema import world_schema
from entrepot.worlds.pages.page import PAGES
from tests.worlds.conftest import apply

DEMO = tomllib.loads((files("entrepot.worlds") / "demo.toml").read_text("utf-8"))
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def faults(text: str) -> dict[str, str]:
    found = load_world(text)
    assert isinstance(found, list)
    return {fault.pointer: fault.message for fault in found}


def test_toml_and_json_say_the_same() -> None:
    assert load_world(json.dumps(DEMO)) == demo_world()


def test_a_path_is_read_and_a_missing_one_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text("[workspaces.a]", "utf-8")
    assert isinstance(load_world(path), World)
    assert load_world(tmp_path / "none.toml") == [
        Fault("", "the file cannot be read: No such file or directory")
    ]


def test_all_faults_of_the_schema_come_at_once() -> None:
    text = """
    sandbox = 1
    typo = 1
    [workspaces.A]
    [workspaces.n.products.p]
    prices = { USD = 1.5, usd = "1", CAD = { prise = "1" } }
    [workspaces.n.channels.c]
    door = "bonsay"
    settings = { external_payment = { api = { methud = "GET" } } }
    """
    assert sorted(faults(text)) == [
        "/sandbox",
        "/typo",
        "/workspaces/A",
        "/workspaces/n/channels/c/door",
        "/workspaces/n/channels/c/settings/external_payment/api/methud",
        "/workspaces/n/products/p",
        "/workspaces/n/products/p/prices/CAD",
        "/workspaces/n/products/p/prices/CAD/prise",
        "/workspaces/n/products/p/prices/USD",
        "/workspaces/n/products/p/prices/usd",
    ]


def test_pointers_escape_slashes_and_tildes() -> None:
    assert list(faults('"a/b~c" = 1\n[workspaces.n]')) == ["/a~1b~0c"]


SHOP = (
    "[workspaces.n.channels.s]\ndoor = 'textalk'\nsettings.door.uid = 1\n"
    "[workspaces.n.webshops.s]\nlanguages = { sv = 'SEK' }\n"
)
SHOP_AMOUNTS = [
    (
        "delivery.d = { id = 1, name = {}, free_from = { SEK = '0.004' } }",
        "webshops/s/delivery/d/free_from/SEK",
    ),
    (
        "delivery.d = { id = 1, name = {}, zones = [{ countries = {}, prices = { 100 = { SEK = '0.004' } } }] }",
        "webshops/s/delivery/d/zones/0/prices/100/SEK",
    ),
    ("payment.p = { id = 1, name = {}, fee = { JPY = '0.5' } }", "webshops/s/payment/p/fee/JPY"),
    ("payment.p = { id = 1, name = {}, cost_from = { QQQ = 1 } }", "webshops/s/payment/p/cost_from/QQQ"),
    ("discounts.C = { id = 1, amount = { SEK = '0.004' } }", "webshops/s/discounts/C/amount/SEK"),
    (
        "discounts.C = { id = 1, minimum_spend = { SEK = '0.004' } }",
        "webshops/s/discounts/C/minimum_spend/SEK",
    ),
    ("certificates.C = { id = 1, currency = 'JPY', value = '0.5' }", "webshops/s/certificates/C/value"),
    ("certificates.C = { id = 1, currency = 'QQQ', value = 5 }", "webshops/s/certificates/C/currency"),
]
MEANINGS = [
    ("[workspaces.n.groups.g]\nid = 1\nname = { en = 'G' }\nparent = 'g'", "groups/g/parent"),
    (
        SHOP + "discounts = { 'Ten 10' = { id = 1, percent = '1%' } }\n"
        "certificates = { ten10 = { id = 2, currency = 'SEK', value = 1 } }",
        "webshops/s/certificates/ten10",
    ),
    (
        SHOP + "discounts = { ' ' = { id = 1, percent = '1%' } }",
        "webshops/s/discounts/ ",
    ),
    ("[workspaces.n.products.p]\nname = 'P'\nmerchant = 'nobody'", "products/p/merchant"),
    ("[workspaces.n.products.p]\nname = 'P'\nprices = { USD = '1.005' }", "products/p/prices/USD"),
    ("[workspaces.n.products.p]\nname = 'P'\nprices = { JPY = '1.5' }", "products/p/prices/JPY"),
    ("[workspaces.n.products.p]\nname = 'P'\nprices = { QQQ = 1 }", "products/p/prices/QQQ"),
    (
        "[workspaces.n.products.p]\nname = 'P'\nprices = { USD = { price = 1, compare_at = '1.001' } }",
        "products/p/prices/USD/compare_at",
    ),
    ("[workspaces.n.products.p]\nname = 'P'\ndivisible_by = '0.5'", "products/p/divisible_by"),
    (
        "[workspaces.n.merchants.m]\nname = 'M'\ncountry = 'CA'\nshipping = { CA = { CAD = { price = '0.004' } } }",
        "merchants/m/shipping/CA/CAD/price",
    ),
    ("[workspaces.n.bank]\naccounts = { a = { JPY = '0.5' } }", "bank/accounts/a/JPY"),
    (
        "[workspaces.n.choices.c]\nid = 1\nkind = 'enum'\nname = {}\n"
        "options = { o = { id = 2, name = {}, price = { SEK = '0.004' } } }",
        "choices/c/options/o/price/SEK",
    ),
    *(
        (
            f"{SHOP}{text}",
            pointer,
        )
        for text, pointer in SHOP_AMOUNTS
    ),
    ("[workspaces.n.products.p]\nname = 'P'\nstock = { attic = 1 }", "products/p/stock/attic"),
    (
        "[workspaces.n.locations]\nmain = { name = 'M' }\n"
        "[workspaces.n.products.p]\nname = 'P'\nstock = { main = '1.5' }",
        "products/p/stock/main",
    ),
    ("[workspaces.n.products]\np = { name = 'P' }\nq = { name = 'Q', sku = 'p' }", "products/q/sku"),
    ("[workspaces.n.products]\np = { name = 'P', id = 5 }\nq = { name = 'Q', id = 5 }", "products/q/id"),
    (
        "[workspaces.n.products.p]\nname = 'P'\nprices = { USD = 1 }\nvariants = { s = {} }",
        "products/p/prices",
    ),
    (
        "[workspaces.n.merchants]\n"
        + "\n".join(f"{m} = {{ name = 'M', country = 'CA', ref = '{'a' * 24}' }}" for m in "xy"),
        "merchants/y/ref",
    ),
    ("[workspaces.n.merchants.m]\nname = 'M'\ncountry = 'ZZ'", "merchants/m/country"),
    (
        "[workspaces.n.merchants.m]\nname = 'M'\ncountry = 'CA'\naddress = { province = 'NY' }",
        "merchants/m/address/province",
    ),
    ("[workspaces.n.taxes.rates]\nCA-ZZ = { rate = '1%' }", "taxes/rates/CA-ZZ"),
    ("[workspaces.n.channels.c]\ndoor = 'bonsai'\nkeys = { life = 'x' }", "channels/c/keys/life"),
    ("[workspaces.n.channels.c]\ndoor = 'bonsai'\nkeys = { live = {} }", "channels/c/keys/live"),
    ("[workspaces.n.channels.c]\ndoor = 'bonsai'\nkeys = { live = 'x', test = 'x' }", "channels/c/keys/test"),
    ("[workspaces.n.bank.cards.tok_x]\naccount = 'nobody'", "bank/cards"),
    (
        "[workspaces.n.bank]\naccounts = { a = { USD = 1 } }\npayouts = { a = 'A' }",
        "bank/payouts/a",
    ),
    ("[workspaces.n.storefronts.f]\nchannel = 'x'\nname = 'F'", "storefronts/f/channel"),
    (
        "[workspaces.n.channels.c]\ndoor = 'walmart'\nkeys = { client = 'alone' }",
        "channels/c/keys/client",
    ),
]


@pytest.mark.parametrize(("text", "pointer"), MEANINGS)
def test_what_a_schema_cannot_say_is_named_too(text: str, pointer: str) -> None:
    assert list(faults(f"sandbox = true\n{text}")) == [f"/workspaces/n/{pointer}"]


AVATAX = """
[workspaces.n.channels.a]
door = "bonsai"
settings.taxes = { provider = "avatax", account = "1", license_key = "k" }
"""


@pytest.mark.parametrize(
    ("merchant", "missing"),
    [
        ("country = 'US'", ["province", "zip"]),
        ("country = 'CA'\naddress = { province = 'ON', city = 'Toronto' }", ["zip"]),
        ("country = 'CA'\naddress = { zip = 'M5V 2T6' }", ["province"]),
        ("country = 'US'\naddress = { province = 'NY', zip = '14202' }", []),
        ("country = 'SE'", []),
    ],
)
def test_what_avatax_needs_of_a_merchant_is_asked_for_where_a_channel_asks_it(
    merchant: str, missing: list[str]
) -> None:
    text = f"sandbox = true\n[workspaces.n.merchants.m]\nname = 'M'\n{merchant}\n"
    assert isinstance(load_world(text), World)
    found = load_world(text + AVATAX)
    told = [fault.pointer for fault in found] if isinstance(found, list) else []
    assert told == [f"/workspaces/n/merchants/m/address/{member}" for member in missing]


IN_MAJOR_UNITS = """
sandbox = true
[workspaces.n.taxes.rates]
US = { rate = "1%", duty_threshold = "800.50" }
[workspaces.n.channels.c]
door = "textalk"
settings = { door.uid = 1, shop = { minimum_purchase = { SEK = "50.00", JPY = 700 }, rounding = { SEK = "0.50" } } }
"""


async def test_amounts_of_settings_and_rates_are_in_major_units(connection: Connection) -> None:
    await apply(connection, IN_MAJOR_UNITS)
    settings = json.loads(await connection.fetchval("select settings from channels"))
    assert settings["shop"]["minimum_purchase"] == {"SEK": 5000, "JPY": 700}
    assert settings["shop"]["rounding"] == {"SEK": 50}
    assert await connection.fetchval("select duty_threshold from tax_rates") == 80_050
    assert (await apply(connection, IN_MAJOR_UNITS)).changes == ()


@pytest.mark.parametrize(
    ("written", "wrong", "pointer"),
    [
        ("JPY = 700", 'JPY = "7.5"', "channels/c/settings/shop/minimum_purchase/JPY"),
        ("JPY = 700", "QQQ = 7", "channels/c/settings/shop/minimum_purchase/QQQ"),
        ('"0.50"', '"0.005"', "channels/c/settings/shop/rounding/SEK"),
        ('"0.50"', "0.5", "channels/c/settings/shop/rounding/SEK"),
        ('"800.50"', '"800.505"', "taxes/rates/US/duty_threshold"),
    ],
)
def test_an_amount_that_its_currency_cannot_hold_is_refused_there(
    written: str, wrong: str, pointer: str
) -> None:
    assert list(faults(IN_MAJOR_UNITS.replace(written, wrong))) == [f"/workspaces/n/{pointer}"]


def test_names_among_a_doors_data_are_refused_where_they_stand() -> None:
    """They stood there once; read by nobody, they would be lost without a word."""
    written = '[workspaces.n.products.p]\nname = "P"\ndata.article.name.sv = "Te"\n'
    assert list(faults(written)) == ["/workspaces/n/products/p/data/article/name"]
    assert isinstance(load_world(written.replace("data.article.name.sv", "names.sv")), World)


BROKEN_BUT_LEGAL = """
sandbox = true
[workspaces.n.merchants.m]
name = "M"
country = "US"
integration = "pigeon"
[workspaces.n.products.p]
name = "P"
merchant = "0123456789abcdef01234567"
prices = { USD = "-1", CAD = "0", EUR = "none" }
[workspaces.n.products.q]
name = "Of no merchant at all"
[workspaces.n.channels.c]
door = "bonsai"
settings = { source = "", payment_methods = [], external_payment.type = "oauth", taxes.company = "nobody" }
"""


def test_set_ups_that_fail_orders_are_legal() -> None:
    assert isinstance(load_world(BROKEN_BUT_LEGAL), World)


SECRET = "s3cret-value-that-nobody-may-see"


def test_outside_a_sandbox_no_secret_stands_in_the_file() -> None:
    text = f"""
    [workspaces.n.channels.c]
    door = "bonsai"
    keys = {{ live = "{SECRET}" }}
    settings.external_payment.api = {{ url = "https://partner.example", api_key = "{SECRET}" }}
    settings.taxes.license_key = "{SECRET}"
    [workspaces.n.taxes]
    companies = ["DEFAULT"]
    [workspaces.n.partner]
    tokens = ["{SECRET}"]
    """
    found = faults(text)
    assert sorted(found) == [
        "/workspaces/n/channels/c/keys/live",
        "/workspaces/n/channels/c/settings/external_payment/api/api_key",
        "/workspaces/n/channels/c/settings/taxes/license_key",
        "/workspaces/n/partner",
    ]
    assert SECRET not in str(found)


def test_a_fault_never_quotes_the_value() -> None:
    found = load_world(
        f'sandbox = "{SECRET}"\n[workspaces.n.channels.c]\ndoor = "{SECRET}"\nkeys = ["{SECRET}"]'
    )
    assert isinstance(found, list)
    assert len(found) == 3
    assert SECRET not in str(found)


NESTED = "x = " + "[" * 5000 + "]" * 5000
UNREADABLE = [
    (b"\xff\xfe", "not UTF-8"),
    (b"= 1", "neither TOML nor JSON"),
    (b'{"workspaces": ', "neither TOML nor JSON"),
    (b"x = " + b"9" * 5000, "too large"),
    (NESTED.encode(), "nested too deeply"),
    (b"#" * (MAX_BYTES + 1), "larger than"),
    (b"x = 9007199254740993", "2^53"),
    (b"x = nan", "finite"),
    (b"x = 2026-01-01", "written as text"),
    (b'x = "a\\u0000b"', "NUL"),
    (b'x = "' + b"a" * 70_000 + b'"', "longer than"),
    (b"x = " + b"[" * 30 + b"]" * 30, "deeper than"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE, ids=[message for _, message in UNREADABLE])
def test_what_cannot_be_read_is_a_fault(content: bytes, message: str) -> None:
    found = parse_world(content)
    assert isinstance(found, list)
    assert message in found[0].message


def test_faults_are_limited() -> None:
    found = load_world("\n".join(f"x{number} = 1" for number in range(500)))
    assert isinstance(found, list)
    assert len(found) == MAX_FAULTS


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, steps: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [steps, *(place for key, each in inner for place in places(each, (*steps, key)))]


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(places(DEMO)[1:]), value=anything)
def test_one_wrong_value_anywhere_gives_faults_or_a_world(place: tuple[Any, ...], value: Any) -> None:
    data = json.loads(json.dumps(DEMO))
    parent = data
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    found = load_world(json.dumps(data))
    assert isinstance(found, World) or (found and all(isinstance(fault, Fault) for fault in found))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_faults(content: bytes) -> None:
    assert isinstance(parse_world(content), list)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_pages_are_what_the_generator_makes(name: str) -> None:
    assert (REFERENCE / name).read_text("utf-8") == PAGES[name]()


def test_the_published_schema_is_one_and_accepts_the_demo_world() -> None:
    jsonschema_rs.meta.validate(world_schema())
    assert jsonschema_rs.is_valid(world_schema(), DEMO)
