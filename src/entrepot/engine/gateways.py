"""Which outside system answers for which account: gateways by the account's settings, made once and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from entrepot.domain.channels.accounts import (
    AddressSettings,
    CardSettings,
    CarrierSettings,
    ChannelSettings,
    ExternalApi,
    HubSettings,
    LabelSettings,
    MailSettings,
    TaxSettings,
)
from entrepot.domain.channels.charging import Steps
from entrepot.gateways.addresses.port import AddressLookup
from entrepot.gateways.addresses.simulated import SimulatedRegister
from entrepot.gateways.cards.bank import BankCards, BuiltInBooks
from entrepot.gateways.cards.port import CardGateway
from entrepot.gateways.carriers.missing import MissingCarrier
from entrepot.gateways.carriers.port import Carrier
from entrepot.gateways.carriers.simulated import SimulatedCarrier
from entrepot.gateways.hubs.missing import MissingHub
from entrepot.gateways.hubs.port import OrderHub
from entrepot.gateways.hubs.simulated import SimulatedHub
from entrepot.gateways.labels.missing import MissingLabels
from entrepot.gateways.labels.port import LabelService
from entrepot.gateways.labels.simulated import SimulatedLabels
from entrepot.gateways.mail.missing import MissingMail
from entrepot.gateways.mail.port import MailGateway
from entrepot.gateways.mail.simulated import SimulatedMail
from entrepot.gateways.taxes.port import TaxGateway
from entrepot.gateways.tokens.port import TokenValidator
from entrepot.gateways.tokens.simulated import SimulatedPartner
from entrepot.loading import loaded
from entrepot.store.connections import LanePool, Pool
from entrepot.store.queries.attempts import read_account_of, read_settings
from entrepot.store.queries.workspaces import is_sandbox

G = TypeVar("G")
A = TypeVar("A", ExternalApi, AddressSettings, HubSettings, CarrierSettings, LabelSettings)
"""Settings of what is asked over HTTP at a place of the account's choice."""
GatewayName = Literal["cards", "taxes", "tokens", "mails", "addresses", "hubs", "labels", "carriers"]
Wrap = Callable[[GatewayName, Any, int], Any]
"""Put around each gateway where it is wired: a sandbox's faults live there, and nowhere else."""


def unwrapped(name: GatewayName, gateway: G, workspace: int) -> G:
    """The gateway as it is."""
    del name, workspace
    return gateway


class Gateways:
    """The gateways of one worker process. `books` is the pool on which simulated gateways keep their own state.

    Without `private` nothing is asked at a private address, whatever an account's settings allow.
    """

    def __init__(
        self, books: LanePool, now: Callable[[], datetime], wrap: Wrap = unwrapped, *, private: bool = False
    ) -> None:
        self._private = private
        self._books = books
        self._now = now
        self._wrap = wrap
        self._kept: dict[bytes, Any] = {}

    def cards(self, workspace: int, settings: CardSettings, environment: str) -> CardGateway:
        """The card provider of an account; for test orders the built-in one, always (decision bonsai Test mode)."""
        if settings.gateway == "bank" or environment == "test":
            books = BuiltInBooks() if environment == "test" else None
            return self._wrap("cards", BankCards(self._books, workspace, self._now, books), workspace)
        return self._keep("cards", workspace, settings, lambda: _outside_cards(settings, self._private))

    def steps(self, settings: CardSettings, environment: str) -> Steps | None:
        """In which amounts an account's card provider can move money; None where it moves any."""
        return None if environment == "test" else steps_by_gateway().get(settings.gateway)

    def taxes(self, workspace: int, settings: TaxSettings) -> TaxGateway:
        """The outside tax provider of an account."""
        return self._keep(
            "taxes", workspace, settings, lambda: _outside_taxes(settings, self._now, self._private)
        )

    def tokens(self, workspace: int, settings: ExternalApi) -> TokenValidator:
        """Whom to ask about an account's external payment tokens."""
        if settings.partner == "simulated":
            return self._wrap("tokens", SimulatedPartner(self._books, workspace), workspace)
        return self._keep("tokens", workspace, settings, lambda: _partner(self._within(settings)))

    def mails(self, workspace: int, settings: MailSettings) -> MailGateway:
        """Who carries an account's mails."""
        if settings.gateway == "mailbox":
            return self._wrap("mails", SimulatedMail(self._books, workspace), workspace)
        return self._keep("mails", workspace, settings, lambda: _smtp(settings, self._private))

    def addresses(self, workspace: int, settings: AddressSettings) -> AddressLookup:
        """Which register an account asks for addresses."""
        if settings.register == "simulated":
            return self._wrap("addresses", SimulatedRegister(self._books, workspace), workspace)
        return self._keep("addresses", workspace, settings, lambda: _register(self._within(settings)))

    async def hubs(self, workspace: int, settings: HubSettings) -> OrderHub | None:
        """Which order hub takes an account's sales over; None where it has none. Raises what a plain read raises."""
        if settings.gateway == "none":
            return None
        if settings.gateway == "simulated":
            hub = SimulatedHub(self._books, workspace) if await self._pretends(workspace) else MissingHub()
            return self._wrap("hubs", hub, workspace)
        return self._keep("hubs", workspace, settings, lambda: _hub(self._within(settings)))

    async def labels(self, workspace: int, settings: LabelSettings) -> LabelService | None:
        """Which service makes an account's labels; None where it has none. Raises what a plain read raises."""
        if settings.gateway == "none":
            return None
        if settings.gateway == "simulated":
            pretends = await self._pretends(workspace)
            labels = SimulatedLabels(self._books, workspace, self._now) if pretends else MissingLabels()
            return self._wrap("labels", labels, workspace)
        return self._keep("labels", workspace, settings, lambda: _labels(self._within(settings)))

    async def carriers(self, workspace: int, channel: int, settings: CarrierSettings) -> Carrier | None:
        """Who carries an account's goods; None where nobody does. Raises what a plain read raises."""
        if settings.gateway == "none":
            return None
        if settings.gateway == "simulated":
            pretends = await self._pretends(workspace)
            books = self._books
            carrier = SimulatedCarrier(books, workspace, channel, settings) if pretends else MissingCarrier()
            return self._wrap("carriers", carrier, workspace)
        return self._keep("carriers", workspace, settings, lambda: _carrier(self._within(settings)))

    async def _pretends(self, workspace: int) -> bool:
        """Whether simulators may act for its orders: outside a sandbox somebody real waits for what they only tell."""
        async with self._books.acquire() as connection:
            return await is_sandbox(connection, workspace)

    async def close(self) -> None:
        """Let go of connections and threads."""
        kept, self._kept = self._kept, {}
        for gateway in kept.values():
            closing = getattr(gateway, "close", None)
            result = closing() if closing else None
            if result is not None:
                await result

    def _within(self, settings: A) -> A:
        """The settings, within what the server allows."""
        return settings if self._private else msgspec.structs.replace(settings, allow_private=False)

    def _keep(self, name: GatewayName, workspace: int, settings: object, make: Callable[[], G]) -> G:
        key = name.encode() + msgspec.msgpack.encode(settings)
        if key not in self._kept:
            self._kept[key] = loaded(make)
        return self._wrap(name, self._kept[key], workspace)


