"""The core speaks of no door and no vendor: their words stay in doors, gateways and the registry.

Names, strings, docstrings and comments are read. A citation such as `(decision bonsai I11)` names a page, not an API.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.unit.test_house import FILES, SOURCE, area_of

CORE = ("domain", "engine", "store", "failures")
READ = [path for path in FILES if area_of(path) in CORE and path.parent.name != "versions"]

CITATION = re.compile(r"\(decision \w+ [^)]+\)")
DOORS = "bonsai|textalk|walmart|rebound|datamingle|webshops?|articlegroups?|uids?"
VENDORS = "stripe|adyen|klarna|afterpay|paypal|avatax|avalara"
SYSTEM = re.compile(r"\b(?:pw|st)_uid\b")
"""Fields of the operating system's records, as Python names them."""
NAMES = re.compile(rf"(?<![a-z])(?:{DOORS}|{VENDORS})(?![a-z])", re.IGNORECASE)
"""As words of their own or as parts of a name such as `order_uid`; `uuid` and `getuid` are other words."""
CAMEL = re.compile(r"(?<=[a-z])U(?:id|ID)s?(?![a-z])")
"""As the end of a name such as `orderUid`."""
EVENTS = re.compile(r"\b[A-Z][A-Za-z]+/[a-z]{3,}\b")
"""Names of events as Textalk has them: `Order/placed`."""
DOORS_DATA = re.compile(r"\bdata\W{1,4}(?:get\W{1,3})?article\b|\bsettings\W{1,3}door\b")
"""What a door keeps for itself in a row, read by others."""

# What stands for a reason. A line leaves this list with its word, and none joins it.
STANDING: Mapping[tuple[str, str], str] = {
    (
        "domain/channels/accounts.py",
        "stripe",
    ): "settings choose the adapter by its name; a method's stored name",
    ("domain/channels/accounts.py", "avatax"): "settings choose the adapter by its name",
    ("domain/channels/accounts.py", "bonsai"): "a source of orders, stored in the settings of workspaces",
    ("domain/placing/checks.py", "stripe"): "a payment method's name, stored with orders and in settings",
    ("domain/placing/checks.py", "afterpay"): "a payment method's name, stored with orders and in settings",
    ("domain/pricing/taxes.py", "avalara"): "the simulated provider's refusal is shown word for word",
    ("domain/pricing/taxes.py", "avatax"): "the simulated provider's refusal is shown word for word",
    ("engine/gateways.py", "stripe"): "here an adapter is chosen and imported",
    ("engine/gateways.py", "avatax"): "here an adapter is chosen and imported",
}


def words_in(text: str) -> set[str]:
    """The words of doors and vendors that a text has, in lower case."""
    rest = SYSTEM.sub("", CITATION.sub("", text))
    names = {found.group().lower() for pattern in (NAMES, CAMEL) for found in pattern.finditer(rest)}
    return names | {found.group() for pattern in (EVENTS, DOORS_DATA) for found in pattern.finditer(rest)}


def breaches() -> set[tuple[str, str]]:
    return {
        (str(path.relative_to(SOURCE)), word) for path in READ for word in words_in(path.read_text("utf-8"))
    }


def test_the_core_speaks_of_no_door_and_no_vendor() -> None:
    assert {area_of(path) for path in READ} == set(CORE)
    assert breaches() - STANDING.keys() == set()


def test_what_still_stands_is_still_there() -> None:
    assert STANDING.keys() - breaches() == set(), "mended: take it from the list"
    assert all(STANDING.values())
    assert all(Path(SOURCE, name).exists() for name, _ in STANDING)


def test_words_are_noticed() -> None:
    assert words_in('name = "Order/placed"') == {"Order/placed"}
    assert words_in("def to_webshop(orderUid: int, article_uids: list[int])") == {"webshop", "uid", "uids"}
    assert words_in("entry.pw_uid or entry.st_uid or os.geteuid()") == set()
    assert words_in("stripe_error = STRIPE  # as Stripe says") == {"stripe"}
    assert words_in('product.data["article"]') == {'data["article'}
    assert words_in("channel.settings.door.uid") == {"settings.door", "uid"}


def test_what_only_looks_like_their_words_is_not_one() -> None:
    assert words_in("uuid, getuid, striped, the rebounding ball, and/or, application/json") == set()
    assert words_in("rounded half-up (decision bonsai U14)") == set()
