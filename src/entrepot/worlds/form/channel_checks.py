"""What keeps an account from working: said when a file is applied, and by `entrepot check` of what is stored.

An account is set up wrongly where nobody could want it so: a provider without its key, a currency that the door does
not know. Set-ups whose orders fail in a way that an order API documents are legal in a sandbox (an unknown source, no
payment method), and refused outside one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from entrepot.domain.channels.accounts import (
    CarrierSettings,
    ChannelSettings,
    ExternalApi,
    HubSettings,
    LabelSettings,
)
from entrepot.domain.kernel.currencies import currency_exists
from entrepot.domain.kernel.regions import country_exists
from entrepot.domain.kernel.urls import is_web_url
from entrepot.domain.placing.basket import EXTERNAL
from entrepot.doors.manifest import Manifest
from entrepot.registry import manifests

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]

NEEDED = "missing; {} needs it"
NO_ORDERS = "none of them works for the account, so it can place no order"
OUT = ("acknowledge_after", "ship_after", "deliver_after")
BACK = ("in_transit_after", "at_center_after", "received_after")
LONGEST_WAY = 366 * 86_400
SIMULATED = "simulated; outside a sandbox {}"


class Surroundings(msgspec.Struct, frozen=True):
    """What of a workspace its accounts lean on. `card_shop`: whether a webshop of the account is paid by card."""

    sandbox: bool
    sources: tuple[str, ...]
    tax_companies: frozenset[str]
    card_shop: bool = False


def account_faults(door: str, settings: ChannelSettings, around: Surroundings) -> Found:
    """Each fault of an account's settings, with the way to it from there."""
    manifest = manifests().get(door)
    if manifest is None:
        yield (), f"there is no door {door} in this release; it has {', '.join(manifests())}"
        return
    yield from _currencies(settings, manifest)
    yield from _stock(settings, manifest)
    yield from _methods(settings, manifest)
    yield from _listeners(settings, manifest)
    yield from _own(settings, manifest)
    yield from _providers(settings)
    if not around.sandbox:
        yield from _for_real(settings, manifest, around)


def account_warnings(door: str, settings: ChannelSettings, *, sandbox: bool) -> Found:
    """What an account may be, and yet is hardly meant to be: one that can read products and never place an order."""
    manifest = manifests().get(door)
    if sandbox or manifest is None or manifest.payment_methods is None:
        return
    if not any(_works(method, settings) for method in settings.payment_methods):
        yield ("payment_methods",), NO_ORDERS


def _currencies(settings: ChannelSettings, manifest: Manifest) -> Found:
    own = [(("currency",), settings.currency)]
    own += [(("shop", "currencies", place), code) for place, code in enumerate(settings.shop.currencies)]
    for steps, code in own:
        if not currency_exists(code):
            yield steps, "no currency of ISO 4217"
        elif manifest.currencies is not None and code not in manifest.currencies:
            yield steps, f"the door takes {_listed(manifest.currencies)} only"


def _stock(settings: ChannelSettings, manifest: Manifest) -> Found:
    if manifest.stock_modes is not None and settings.stock not in manifest.stock_modes:
        yield ("stock",), f"expected {_listed(manifest.stock_modes)}"


def _methods(settings: ChannelSettings, manifest: Manifest) -> Found:
    if manifest.payment_methods is not None:
        for place, method in enumerate(settings.payment_methods):
            if method not in manifest.payment_methods:
                yield ("payment_methods", place), f"expected one of {_listed(manifest.payment_methods)}"


def _listeners(settings: ChannelSettings, manifest: Manifest) -> Found:
    for name, listener in settings.listeners.items():
        steps = ("listeners", name)
        yield from _url(listener.url, (*steps, "url"))
        for member in ("secret", "events"):
            if not getattr(listener, member):
                yield (*steps, member), NEEDED.format("a listener")
        for place, event in enumerate(listener.events):
            if event not in manifest.events:
                expected = f"expected one of {_listed(manifest.events)}"
                yield (
                    (*steps, "events", place),
                    expected if manifest.events else "the door tells of no events",
                )


def _own(settings: ChannelSettings, manifest: Manifest) -> Found:
    """What is wrong with the door's own part, beyond its form."""
    if manifest.faults is not None:
        try:
            own = msgspec.convert(settings.door, manifest.settings)
        except msgspec.ValidationError as error:  # stored by a release whose door had another form
            yield ("door",), str(error)
        else:
            for steps, says in manifest.faults(own):
                yield ("door", *steps), says