def steps_by_gateway() -> Mapping[str, Steps]:
    """In which amounts card providers can move money, by the name that settings have for them; the others move any."""
    from entrepot.gateways.cards.stripe_amounts import STEPS

    return {"stripe": STEPS}


async def cards_of(reads: Pool, gateways: Gateways, workspace: int, order: int) -> CardGateway:
    """The card provider that took an order's money. Raises `LookupError` for an unknown order."""
    async with reads.acquire() as connection:
        settings, environment = await read_account_of(connection, workspace, order)
    return gateways.cards(workspace, settings.cards, environment)


# The vendors' own packages are large: they are loaded for the first account that needs them.


def _outside_cards(settings: CardSettings, private: bool) -> CardGateway:
    from entrepot.gateways.cards.stripe import StripeCards

    return StripeCards(settings.api_key, settings.api_base, private=private)


def _outside_taxes(settings: TaxSettings, now: Callable[[], datetime], private: bool) -> TaxGateway:
    from entrepot.gateways.taxes.avatax import AVATAX_URL, AvataxGateway

    base_url = settings.base_url or AVATAX_URL
    account, key = settings.account, settings.license_key
    return AvataxGateway(account, key, lambda: now().date(), base_url=base_url, private=private)


def _partner(settings: ExternalApi) -> TokenValidator:
    from entrepot.gateways.tokens.http import HttpTokenValidator

    return HttpTokenValidator(settings)


def _register(settings: AddressSettings) -> AddressLookup:
    from entrepot.gateways.addresses.http import HttpAddressLookup

    return HttpAddressLookup(settings.url, settings.api_key, allow_private=settings.allow_private)


def _hub(settings: HubSettings) -> OrderHub:
    from entrepot.gateways.hubs.http import HttpOrderHub

    return HttpOrderHub(settings.url, settings.api_key, allow_private=settings.allow_private)


def _carrier(settings: CarrierSettings) -> Carrier:
    from entrepot.gateways.carriers.http import HttpCarrier

    return HttpCarrier(settings.url, settings.secret, allow_private=settings.allow_private)


def _labels(settings: LabelSettings) -> LabelService:
    from entrepot.gateways.labels.http import HttpLabelService

    return HttpLabelService(settings.url, settings.api_key, allow_private=settings.allow_private)


def _smtp(settings: MailSettings, private: bool) -> MailGateway:
    from entrepot.gateways.mail.smtp import SmtpMail

    return SmtpMail(
        settings.host,
        settings.port,
        security=settings.security,
        username=settings.username or None,
        password=settings.password or None,
        private=private,
    )


async def mails_of(reads: Pool, gateways: Gateways, workspace: int, channel: int) -> MailGateway:
    """Who carries an account's mails, by its settings as they are now. The simulated mailbox is a sandbox's only."""
    async with reads.acquire() as connection:
        settings = await read_settings(connection, workspace, channel)
        if settings.mail.gateway == "mailbox" and not await is_sandbox(connection, workspace):
            return MissingMail()
    return gateways.mails(workspace, settings.mail)


async def settings_of(reads: Pool, workspace: int, channel: int) -> ChannelSettings:
    """An account's settings as they are now. Raises `LookupError` where there is no such account."""
    async with reads.acquire() as connection:
        return await read_settings(connection, workspace, channel)
