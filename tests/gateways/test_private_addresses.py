"""Private addresses are called by the server's leave alone: an account's own settings open nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from entrepot import app
from entrepot.config import Settings
from entrepot.domain.channels.accounts import (
    AddressSettings,
    CardSettings,
    CarrierSettings,
    ExternalApi,
    HubSettings,
    LabelSettings,
    MailSettings,
    TaxSettings,
)
from entrepot.engine.clock import real_now
from entrepot.engine.gateways import Gateways
from entrepot.engine.worker import Wiring, Worker
from entrepot.gateways.addresses.port import AddressQuery
from entrepot.gateways.cards.port import CreateIntent
from entrepot.gateways.tokens.port import TokenAmounts, TokenQuery
from entrepot.store.connections import LanePool, OpenablePool
from tests.gateways.carriers.test_http import AT, consignment
from tests.gateways.hubs.orders import hub_order
from tests.gateways.labels.requests import label_request
from tests.gateways.mail.test_smtp import MAIL
from tests.gateways.taxes.test_avatax import QUERY

Ask = Callable[[Gateways, str], Awaitable[object]]


async def _token(gateways: Gateways, url: str) -> object:
    there = ExternalApi(url=url, api_key="k", allow_private=True)
    amounts = TokenAmounts(shipping=Decimal(0), taxes=Decimal(0), goods=Decimal(1))
    return await gateways.tokens(1, there).validate(TokenQuery("paid", "CAD", amounts, "1"))


async def _address(gateways: Gateways, url: str) -> object:
    there = AddressSettings("http", url, "k", allow_private=True)
    return await gateways.addresses(1, there).find(AddressQuery("SE", "19121212-1212"))


async def _hub(gateways: Gateways, url: str) -> object:
    hub = await gateways.hubs(1, HubSettings("http", "shop", url, "k", allow_private=True))
    assert hub is not None
    return await hub.hand_over(hub_order())


async def _label(gateways: Gateways, url: str) -> object:
    service = await gateways.labels(1, LabelSettings("http", url=url, api_key="k", allow_private=True))
    assert service is not None
    return await service.make(label_request())


async def _carrier(gateways: Gateways, url: str) -> object:
    carrier = await gateways.carriers(1, 2, CarrierSettings("http", url, "k", allow_private=True))
    assert carrier is not None
    return await carrier.announce(consignment(), AT)


async def _card(gateways: Gateways, url: str) -> object:
    there = CardSettings("stripe", api_key="sk_test_1", api_base=url)
    return await gateways.cards(1, there, "live").create_intent(CreateIntent("k", 100, "CAD", {}))


async def _tax(gateways: Gateways, url: str) -> object:
    there = TaxSettings("avatax", account="1", license_key="k", base_url=url)
    return await gateways.taxes(1, there).quote(QUERY)


async def _mail(gateways: Gateways, url: str) -> object:
    host, _, port = url.removeprefix("http://").partition(":")
    there = MailSettings(gateway="smtp", host=host, port=int(port), security="tls")
    return await gateways.mails(1, there).send(MAIL)


ASKS: dict[type[msgspec.Struct], Ask] = {
    ExternalApi: _token,
    AddressSettings: _address,
    HubSettings: _hub,
    LabelSettings: _label,
    CarrierSettings: _carrier,
    CardSettings: _card,
    TaxSettings: _tax,
    MailSettings: _mail,
}
SERVERS = frozenset({CardSettings, TaxSettings, MailSettings})
"""Of these the server's setting alone decides: an account has none of its own."""


def _unopened() -> LanePool:
    async def never() -> Any:
        raise AssertionError

    return OpenablePool(never)


@pytest.mark.parametrize("kind", ASKS)
@pytest.mark.parametrize(("private", "asked"), [(False, 0), (True, 1)])
async def test_an_account_cannot_allow_them(kind: type[msgspec.Struct], private: bool, asked: int) -> None:
    gateways = Gateways(_unopened(), real_now, private=private)
    connections = 0

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1") as server:
        await ASKS[kind](gateways, "http://{}:{}".format(*server.sockets[0].getsockname()))
    assert connections == asked


def test_no_settings_with_an_address_of_their_own_are_forgotten() -> None:
    known = {
        each
        for each in msgspec.Struct.__subclasses__()
        if each.__module__.startswith("entrepot.domain") and "allow_private" in each.__struct_fields__
    }
    assert known == {*ASKS} - SERVERS


@pytest.mark.parametrize(
    ("settings", "private"),
    [
        (Settings(), False),
        (Settings(private_addresses=True), True),
        (Settings(sandbox=True), True),
    ],
)
def test_the_server_says_so(settings: Settings, private: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    make = Worker.__init__

    def noted(self: Worker, url: str, clock: Any, wiring: Wiring, **more: Any) -> None:
        told.append(wiring.private)
        make(self, url, clock, wiring, **more)

    monkeypatch.setattr(Worker, "__init__", noted)
    app.create_app(settings, "postgresql://nowhere/none")
    assert told == [private]
