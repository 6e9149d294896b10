"""Channels: a workspace's accounts at the doors, with the settings that rules look at."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, Literal

import msgspec

from entrepot.domain.kernel.records import Record, View

Environment = Literal["live", "test"]


class ExternalApi(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a partner is asked whether a payment token of its own is valid."""

    skip_validation: bool = False
    type: str = "apiKey"
    method: str = "POST"
    url: str = ""
    api_key: str = ""
    partner: Literal["http", "simulated"] = "http"
    allow_private: bool = False


class ExternalPayment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The account collects the money itself and is invoiced: the kind of proof, and its block of settings."""

    type: str = "api"
    api: ExternalApi | None = None


class CardSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which card gateway the account's payments go through."""

    gateway: Literal["bank", "stripe"] = "bank"
    api_key: str = ""
    api_base: str | None = None


class TaxSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which provider answers for taxes and duties, and as which company."""

    provider: Literal["simulated", "avatax"] = "simulated"
    company: str = "DEFAULT"
    account: str = ""
    license_key: str = ""
    base_url: str | None = None


class AddressSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which register knows where buyers live: a simulated one, or one that is asked over HTTP."""

    register: Literal["simulated", "http"] = "simulated"
    url: str = ""
    api_key: str = ""
    allow_private: bool = False


class HubSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which order hub must take an account's sales over before they count; `client` is the account's name there."""

    gateway: Literal["none", "simulated", "http"] = "none"
    client: str = ""
    url: str = ""
    api_key: str = ""
    allow_private: bool = False


class ReturnAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where parcels come back to; `country` is ISO 3166-1 alpha-2."""

    name: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    province: str = ""
    zip: str = ""
    country: str = ""


class LabelSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which service makes the labels of an account's returns, for which carrier, and where they send a parcel to."""

    gateway: Literal["none", "simulated", "http"] = "none"
    carrier: str = ""
    url: str = ""
    api_key: str = ""
    allow_private: bool = False
    return_to: ReturnAddress | None = None


class CarrierSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who carries an account's goods; without one, operators alone move its orders.

    What is told either way is signed with `secret`. The rest is for the simulated carrier: after how many seconds of
    business time it takes each step, counted from when the order was placed or the return opened, and whether the
    beginning of an order's or a return's name makes it take steps at once.
    """

    gateway: Literal["none", "simulated", "http"] = "none"
    url: str = ""
    secret: str = ""
    allow_private: bool = False
    acknowledge_after: int = 60
    ship_after: int = 180
    deliver_after: int = 300
    in_transit_after: int = 60
    at_center_after: int = 180
    received_after: int = 300
    prefixes: bool = False


class MailSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who carries the account's mails, and what stands in them.

    `mailbox` is the simulated mail server. Without a `port` the usual one of the kind of security is meant; an account
    at the server is optional. `name` is what mails call the shop, by default the account's name. Links lead to the
    shop's own pages; `{code}` in them stands for the code. Without a link the mail tells the code alone.
    """

    gateway: Literal["mailbox", "smtp"] = "mailbox"
    host: str = ""
    port: int | None = None
    security: Literal["starttls", "tls"] = "starttls"
    username: str = ""
    password: str = ""
    sender: str = "no-reply@localhost"
    name: str = ""
    signup_link: str = ""
    reset_link: str = ""


class ShopSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an account sells to buyers of its own, who have carts and sessions.

    `currencies` are those active beside the account's own. `vat` tells for a country which rate stands for a rate at
    home (both in millionths); without an entry the rate at home counts. With `exports_without_vat` a country that `vat`
    does not name levies none. Days begin and end by `time_zone` (IANA). `minimum_purchase` and `rounding` (the
    smallest step of a total) are amounts by currency, stored in minor units. Prices are stored with or without VAT.
    """

    currencies: tuple[str, ...] = ()
    language: str = "en"
    prices_include_vat: bool = True
    shows_prices_with_vat: bool = True
    vat_country: str = "SE"
    vat: dict[str, dict[int, int]] = msgspec.field(default_factory=dict[str, dict[int, int]])
    exports_without_vat: bool = False
    time_zone: str = "UTC"
    minimum_purchase: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    rounding: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    needs_delivery: bool = True


class ReturnSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether money goes back by itself when units that were returned are received, or by hand."""

    refund: Literal["manual", "automatic"] = "manual"


class ListenerSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is told of events of the account by HTTP: in the door's words of which, where, and the secret that signs."""

    events: tuple[str, ...] = ()
    url: str = ""
    secret: str = ""


StockMode = Literal["reserve", "backorder", "record"]
"""What orders do to stock: refuse what is short, owe what is missing, or take none since they were sold elsewhere."""


class ChannelSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an account may do and how its orders are treated; unknown to every rule is `door`, the door's own part.

    `sees`: whether the account is shown the workspace's other orders too. `log_bodies`: whether the integration log
    keeps the bodies of its requests and replies.
    """

    stock: StockMode = "reserve"
    sees: Literal["own", "workspace"] = "own"
    may_set_stock: bool = False
    may_edit_catalogue: bool = False
    log_bodies: bool = True
    currency: str = "USD"
    source: str = "api"
    payment_methods: tuple[str, ...] = ("credit card", "stripe", "external payment")
    external_payment: ExternalPayment | None = None
    cards: CardSettings = CardSettings()
    taxes: TaxSettings = TaxSettings()
    addresses: AddressSettings = AddressSettings()
    hub: HubSettings = HubSettings()
    labels: LabelSettings = LabelSettings()
    carrier: CarrierSettings = CarrierSettings()
    shop: ShopSettings = ShopSettings()
    mail: MailSettings = MailSettings()
    returns: ReturnSettings = ReturnSettings()
    listeners: dict[str, ListenerSettings] = msgspec.field(default_factory=dict[str, ListenerSettings])
    door: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Channel(Record, frozen=True):
    """An account at one door. `known_sources` and `known_integrations` are its workspace's.

    `real`: its workspace was not made in a sandbox, so nobody stands behind simulated vendors.
    """

    id: int
    door: str
    name: str
    settings: ChannelSettings
    known_sources: tuple[str, ...] = ()
    known_integrations: tuple[str, ...] = ()
    real: bool = False

    @property
    def key(self) -> Hashable:
        """The channel's id."""
        return self.id

    def lacks_cards(self, environment: str) -> bool:
        """Whether nobody could charge a card: the simulated bank is for sandboxes and test orders."""
        return self.real and self.settings.cards.gateway == "bank" and environment != "test"


GONE: Final = 0
"""No id: what stood for it was deleted."""


class Reference(Record, frozen=True):
    """A name given from outside that may be taken once: an external order id, a used payment token.

    `target` is the order that took it; while that order is only being placed or paid, `attempt` is by which attempt.
    A name that stays taken though its order was deleted stands for `GONE`.
    """

    channel: int
    environment: str
    kind: str
    value: str
    target: int
    attempt: int | None = None

    @property
    def key(self) -> Hashable:
        """Account, environment, kind and value."""
        return (self.channel, self.environment, self.kind, self.value)

    @property
    def parent(self) -> Hashable:
        """What the name stands for."""
        return self.target


KNOWN_SOURCES = ("api", "bonsai-ui", "feed")
KNOWN_INTEGRATIONS = ("manual", "shopify", "webhook")


class WorkspaceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What holds for all accounts of a workspace."""

    order_sources: tuple[str, ...] = KNOWN_SOURCES
    merchant_integrations: tuple[str, ...] = KNOWN_INTEGRATIONS


def channel_of(view: View, number: int) -> Channel:
    """The account. Raises `LookupError` where it was not loaded: the caller's fault, not the request's."""
    channel = view.get(Channel, number)
    if channel is None:
        raise LookupError(f"channel {number} was not loaded")
    return channel
