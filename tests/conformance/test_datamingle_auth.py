"""Who may call the DataMingle door, and what for: each documented refusal, by a key and an account that are so."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from entrepot.engine.clock import real_now
from tests.conformance.datamingle import account, flat, ok, shown
from tests.conformance.harness import Client, Prove, Request
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.proof import Expected, assert_reply

NO_PERMISSION = flat(403, "scope-missing", "You do not have permission to perform this action.")
RESOURCES = ("orders", "inventory", "locations", "products")


async def test_order_is_taken_and_told_in_full(datamingle: Client, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    reply = await datamingle.send(partners.order())
    assert_reply(reply, ok(shown(), 201))
    await partners.assert_taken(reply)


@pytest.mark.row("datamingle.auth.403.no-key")
@pytest.mark.parametrize("key", [None, ""])
async def test_no_key(prove: Prove, open_datamingle: OpenPartners, key: str | None) -> None:
    partners = await open_datamingle()
    request = partners.order()
    keyless = Request(request.method, request.path, request.body, {} if key is None else {"X-API-Key": key})
    text = "Authentication credentials were not provided."
    await prove(keyless, flat(403, "unauthenticated", text), request, partners.assert_taken, success=201)


@pytest.mark.row("datamingle.auth.401.invalid")
async def test_unknown_key(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle()
    await prove(
        partners.order(key=partners.key("nobody")),
        flat(401, "unauthenticated", "Invalid API key"),
        partners.order(),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.auth.401.invalid")
async def test_suspended_key_is_no_key_until_it_is_resumed(
    prove: Prove, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle({"channels/plain/keys/main/suspended": True})
    await prove(
        partners.order(),
        flat(401, "unauthenticated", "Invalid API key"),
        partners.changing({"channels/plain/keys/main/suspended": False}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.auth.401.expired")
async def test_expired_key(prove: Prove, open_datamingle: OpenPartners) -> None:
    expires = "channels/plain/keys/main/expires"
    partners = await open_datamingle({expires: _in(timedelta(hours=-1))})
    await prove(
        partners.order(),
        flat(401, "unauthenticated", "API key has expired"),
        partners.changing({expires: _in(timedelta(hours=1))}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.auth.403.no-partner")
async def test_no_partner(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle({"channels/plain/settings/door": {}})
    await prove(
        partners.order(),
        flat(403, "partner-unlinked", "No integration partner is linked to this API key."),
        partners.changing({"channels/plain/settings/door": {"partner": {}}}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.auth.403.partner-deactivated")
async def test_deactivated_partner(prove: Prove, open_datamingle: OpenPartners) -> None:
    active = "channels/plain/settings/door/partner/active"
    partners = await open_datamingle({active: False})
    await prove(
        partners.order(),
        flat(403, "partner-inactive", "Integration partner is deactivated."),
        partners.changing({active: True}),
        partners.assert_taken,
        success=201,
    )


@pytest.mark.row("datamingle.auth.403.scope")
async def test_scope_is_missing(prove: Prove, open_datamingle: OpenPartners) -> None:
    scopes = "channels/plain/keys/main/scopes"
    partners = await open_datamingle({scopes: ["integrations.orders.read", "integrations.products.*"]})
    await prove(
        partners.order(),
        NO_PERMISSION,
        partners.changing({scopes: ["integrations.orders.read", "integrations.orders.write"]}),
        partners.assert_taken,
        success=201,
    )


async def test_disabled_account(datamingle: Client, open_datamingle: OpenPartners) -> None:
    disabled = "channels/plain/settings/door/disabled"
    partners = await open_datamingle({disabled: True})
    text = "Integrations are disabled for this workspace."
    assert_reply(await datamingle.send(partners.order()), flat(403, "account-disabled", text))
    await partners.change({disabled: False})
    assert (await datamingle.send(partners.order())).status == 201


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("integrations.*", {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"}),
        ("integrations.orders.*", {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"}),
        ("integrations.orders.read", {"GET", "HEAD", "OPTIONS"}),
        ("integrations.orders.write", {"POST", "PUT"}),
        ("integrations.orders.delete", {"DELETE"}),
        ("integrations.products.*", set[str]()),
    ],
)
async def test_a_wider_scope_covers_every_narrower_one(
    datamingle: Client, open_datamingle: OpenPartners, scope: str, allowed: set[str]
) -> None:
    partners = await open_datamingle({"channels/plain/keys/main/scopes": [scope]})
    paths = {"GET": "/orders/", "HEAD": "/orders/", "OPTIONS": "/orders/", "POST": "/orders/"}
    paths |= {"PUT": "/orders/none/", "DELETE": "/orders/none/"}
    bodies: dict[str, Any] = {"POST": partners.order().body, "PUT": {"notes": "x"}}
    replies = {
        method: await datamingle.send(partners.send(method, path, bodies.get(method, b"")))
        for method, path in paths.items()
    }
    assert {method for method, reply in replies.items() if reply.status != 403} == allowed
    for method, reply in replies.items():
        if method not in allowed and method != "HEAD":
            assert_reply(reply, NO_PERMISSION)


VIOLATIONS: dict[str, tuple[dict[str, Any], Expected]] = {
    "unknown": (
        {"keys/main/value": "sk_live_" + "0" * 40},
        flat(401, "unauthenticated", "Invalid API key"),
    ),
    "expired": (
        {"keys/main/expires": "2020-01-01T00:00:00Z"},
        flat(401, "unauthenticated", "API key has expired"),
    ),
    "disabled": (
        {"settings/door/disabled": True},
        flat(403, "account-disabled", "Integrations are disabled for this workspace."),
    ),
    "inactive": (
        {"settings/door/partner/active": False},
        flat(403, "partner-inactive", "Integration partner is deactivated."),
    ),
    "scope": ({"keys/main/scopes": ["integrations.orders.read"]}, NO_PERMISSION),
    "body": ({}, Expected(400, {}, None)),
}


@pytest.mark.parametrize("first", VIOLATIONS)
async def test_of_two_refusals_of_access_the_earlier_wins(
    datamingle: Client, open_datamingle: OpenPartners, first: str
) -> None:
    names = list(VIOLATIONS)
    for second in names[names.index(first) + 1 :]:
        if first == "unknown" and second == "expired":
            continue  # a key that is unknown cannot be expired
        edits = {f"channels/plain/{k}": v for n in (first, second) for k, v in VIOLATIONS[n][0].items()}
        partners = await open_datamingle()
        own = partners.order({"order_number": 7.5} if second == "body" else {}, key=partners.key())
        await partners.change({place: value for place, value in edits.items() if "value" not in place})
        key = VIOLATIONS["unknown"][0]["keys/main/value"] if first == "unknown" else partners.key()
        reply = await datamingle.send(Request(own.method, own.path, own.body, {"X-API-Key": key}))
        assert_reply(reply, VIOLATIONS[first][1])


async def test_a_key_that_is_suspended_between_two_requests_is_refused(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    assert (await datamingle.send(partners.send("GET", "/orders/"))).status == 200
    await partners.change({"channels/plain/keys/main/suspended": True})
    assert (await datamingle.send(partners.send("GET", "/orders/"))).status == 401
    await partners.change({"channels/plain/keys/main/suspended": False})
    assert (await datamingle.send(partners.send("GET", "/orders/"))).status == 200


@pytest.mark.row("datamingle.auth.403.no-partner")
async def test_whoever_passes_through_needs_no_partner(prove: Prove, open_datamingle: OpenPartners) -> None:
    partners = await open_datamingle({"channels/plain/settings/door": {}})
    await prove(
        partners.order(),
        flat(403, "partner-unlinked", "No integration partner is linked to this API key."),
        partners.changing({"channels/plain/settings/door": {"pass_through": True}}),
        partners.assert_taken,
        success=201,
    )


async def test_a_test_key_takes_orders_that_take_no_stock(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    await partners.change({"channels/tester": account(partners, "tester")})
    key = partners.key("tester", "test")
    await partners.change({"channels/tester/keys/main/value": key})
    reply = await datamingle.send(partners.order(key=key))
    assert reply.status == 201
    held = await partners.connection.fetchval(
        "select count(*) from holds where workspace = $1", await partners.id()
    )
    assert held == 0


def _in(time: timedelta) -> str:
    at: datetime = real_now() + time
    return at.isoformat()


@pytest.mark.parametrize(
    ("setting", "method", "path", "body"),
    [
        ("may_edit_catalogue", "POST", "/products/", {"quantity": "x"}),
        ("may_edit_catalogue", "POST", "/products/", b"{"),
        ("may_edit_catalogue", "PUT", "/products/none/", {}),
        ("may_edit_catalogue", "DELETE", "/products/none/", b""),
        ("may_set_stock", "POST", "/inventory/", {"inventory": [{"sku_code": 5}]}),
        ("may_set_stock", "POST", "/inventory/", {"inventory": []}),
        ("may_set_stock", "POST", "/locations/", {}),
        ("may_set_stock", "PUT", "/locations/none/", {"is_active": "x"}),
        ("may_set_stock", "DELETE", "/locations/none/", b""),
    ],
)
async def test_what_the_account_may_not_is_refused_before_the_request_is_looked_at(
    datamingle: Client, open_datamingle: OpenPartners, setting: str, method: str, path: str, body: Any
) -> None:
    partners = await open_datamingle({f"channels/plain/settings/{setting}": False})
    page = {"may_edit_catalogue": "catalogue-closed", "may_set_stock": "stock-closed"}[setting]
    refused = flat(403, page, "You do not have permission to perform this action.")
    assert_reply(await datamingle.send(partners.send(method, path, body)), refused)
    assert (await datamingle.send(partners.send("GET", path.replace("none/", "")))).status == 200
    await partners.change({f"channels/plain/settings/{setting}": True})
    assert (await datamingle.send(partners.send(method, path, body))).status in (200, 400, 404)
