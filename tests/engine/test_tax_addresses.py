"""What a tax provider is told of where goods come from, and who says that it would need more."""

from __future__ import annotations

import json

from entrepot.checks import run_checks
from tests.conformance.harness import Client
from tests.conformance.harness.fixtures import OpenShop
from tests.support.raw_server import http_reply, raw_server

QUOTE = {"lines": [{"lineNumber": str(number), "tax": 1} for number in range(2)]}
HOME = {"address1": "1 Front Street", "city": "Toronto", "province": "ON", "zip": "M5J 2N1"}


def avatax(url: str) -> dict[str, str]:
    return {"provider": "avatax", "account": "2000", "license_key": "key", "base_url": url}


async def test_avatax_is_told_the_merchants_address(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    async with raw_server(http_reply(QUOTE)) as server:
        taxes = {"channels/shop/settings/taxes": avatax(server.url)}
        shop = await open_bonsai_shop({"merchants/maple/address": HOME, **taxes})
        reply = await bonsai.send(shop.submit())
    assert reply.status == 200, reply.body
    (asked,) = server.requests
    told = {
        "line1": "1 Front Street",
        "city": "Toronto",
        "region": "ON",
        "country": "CA",
        "postalCode": "M5J 2N1",
    }
    assert [line["addresses"]["shipFrom"] for line in asked.json["lines"]] == [told, told]


async def test_check_says_whose_address_avatax_would_refuse(open_bonsai_shop: OpenShop) -> None:
    """Accounts can be set up past the world file, so what stands in the database is looked at."""
    shop = await open_bonsai_shop({"merchants/maple/address": {"province": "ON"}})
    workspace = await shop.id()
    assert await run_checks(shop.connection, workspace) == []
    settings = json.dumps({"taxes": avatax("http://127.0.0.1:9")})
    await shop.connection.execute(
        "update channels set settings = settings || $2::jsonb where workspace = $1", workspace, settings
    )
    (found,) = await run_checks(shop.connection, workspace)
    assert (found.severity, found.law) == ("warning", "tax-addresses")
    assert found.detail.startswith("merchant Maple in CA: AvaTax needs the province and the zip")
    await shop.connection.execute("update merchants set country = 'SE' where workspace = $1", workspace)
    assert await run_checks(shop.connection, workspace) == []
