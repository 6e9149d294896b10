"""What the page of repeats says of commands that are known by a name: sent again after a lost answer, and at once.

Bonsai's, Walmart's, carriers' and operators' have tests of their own; these are the other doors' names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.conformance.harness import Client, Reply, Request
from tests.conformance.harness.fixtures import OpenPartners, OpenRetailer, OpenWebshop
from tests.conformance.harness.world import Tenant
from tests.conformance.rebound import TAKEN
from tests.support.server import Server
from tests.support.waiting import eventually

AT_ONCE = 8
ORDERS = "select count(*) from orders where workspace = $1"
LEVEL = """
select coalesce(sum(available), 0)::bigint
from stock s join locations l on l.workspace = s.workspace and l.id = s.location
where s.workspace = $1 and l.code = 'a-100'
"""
CERTIFICATE = {"originalValue": 100, "currency": "SEK", "code": "TWICE"}


class Command(NamedTuple):
    """A command at a door; `counted` tells how many of what it makes there are, `refused` how a second one is."""

    client: Client
    tenant: Tenant
    request: Request
    counted: str
    refused: Callable[[Reply], bool]

    async def made(self) -> int:
        """How many there are."""
        return await self.tenant.connection.fetchval(self.counted, await self.tenant.id())

    async def send(self) -> Reply:
        """What is answered."""
        return await self.client.send(self.request)

    async def lose_the_answer(self, server: Server) -> None:
        """Have it done, and go without having heard of it."""
        before, parts = await self.made(), urlsplit(server.url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(_written(self.request))

            async def is_done() -> bool:
                return await self.made() != before

            await eventually(is_done, pause=0.01)
        finally:
            writer.transport.abort()


def _written(request: Request) -> bytes:
    named = {"Host": "localhost", "Content-Type": "application/json", **request.headers}
    named["Content-Length"] = str(len(request.content))
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in named.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + request.content


Make = Callable[[], Awaitable[Command]]


def _is_duplicate(reply: Reply) -> bool:
    return reply.status == 409 and reply.json["error"]["code"] == "DUPLICATE"


def _names_its_number(reply: Reply) -> bool:
    said = [{"field": "order_number", "message": "order with this order_number already exists."}]
    return reply.status == 400 and reply.json["error"]["details"] == said


def _is_taken(reply: Reply) -> bool:
    return reply.status == 400 and reply.json["message"] == TAKEN


def _is_invalid(reply: Reply) -> bool:
    error = reply.json.get("error", {})
    return error.get("code") == 9001 and [each["pointer"] for each in error["data"]] == ["/code"]


@pytest.fixture
def commands(
    datamingle: Client,
    rebound: Client,
    textalk: Client,
    open_datamingle: OpenPartners,
    open_rebound_retailer: OpenRetailer,
    open_webshop: OpenWebshop,
) -> dict[str, Make]:
    async def partners(path: str, body: Any, table: str) -> Command:
        tenant = await open_datamingle()
        count = f"select count(*) from {table} where workspace = $1"
        return Command(datamingle, tenant, tenant.send("POST", path, body), count, _is_duplicate)

    async def order() -> Command:
        tenant = await open_datamingle()
        return Command(datamingle, tenant, tenant.order(), ORDERS, _names_its_number)

    async def sale() -> Command:
        tenant = await open_rebound_retailer()
        return Command(rebound, tenant, await tenant.create(), ORDERS, _is_taken)

    async def certificate() -> Command:
        shop = await open_webshop()
        auth = await shop.administrator()
        count = "select count(*) from certificates where workspace = $1"
        request = shop.call("Giftcertificate.create", CERTIFICATE, auth=auth)
        return Command(textalk, shop, request, count, _is_invalid)

    return {
        "datamingle order": order,
        "datamingle product": lambda: partners("/products/", {"sku": "TWICE"}, "products"),
        "datamingle location": lambda: partners("/locations/", {"code": "TWICE", "name": "Bay"}, "locations"),
        "rebound sales order": sale,
        "textalk gift certificate": certificate,
    }


NAMED = pytest.mark.parametrize(
    "name",
    [
        "datamingle order",
        "datamingle product",
        "datamingle location",
        "rebound sales order",
        "textalk gift certificate",
    ],
)


@NAMED
async def test_what_is_named_and_whose_answer_was_lost_is_not_made_again(
    commands: dict[str, Make], server: Server, name: str
) -> None:
    command = await commands[name]()
    before = await command.made()
    await command.lose_the_answer(server)
    assert command.refused(await command.send())
    assert await command.made() == before + 1


@NAMED
async def test_of_many_of_one_name_at_once_one_is_made(commands: dict[str, Make], name: str) -> None:
    command = await commands[name]()
    before = await command.made()
    replies = await asyncio.gather(*(command.send() for _ in range(AT_ONCE)))
    assert sum(map(command.refused, replies)) == AT_ONCE - 1, [each.body for each in replies]
    assert all(each.status < 500 for each in replies)
    assert await command.made() == before + 1


async def test_a_partners_second_name_of_an_order_is_taken_too(
    datamingle: Client, open_datamingle: OpenPartners
) -> None:
    partners = await open_datamingle()
    assert (await datamingle.send(partners.order())).status == 201
    assert _is_duplicate(await datamingle.send(partners.order({"order_number": "ORD-2"})))


@pytest.mark.parametrize("kind", ["level", "change", "deletion", "cancellation"])
async def test_what_says_how_a_record_shall_be_is_so_however_often_it_is_said(
    datamingle: Client, open_datamingle: OpenPartners, server: Server, kind: str
) -> None:
    """Once with its answer lost, then eight times at once: all are answered alike, and nothing has changed since."""
    partners = await open_datamingle()
    await datamingle.send(partners.order())
    level = {"location_code": "a-100", "sku_code": "RUG-5X7-BLU", "quantity": 7}
    request, count = {
        "level": (partners.send("POST", "/inventory/", {"inventory": [level]}), LEVEL),
        "change": (
            partners.send("PUT", "/locations/a-100/", {"name": "Bay"}),
            "select count(*) from locations where workspace = $1 and name = 'Bay'",
        ),
        "deletion": (
            partners.send("DELETE", "/products/RUG-8X10-RED/"),
            "select count(*) from products where workspace = $1 and deleted_at is not null",
        ),
        "cancellation": (
            partners.send("DELETE", "/orders/ORD-1/", {"reason": "no need"}),
            "select count(*) from orders where workspace = $1 and state = 'cancelled'",
        ),
    }[kind]
    command = Command(datamingle, partners, request, count, _is_duplicate)
    await command.lose_the_answer(server)
    done = await command.made()
    assert done == (7 if kind == "level" else 1)
    replies = await asyncio.gather(*(command.send() for _ in range(AT_ONCE)))
    again = 404 if kind == "deletion" else 200
    assert {each.status for each in replies} == {again}, [each.body for each in replies]
    assert await command.made() == done