def _providers(settings: ChannelSettings) -> Found:
    """What each provider must be told."""
    cards, taxes, addresses = settings.cards, settings.taxes, settings.addresses
    if cards.gateway == "stripe" and not cards.api_key:
        yield ("cards", "api_key"), NEEDED.format("stripe")
    if taxes.provider == "avatax":
        for member in ("account", "license_key"):
            if not getattr(taxes, member):
                yield ("taxes", member), NEEDED.format("avatax")
    if addresses.register == "http":
        yield from _url(addresses.url, ("addresses", "url"))
    yield from _hub(settings.hub)
    yield from _labels(settings.labels)
    yield from _carrier(settings.carrier)
    api = settings.external_payment.api if settings.external_payment else None
    if api is not None and _asks(api):
        yield from _url(api.url, ("external_payment", "api", "url"))
        if api.method not in ("GET", "POST"):
            yield ("external_payment", "api", "method"), "expected GET or POST"
    yield from _mail(settings)


def _hub(hub: HubSettings) -> Found:
    if hub.gateway == "http":
        yield from _url(hub.url, ("hub", "url"))
    if hub.gateway != "none" and not hub.client:
        yield ("hub", "client"), NEEDED.format(f"a hub ({hub.gateway})")


def _labels(labels: LabelSettings) -> Found:
    if labels.gateway == "http":
        yield from _url(labels.url, ("labels", "url"))
    if labels.return_to is not None and not country_exists(labels.return_to.country):
        yield ("labels", "return_to", "country"), "no country of ISO 3166-1"


def _carrier(carrier: CarrierSettings) -> Found:
    if carrier.gateway == "http":
        yield from _url(carrier.url, ("carrier", "url"))
        if not carrier.secret:
            yield ("carrier", "secret"), NEEDED.format("http")
    for names in (OUT, BACK):
        before = 0
        for name in names:
            after: int = getattr(carrier, name)
            if not before <= after <= LONGEST_WAY:
                expected = f"expected {before} to {LONGEST_WAY} seconds, no less than the step before"
                yield ("carrier", name), expected
            before = max(before, after)


def _mail(settings: ChannelSettings) -> Found:
    if settings.mail.gateway == "smtp":
        if not settings.mail.host:
            yield ("mail", "host"), NEEDED.format("smtp")
        if settings.mail.sender == type(settings.mail)().sender:
            yield ("mail", "sender"), NEEDED.format("smtp")


def _url(url: str, steps: Steps) -> Found:
    if not is_web_url(url):
        yield steps, "expected a URL with https:// or http://"


def _for_real(settings: ChannelSettings, manifest: Manifest, around: Surroundings) -> Found:
    """What only a sandbox may have: simulated partners, and accounts that refuse every order."""
    if manifest.sends_mail and settings.mail.gateway == "mailbox":
        yield ("mail",), SIMULATED.format('mails need gateway = "smtp", with host and sender')
    api = settings.external_payment.api if settings.external_payment else None
    if api is not None and not api.skip_validation and api.partner == "simulated":
        yield ("external_payment", "api", "partner"), SIMULATED.format("nobody can issue such tokens")
    if settings.hub.gateway == "simulated":
        yield ("hub", "gateway"), SIMULATED.format("no order is processed by it")
    if settings.labels.gateway == "simulated":
        yield ("labels", "gateway"), SIMULATED.format("no carrier takes its labels")
    if settings.carrier.gateway == "simulated":
        yield ("carrier", "gateway"), SIMULATED.format("it carries nothing")
    if around.card_shop and settings.cards.gateway == "bank":
        yield ("cards",), SIMULATED.format('a payment method with provider = "card" needs gateway = "stripe"')
    if manifest.payment_methods is not None:
        yield from _orders(settings, manifest.payment_methods, around)


def _orders(settings: ChannelSettings, known: Collection[str], around: Surroundings) -> Found:
    """Each payment method that was chosen works, and an account that can be paid by any can place orders."""
    working = [method for method in settings.payment_methods if _works(method, settings)]
    chosen = settings.payment_methods != ChannelSettings().payment_methods
    for place, method in enumerate(settings.payment_methods if chosen else ()):
        if method in known and method not in working:
            yield ("payment_methods", place), _missing(method)
    if not working:
        return
    if settings.source not in around.sources:
        yield ("source",), f"expected one of the workspace's order_sources: {_listed(around.sources)}"
    if settings.taxes.provider == "simulated" and settings.taxes.company not in around.tax_companies:
        yield ("taxes", "company"), "no company of the workspace's taxes.companies"


def _works(method: str, settings: ChannelSettings) -> bool:
    if method != EXTERNAL:
        return settings.cards.gateway == "stripe"
    external = settings.external_payment
    return external is not None and external.type == "api" and external.api is not None


def _missing(method: str) -> str:
    if method == EXTERNAL:
        return f"{method} needs external_payment.api"
    return f'{method} needs cards.gateway = "stripe"'


def _asks(api: ExternalApi) -> bool:
    return api.partner == "http" and not api.skip_validation


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
