"""Days that end something, in webshops: they belong to it, in the shop's time zone."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from entrepot.worlds import load_world
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.textalk_buying import ask

ZONE = {"channels/shop/settings/shop/time_zone": "Europe/Stockholm"}


@pytest.mark.parametrize(("edits", "end"), [({}, "2026-12-25T00:00:00Z"), (ZONE, "2026-12-24T23:00:00Z")])
async def test_a_code_and_a_certificate_are_good_until_the_end_of_their_last_day(
    textalk: Client, open_webshop: OpenWebshop, edits: Any, end: str
) -> None:
    shop = await open_webshop(edits)
    auth = await shop.administrator()
    code = {"code": "XMAS", "type": "percent", "percent": 0.1, "validUntil": "2026-12-24"}
    told = await ask(textalk, shop, "Discountcode.create", code, "validUntil", auth=auth)
    assert told == {"validUntil": end}
    paid = {"currency": "SEK", "originalValue": 5, "expiredate": "2026-12-24"}
    assert await ask(textalk, shop, "Giftcertificate.create", paid, "expiredate", auth=auth) == {
        "expiredate": end
    }
    assert await ask(
        textalk, shop, "Discountcode.normalize", None, {"validUntil": "2026-12-24"}, auth=auth
    ) == {"validUntil": end}


@pytest.mark.parametrize(("edits", "end"), [({}, "2026-12-25T00:00:00Z"), (ZONE, "2026-12-24T23:00:00Z")])
async def test_a_world_file_says_it_the_same_way(
    textalk: Client, open_webshop: OpenWebshop, edits: Any, end: str
) -> None:
    shop = await open_webshop(
        {"webshops/shop/discounts/XMAS": {"id": 799, "percent": "10%", "valid_until": "2026-12-24"}, **edits}
    )
    auth = await shop.administrator()
    assert await ask(textalk, shop, "Discountcode.get", 799, "validUntil", auth=auth) == {"validUntil": end}


@pytest.mark.parametrize(
    ("stored", "patch", "pointer"),
    [
        ({}, {"validFrom": "2026-12-25", "validUntil": "2026-12-24"}, "/validUntil"),
        ({}, {"validFrom": "2026-12-24T10:00:00Z", "validUntil": "2026-12-24T10:00:00Z"}, "/validUntil"),
        ({"validUntil": "2026-12-24"}, {"validFrom": "2026-12-25"}, "/validFrom"),
        ({"validFrom": "2026-12-25"}, {"validUntil": "2026-12-24"}, "/validUntil"),
    ],
)
async def test_what_would_end_before_it_starts_is_refused(
    textalk: Client, open_webshop: OpenWebshop, stored: Any, patch: Any, pointer: str
) -> None:
    shop = await open_webshop()
    auth = await shop.administrator()
    uid = (await ask(textalk, shop, "Discountcode.create", {"code": "C", **stored}, auth=auth))["uid"]
    problem = [{"message": "It would end before it starts.", "pointer": pointer}]
    reply = await textalk.send(shop.call("Discountcode.set", uid, patch, auth=auth))
    assert (reply.json["error"]["code"], reply.json["error"]["data"]) == (9001, problem)
    assert await ask(textalk, shop, "Discountcode.validate", uid, patch, auth=auth) == problem
    one_day = {"validFrom": "2026-12-24", "validUntil": "2026-12-24"}
    assert await ask(textalk, shop, "Discountcode.set", uid, one_day, auth=auth) == {"uid": uid}


async def test_the_upper_bound_of_a_filter_includes_its_day(
    textalk: Client, open_webshop: OpenWebshop
) -> None:
    shop = await open_webshop(ZONE)
    auth = await shop.administrator()
    await shop.connection.execute(
        "update discounts set created_at = '2026-12-24T22:59:59.5Z' where workspace = $1", await shop.id()
    )

    async def count(**bound: str) -> int:
        return await ask(textalk, shop, "Discountcode.count", {"/created": bound}, auth=auth)

    every = await count()
    assert every > 0
    assert await count(max="2026-12-24") == every
    assert await count(max="2026-12-23") == 0
    assert await count(min="2026-12-24") == every
    assert await count(min="2026-12-25") == 0
    assert await count(max="2026-12-24t22:59:59.500000000z") == every
    assert await count(max="2026-12-24T22:59:59.499Z") == 0


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (
            "[workspaces.n.channels.s.settings.shop]\ntime_zone = 'Mars/Olympus'",
            "channels/s/settings/shop/time_zone",
        ),
        (
            "[workspaces.n.webshops.s.discounts.C]\nid = 1\nvalid_until = '2026-02-30'",
            "webshops/s/discounts/C/valid_until",
        ),
    ],
)
def test_days_and_zones_that_do_not_exist_are_refused_with_their_place(text: str, pointer: str) -> None:
    channel = "door = 'textalk'\nsettings.door.uid = 1"
    shop = "[workspaces.n.webshops.s]\nlanguages = { sv = 'SEK' }"
    found = load_world(f"sandbox = true\n[workspaces.n.channels.s]\n{channel}\n{shop}\n{text}")
    assert isinstance(found, list)
    assert [fault.pointer for fault in found] == [f"/workspaces/n/{pointer}"]


WITH_A_ZONE = """
sandbox = true
[workspaces.n.channels.s]
door = "textalk"
settings = { door.uid = 1, shop.time_zone = "Europe/Stockholm" }
[workspaces.n.webshops.s]
languages = { sv = "SEK" }
"""
LOADING = f"from entrepot.worlds import load_world; print(type(load_world({WITH_A_ZONE!r})).__name__)"


def test_zones_are_known_on_a_machine_without_a_database_of_them() -> None:
    """As on Windows and in small container images: no folder of the system is looked in."""
    environ = {**os.environ, "PYTHONTZPATH": ""}
    told = subprocess.run([sys.executable, "-c", LOADING], env=environ, capture_output=True, text=True)
    assert (told.stdout, told.stderr) == ("World\n", "")
